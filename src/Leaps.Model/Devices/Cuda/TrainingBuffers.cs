using Leaps.Model.Devices.Cuda.Driver;
using Leaps.Model.Networks;

namespace Leaps.Model.Devices.Cuda;

/// <summary>GPU memory of a forward and backward pass over a batch; shapes as in the kernels.</summary>
internal sealed class TrainingBuffers : IDisposable
{
    private readonly CudaDevice _device;
    private readonly LocallyEquivariantConv _net;
    private readonly TapTables _taps;
    private readonly int _keptSize;
    private DeviceBuffer<byte>? _states;
    private DeviceBuffer<int>? _runs, _runStarts;
    private DeviceBuffer<float>? _outputs, _outputGradient, _activations, _hidden, _gradients, _projected;
    private DeviceBuffer<float>? _partial, _embeddingPartial;
    private DeviceBuffer<double>? _deltas, _tauGradient;

    public TrainingBuffers(CudaNetwork network)
    {
        _device = network.Device;
        _net = network.Architecture;
        _taps = network.Taps;
        _keptSize = network.TimeNetworks.KeptSize;
    }

    public DeviceBuffer<byte> States => _states!;
    public DeviceBuffer<int> Runs => _runs!;
    public DeviceBuffer<int> RunStarts => _runStarts!;
    public DeviceBuffer<float> Outputs => _outputs!;
    public DeviceBuffer<float> OutputGradient => _outputGradient!;
    public nint Activations => _activations;
    public nint Hidden => _hidden;
    public nint Gradients => _gradients;
    public nint Projected => _projected;
    public nint Partial => _partial;
    public nint EmbeddingPartial => _embeddingPartial;
    public nint Deltas => _deltas;
    public nint TauGradient => _tauGradient;

    /// <summary>Walkers that there is room for.</summary>
    public int Capacity { get; private set; }

    /// <summary>Bytes of a walker, its time being one of its own.</summary>
    public long BytesOfWalker => _net.Lattice.Sites + 8 + 8L * _net.Outputs
        + 4L * _net.Lattice.Sites
            * ((3L * _net.Layers + 2) * _taps.PaddedChannels + (long)_net.Layers * _taps.Values)
        + 8L * _net.Layers * _keptSize + 12L * _taps.LayerTaps;

    /// <summary>Bytes whatever the batch.</summary>
    public long FixedBytes => 4 * (PartialFloats + EmbeddingFloats);

    /// <summary>Bytes held at present.</summary>
    public long HeldBytes => Capacity == 0 ? 0 : FixedBytes + Capacity * BytesOfWalker;

    private int LargestLayer =>
        Enumerable.Range(0, _net.Layers).Max(l => _taps.FirstTap[l + 1] - _taps.FirstTap[l]);
    private long EmbeddingFloats =>
        _net.IsPotts ? (long)_taps.Splits * LargestLayer * _taps.Values * _taps.PaddedChannels : 1;
    private long PartialFloats => Math.Max(
        (long)_taps.Splits * LargestLayer * _taps.RecordFloats,
        (long)_taps.Splits * _taps.PaddedChannels
            * Math.Max(_net.OutputsPerSite, (long)_taps.FirstTaps * _taps.Values));

    /// <exception cref="LeapsException">The memory is not free.</exception>
    public void Reserve(int walkers)
    {
        if (walkers <= Capacity) return;
        Capacity = 0;
        long columns = (long)walkers * _net.Lattice.Sites, level = columns * _taps.PaddedChannels;
        DeviceBuffer<byte>.Grow(ref _states, _device, columns);
        DeviceBuffer<int>.Grow(ref _runs, _device, walkers);
        DeviceBuffer<int>.Grow(ref _runStarts, _device, walkers + 1);
        DeviceBuffer<float>.Grow(ref _outputs, _device, (long)walkers * _net.Outputs);
        DeviceBuffer<float>.Grow(ref _outputGradient, _device, (long)walkers * _net.Outputs);
        DeviceBuffer<float>.Grow(ref _activations, _device, (_net.Layers + 1) * level);
        DeviceBuffer<float>.Grow(ref _hidden, _device, _net.Layers * level);
        DeviceBuffer<float>.Grow(ref _gradients, _device, (_net.Layers + 1) * level);
        DeviceBuffer<float>.Grow(ref _projected, _device, _net.Layers * columns * _taps.Values);
        // The τ sums of walkers share the memory of the partial sums.
        DeviceBuffer<float>.Grow(
            ref _partial, _device, Math.Max(PartialFloats, (long)walkers * _taps.LayerTaps));
        DeviceBuffer<float>.Grow(ref _embeddingPartial, _device, EmbeddingFloats);
        DeviceBuffer<double>.Grow(ref _deltas, _device, (long)walkers * _net.Layers * _keptSize);
        DeviceBuffer<double>.Grow(ref _tauGradient, _device, (long)walkers * _taps.LayerTaps);
        Capacity = walkers;
    }

    public void Dispose()
    {
        Capacity = 0;
        foreach (IDisposable? buffer in new IDisposable?[]
            { _states, _runs, _runStarts, _outputs, _outputGradient, _activations, _hidden, _gradients,
                _projected, _partial, _embeddingPartial, _deltas, _tauGradient })
            buffer?.Dispose();
    }
}
