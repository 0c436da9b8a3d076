using Leaps.Model.Devices;
using Leaps.Model.Networks;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Model.Training;

/// <summary>
/// The loss of Algorithm 2 and its gradient:
/// L(θ, φ) = mean | K^θ_t(X) + ∂_t F^φ_t |², which bounds the variance of the log-weights.
/// </summary>
/// <remarks>
/// A batch is cut into a fixed number of slices, each summed by itself and then added in order: the gradient
/// does not depend on the number of threads. Several devices of one kind share the slices, and the gradient
/// does not depend on their number either.
/// </remarks>
public sealed class ResidualLoss : IDisposable
{
    private const int MaxSlices = 16;

    // Pairs whose activations are held between the two passes: 16 up to L = 64, then fewer.
    private const int MostPairsAtOnce = 16, SitesAtOnce = MostPairsAtOnce * 64 * 64;

    private readonly Target _target;
    private readonly LeapsModel _model;
    private readonly ParallelOptions _parallel;
    private readonly Slice[] _slices;
    private readonly Mlp _freeEnergy;
    private readonly double[] _residuals;
    private readonly int _batch;

    public ResidualLoss(Target target, LeapsModel model, RateNetwork network, int batch, int threads)
        : this(target, model, [network], batch, threads)
    {
    }

    /// <param name="target">what the network is to sample</param>
    /// <param name="model">whose residuals</param>
    /// <param name="networks">
    /// the model's network on each device, parameters loaded; each gets an equal run of slices
    /// </param>
    /// <param name="batch">pairs of every batch</param>
    /// <param name="threads">0: as many as the machine has; at least one a device is used</param>
    public ResidualLoss(Target target, LeapsModel model, IReadOnlyList<RateNetwork> networks, int batch,
        int threads)
    {
        ArgumentOutOfRangeException.ThrowIfZero(networks.Count);
        _target = target;
        _model = model;
        _batch = batch;
        _parallel = new ParallelOptions
        {
            MaxDegreeOfParallelism = Math.Max(
                networks.Count, threads > 0 ? threads : Environment.ProcessorCount),
        };
        _freeEnergy = new Mlp(model.Layout, FreeEnergyNetwork.Prefix, model.FreeEnergy.Widths);
        _residuals = new double[batch];
        int size = Math.Max(1, (batch + MaxSlices - 1) / MaxSlices);
        int slices = (batch + size - 1) / size;
        _slices = [.. Enumerable.Range(0, slices)
            .Select(s => new Slice(s * size, Math.Min(size, batch - s * size), target, model,
                networks[s * networks.Count / slices].CreateEvaluator()))];
    }

    public void Dispose()
    {
        foreach (var slice in _slices)
            slice.Dispose();
    }

    /// <summary>The loss of a batch at the parameters last loaded into the network.</summary>
    /// <param name="batch">as many pairs as the constructor was given</param>
    /// <param name="gradient">flat vector of the model's layout; overwritten</param>
    public double Evaluate(TrainingBatch batch, Span<double> gradient)
    {
        if (batch.Count != _batch)
            throw new ArgumentException("The batch doesn't have the size it was made for.");
        double[] slope = FreeEnergySlopes(batch.Times);
        Parallel.For(0, _slices.Length, _parallel,
            s => _slices[s].Run(batch, slope, _residuals, 2.0 / _batch));
        gradient.Clear();
        foreach (var slice in _slices)
        {
            for (int i = 0; i < slice.Gradient.Length; i++)
                gradient[i] += slice.Gradient[i];
        }
        AddFreeEnergyGradient(batch.Times, gradient);
        double loss = 0;
        foreach (double residual in _residuals)
            loss += residual * residual;
        return loss / _batch;
    }

    // ∂_t F for each pair; equal neighbours share one evaluation.
    private double[] FreeEnergySlopes(ReadOnlySpan<double> times)
    {
        var slopes = new double[times.Length];
        Span<double> value = stackalloc double[1], slope = stackalloc double[1];
        for (int b = 0; b < times.Length; b++)
        {
            if (b == 0 || times[b] != times[b - 1])
                _freeEnergy.Forward(_model.Parameters.Values, times[b], value, slope);
            slopes[b] = slope[0];
        }
        return slopes;
    }

    private void AddFreeEnergyGradient(ReadOnlySpan<double> times, Span<double> gradient)
    {
        Span<double> value = stackalloc double[1], slope = stackalloc double[1];
        Span<double> none = stackalloc double[1], sum = stackalloc double[1];
        for (int b = 0; b < times.Length;)
        {
            double t = times[b];
            sum[0] = 0;
            for (; b < times.Length && times[b] == t; b++)
                sum[0] += 2.0 / _batch * _residuals[b];
            _freeEnergy.Forward(_model.Parameters.Values, t, value, slope);
            _freeEnergy.Backward(_model.Parameters.Values, none, sum, gradient);
        }
    }

    // A fixed share of every batch, with the scratch that it needs.
    private sealed class Slice(int first, int count, Target target, LeapsModel model, RateEvaluator evaluator)
        : IDisposable
    {
        private readonly int _pairsAtOnce = PairsAtOnce(target);
        private readonly float[] _outputs = new float[PairsAtOnce(target) * target.Outputs];
        private readonly float[] _outputGradient = new float[PairsAtOnce(target) * target.Outputs];
        private readonly byte[] _levels = new byte[target.Outputs];
        private readonly double[] _factors = new double[target.Levels];

        public double[] Gradient { get; } = new double[model.Network.Layout.Count];

        public void Dispose() => evaluator.Dispose();

        public void Run(TrainingBatch batch, double[] freeEnergySlopes, double[] residuals, double scale)
        {
            Array.Clear(Gradient);
            for (int from = first; from < first + count; from += _pairsAtOnce)
            {
                int pairs = Math.Min(_pairsAtOnce, first + count - from);
                RunPart(batch, from, pairs, freeEnergySlopes, residuals, scale);
            }
        }

        private static int PairsAtOnce(Target target) =>
            Math.Clamp(SitesAtOnce / target.Sites, 1, MostPairsAtOnce);

        private void RunPart(TrainingBatch batch, int from, int pairs, double[] freeEnergySlopes,
            double[] residuals, double scale)
        {
            int sites = target.Sites, outputs = target.Outputs;
            var states = batch.States.AsSpan(from * sites, pairs * sites);
            evaluator.Forward(states, batch.Times.AsSpan(from, pairs), _outputs.AsSpan(0, pairs * outputs));
            for (int k = 0; k < pairs; k++)
            {
                var state = states.Slice(k * sites, sites);
                double t = batch.Times[from + k];
                ReadOnlySpan<float> output = _outputs.AsSpan(k * outputs, outputs);
                target.LocalLevels(state, _levels);
                RateMatrix.BoltzmannFactors(target, t, _factors);
                var rates = RateMatrix.Totals(output, _levels, _factors);
                double growth = RateMatrix.LogWeightRate(target.EnergyTimeDerivative(state, t), rates);
                double residual = growth + freeEnergySlopes[from + k];
                residuals[from + k] = residual;
                RateMatrix.LogWeightRateGradient(output, _levels, _factors, scale * residual,
                    _outputGradient.AsSpan(k * outputs, outputs));
            }
            evaluator.Backward(_outputGradient.AsSpan(0, pairs * outputs), Gradient);
        }
    }
}
