using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Leaps.Model.Devices.Cuda.Driver;
using Leaps.Model.Networks;
using Leaps.Model.Targets;
using Leaps.Model.Training;

namespace Leaps.Model.Devices.Cuda;

/// <summary>
/// An update of training that stays on one GPU: loss, gradient and Adam for both networks. What crosses the
/// bus is the batch on the way there, and the residuals, the gradient's norm and the new parameters on the
/// way back.
/// </summary>
/// <remarks>
/// The loss is that of <see cref="ResidualLoss"/>, the step that of <see cref="Adam"/> on the same gradient,
/// up to how sums round. Not for several threads at once.
/// </remarks>
public sealed class CudaTrainingStep : ITrainingStep
{
    private const double Beta1 = 0.9, Beta2 = 0.999, Epsilon = 1e-8;

    private readonly CudaNetwork _network;
    private readonly Target _target;
    private readonly LeapsModel _model;
    private readonly CudaStream _stream;
    private readonly NetworkPasses _passes;
    private readonly TrainingBuffers _buffers;
    private readonly FreeEnergyPasses _freeEnergy;
    private readonly CudaKernel _residuals, _norm, _adam;
    private readonly DeviceBuffer<float> _parameters;
    private readonly DeviceBuffer<double> _gradient, _first, _second, _normValue;
    private readonly PinnedBuffer<float> _stagedParameters;
    private readonly PinnedBuffer<double> _stagedNorm, _stagedGradient;     // the latter: moments too
    private readonly StagedBatch _staged;
    private readonly double _clip;
    private int _steps;

    /// <param name="network">the model's network; it holds the new parameters after every step</param>
    /// <param name="target">what the network is to sample</param>
    /// <param name="model">whose parameters the training begins with</param>
    /// <param name="batch">pairs of every batch</param>
    /// <param name="gradientClip">longest gradient; 0: any</param>
    /// <exception cref="LeapsException">
    /// The GPU failed, its memory does not hold one pair, or the embedding is under max-norm.
    /// </exception>
    public CudaTrainingStep(
        CudaNetwork network, Target target, LeapsModel model, int batch, double gradientClip = 0)
    {
        if (model.Network.EmbeddingMaxNorm)
            throw new LeapsException(
                "Updates on a GPU don't renormalise embeddings: train without the reference's max-norm, or "
                + "use --device cpu.");
        _network = network;
        _target = target;
        _model = model;
        _clip = gradientClip;
        var device = network.Device;
        device.Use();
        int count = model.Layout.Count;
        _stream = new CudaStream(device);
        _passes = new NetworkPasses(network, _stream);
        _buffers = new TrainingBuffers(network);
        _parameters = new DeviceBuffer<float>(device, count);
        _gradient = new DeviceBuffer<double>(device, count);
        _first = new DeviceBuffer<double>(device, count);
        _second = new DeviceBuffer<double>(device, count);
        _normValue = new DeviceBuffer<double>(device, 1);
        _stagedParameters = new PinnedBuffer<float>(device, count);
        _stagedGradient = new PinnedBuffer<double>(device, count);
        _stagedNorm = new PinnedBuffer<double>(device, 1);
        _residuals = network.Kernel("residuals", "residuals");
        _norm = network.Kernel("adam", "norm");
        _adam = network.Kernel("adam", "adam");
        _freeEnergy = new FreeEnergyPasses(network, model, _stream);
        long bytes = _buffers.BytesOfWalker + _passes.BytesOfTime + _freeEnergy.BytesOfTime + 64;
        int part = MemoryBudget.Walkers(batch, target.Sites, _buffers.FixedBytes, bytes, device.Memory.Free,
            device.Description);
        _buffers.Reserve(part);
        _passes.ReserveTimes(part);
        _freeEnergy.Reserve(part);
        _staged = new StagedBatch(device, target, part);
        _stream.Clear(_first);
        _stream.Clear(_second);
        _freeEnergy.Parameters = _parameters;
        LoadParameters();
    }

    /// <summary>
    /// Bytes of memory that the step's buffers take, without those of the network itself.
    /// </summary>
    public long DeviceBytes => _buffers.HeldBytes + 4L * _parameters.Length + 24L * _gradient.Length
        + (_passes.BytesOfTime + _freeEnergy.BytesOfTime + 64) * _buffers.Capacity;

    /// <inheritdoc/>
    public (double Loss, double GradientNorm) Step(TrainingBatch batch, double learningRate)
    {
        double loss = QueueGradient(batch);
        _steps++;
        double correction1 = 1 - Math.Pow(Beta1, _steps), correction2 = 1 - Math.Pow(Beta2, _steps);
        int count = _model.Layout.Count;
        _norm.Launch(_stream, new NormArguments { Gradient = _gradient, Norm = _normValue, Count = count },
            1, 1024, sharedBytes: 1024 * sizeof(double));
        _adam.Launch(_stream, new AdamArguments
        {
            Gradient = _gradient,
            Values = _parameters,
            FirstMoment = _first,
            SecondMoment = _second,
            Norm = _normValue,
            Limit = _clip,
            Rate = learningRate / correction1,
            Root = 1 / Math.Sqrt(correction2),
            OneMinusBeta1 = 1 - Beta1,
            OneMinusBeta2 = 1 - Beta2,
            Epsilon = Epsilon,
            Count = count,
        }, CudaNetwork.Blocks(count, 256), 256);
        GiveParametersToNetwork();
        _stream.Download(_stagedNorm, _normValue, 1);
        CopyTo(_model.Parameters);
        return (loss, _stagedNorm.Span[0]);
    }

    /// <summary>The loss of a batch and its gradient, without a step.</summary>
    /// <param name="batch">as many pairs as the constructor was given, or fewer</param>
    /// <param name="gradient">flat vector of the model's layout; overwritten</param>
    public double Evaluate(TrainingBatch batch, Span<double> gradient)
    {
        double loss = QueueGradient(batch);
        _stream.Download(_stagedGradient, _gradient, _gradient.Length);
        _stream.Wait();
        _stagedGradient.Span.CopyTo(gradient);
        return loss;
    }

    /// <summary>The present parameters.</summary>
    public void CopyTo(ParameterSet parameters)
    {
        _network.Device.Use();
        _stream.Download(_stagedParameters, _parameters, _parameters.Length);
        _stream.Wait();
        for (int i = 0; i < parameters.Values.Length; i++)
            parameters.Values[i] = _stagedParameters.Span[i];
    }

    public void LoadParameters()
    {
        _network.Device.Use();
        for (int i = 0; i < _model.Layout.Count; i++)
            _stagedParameters.Span[i] = (float)_model.Parameters.Values[i];
        _stream.Upload(_parameters, _stagedParameters, _parameters.Length);
        GiveParametersToNetwork();
        _stream.Wait();
    }

    public AdamState Save() => new(_steps, Moment(_first), Moment(_second));

    public void Restore(AdamState state)
    {
        _steps = state.Steps;
        SetMoment(_first, state.FirstMoment);
        SetMoment(_second, state.SecondMoment);
    }

    public void Dispose()
    {
        foreach (IDisposable part in new IDisposable[]
            { _passes, _buffers, _freeEnergy, _staged, _parameters, _gradient, _first, _second, _normValue,
                _stagedParameters, _stagedGradient, _stagedNorm, _stream })
            part.Dispose();
    }

    // The gradient of the whole batch into _gradient, part by part; waits for each part's residuals.
    private double QueueGradient(TrainingBatch batch)
    {
        _network.Device.Use();
        _stream.Clear(_gradient);
        double squares = 0;
        for (int first = 0; first < batch.Count; first += _buffers.Capacity)
        {
            int pairs = Math.Min(_buffers.Capacity, batch.Count - first);
            int runs = _staged.Upload(_stream, _passes, _buffers, batch, first, pairs);
            _passes.EvaluateTimes(runs);
            _freeEnergy.Forward(_passes.Times, runs);
            _passes.Forward(pairs, _buffers.States, _buffers.Outputs, runs: _buffers.Runs,
                activations: _buffers.Activations);
            _residuals.Launch(_stream, new ResidualArguments
            {
                Target = PopulationBuffers.Arguments(_target),
                States = _buffers.States,
                Runs = _buffers.Runs,
                Couplings = _staged.Couplings,
                Outputs = _buffers.Outputs,
                Slopes = _freeEnergy.Slopes,
                Residuals = _staged.Residuals,
                SlopeGradient = _staged.SlopeGradient,
                OutputGradient = _buffers.OutputGradient,
                Scale = 2.0 / batch.Count,
                Walkers = pairs,
            }, CudaNetwork.Blocks(pairs, 64), 64);
            _passes.Backward(_buffers, pairs, runs, _gradient);
            _freeEnergy.Backward(_parameters, _buffers.RunStarts, _staged.SlopeGradient, runs, _gradient);
            foreach (double residual in _staged.DownloadResiduals(_stream, pairs))
                squares += residual * residual;
        }
        return squares / batch.Count;
    }

    private ImmutableArray<double> Moment(DeviceBuffer<double> moment)
    {
        _network.Device.Use();
        _stream.Download(_stagedGradient, moment, moment.Length);
        _stream.Wait();
        return ImmutableCollectionsMarshal.AsImmutableArray(_stagedGradient.Span.ToArray());
    }

    private void SetMoment(DeviceBuffer<double> moment, ImmutableArray<double> values)
    {
        _network.Device.Use();
        values.CopyTo(_stagedGradient.Span);
        _stream.Upload(moment, _stagedGradient, moment.Length);
        _stream.Wait();
    }

    private void GiveParametersToNetwork()
    {
        _stream.Copy(_network.Parameters, _parameters, sizeof(float) * _network.Parameters.Length);
        _network.Pack(_stream, _network.Parameters);
    }
}
