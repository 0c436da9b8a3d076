using Leaps.Model.Devices.Cuda.Driver;
using Leaps.Model.Networks;

namespace Leaps.Model.Devices.Cuda;

/// <summary>
/// Runs a <see cref="CudaNetwork"/> for one thread, through host memory. A batch that does not fit into what
/// is free on the GPU goes there in parts.
/// </summary>
internal sealed partial class CudaEvaluator : RateEvaluator
{
    // What a forward pass leaves behind was overwritten by another call.
    private const int Forgotten = -1;

    private readonly CudaNetwork _network;
    private readonly CudaDevice _device;
    private readonly CudaStream _stream;
    private readonly NetworkPasses _passes;
    private readonly int _sites, _outputs;
    private readonly PinnedBuffer<double> _stagedTime;
    private readonly PinnedBuffer<float> _stagedScale;
    private DeviceBuffer<byte>? _states;
    private DeviceBuffer<float>? _results;
    private PinnedBuffer<byte>? _stagedStates;
    private PinnedBuffer<float>? _stagedResults;
    private int _capacity;                          // walkers of _states and _results
    private double _time = double.NaN;              // whose τ lie on the GPU
    private int _version = -1;                      // of the parameters that they belong to
    private double _followedTime;

    public CudaEvaluator(CudaNetwork network) : base(network.Architecture)
    {
        _network = network;
        _device = network.Device;
        _stream = new CudaStream(_device);
        _passes = new NetworkPasses(network, _stream);
        _training = new TrainingBuffers(network);
        _sites = Architecture.Lattice.Sites;
        _outputs = Architecture.Outputs;
        _stagedTime = new PinnedBuffer<double>(_device, 1);
        _stagedScale = new PinnedBuffer<float>(_device, 1);
    }

    public override void Evaluate(ReadOnlySpan<byte> states, int walkers, double time, Span<float> output)
    {
        CheckSizes(states, walkers, output);
        _walkers = Forgotten;
        PrepareTime(time);
        ReserveEvaluation(walkers);
        for (int first = 0; first < walkers; first += _capacity)
        {
            int count = Math.Min(_capacity, walkers - first);
            states.Slice(first * _sites, count * _sites).CopyTo(_stagedStates!.Span);
            RunStaged(count);
            _stagedResults!.Span[..(count * _outputs)].CopyTo(output[(first * _outputs)..]);
        }
    }

    public override void Follow(ReadOnlySpan<byte> states, int walkers, double time, Span<float> output)
    {
        _followedTime = time;
        Evaluate(states, walkers, time, output);
    }

    /// <remarks>The walkers that jumped are evaluated anew, together.</remarks>
    public override void FollowJumps(
        ReadOnlySpan<byte> states, ReadOnlySpan<SiteJump> jumps, Span<float> output)
    {
        _walkers = Forgotten;
        PrepareTime(_followedTime);
        ReserveEvaluation(jumps.Length);
        for (int first = 0; first < jumps.Length; first += _capacity)
        {
            int count = Math.Min(_capacity, jumps.Length - first);
            for (int k = 0; k < count; k++)
                states.Slice(jumps[first + k].Place * _sites, _sites)
                    .CopyTo(_stagedStates!.Span[(k * _sites)..]);
            RunStaged(count);
            for (int k = 0; k < count; k++)
                _stagedResults!.Span.Slice(k * _outputs, _outputs)
                    .CopyTo(output[(jumps[first + k].Place * _outputs)..]);
        }
    }

    public override void Dispose()
    {
        foreach (IDisposable? part in new IDisposable?[]
            { _stagedTime, _stagedScale, _states, _results, _stagedStates, _stagedResults, _passes, _training,
                _gradient, _stagedGradient, _stagedGradientOfOutputs, _stagedRuns, _stagedStarts,
                _stagedTimes, _stagedScales, _stream })
            part?.Dispose();
        base.Dispose();
    }

    private void RunStaged(int walkers)
    {
        _stream.Upload(_states!, _stagedStates!, (long)walkers * _sites);
        _passes.Forward(walkers, _states, _results);
        _stream.Download(_stagedResults!, _results!, (long)walkers * _outputs);
        _stream.Wait();
    }

    // τ of one time, unless they are there already.
    private void PrepareTime(double time)
    {
        _device.Use();
        if (time == _time && _version == _network.Version) return;
        _passes.ReserveTimes(1);
        _stagedTime.Span[0] = time;
        _stagedScale.Span[0] = (float)(1 + time);
        _stream.Upload(_passes.Times, _stagedTime, 1);
        _stream.Upload(_passes.Scale, _stagedScale, 1);
        _passes.EvaluateTimes(1);
        _stream.Wait();
        _time = time;
        _version = _network.Version;
    }

    private void ReserveEvaluation(int walkers)
    {
        if (walkers <= _capacity || walkers == 0) return;
        long bytes = _sites + 4L * _outputs;
        int fitting = MemoryBudget.Walkers(
            walkers, _sites, 0, bytes, _device.Memory.Free + _capacity * bytes, _device.Description);
        if (fitting <= _capacity) return;
        _capacity = 0;
        DeviceBuffer<byte>.Grow(ref _states, _device, (long)fitting * _sites);
        DeviceBuffer<float>.Grow(ref _results, _device, (long)fitting * _outputs);
        PinnedBuffer<byte>.Grow(ref _stagedStates, _device, (long)fitting * _sites);
        PinnedBuffer<float>.Grow(ref _stagedResults, _device, (long)fitting * _outputs);
        _capacity = fitting;
    }

    private void CheckSizes(ReadOnlySpan<byte> states, int walkers, Span<float> output)
    {
        if (states.Length != walkers * _sites || output.Length != walkers * _outputs)
            throw new ArgumentException(
                $"States of {states.Length} and outputs of {output.Length} entries don't fit "
                + $"{walkers} walkers.");
    }
}
