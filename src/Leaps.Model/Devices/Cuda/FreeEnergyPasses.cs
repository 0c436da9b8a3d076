using Leaps.Model.Devices.Cuda.Driver;
using Leaps.Model.Networks;

namespace Leaps.Model.Devices.Cuda;

/// <summary>∂_t F of the times of a batch on a GPU, and the gradient through it.</summary>
internal sealed class FreeEnergyPasses : IDisposable
{
    private readonly CudaDevice _device;
    private readonly CudaStream _stream;
    private readonly MlpTable _table;
    private readonly DeviceBuffer<MlpEntry> _entries;
    private readonly CudaKernel _forward, _deltas, _gradient, _runSums;
    private DeviceBuffer<double>? _kept, _deltaValues, _slopes, _values, _sums;
    private nint _times;

    public FreeEnergyPasses(CudaNetwork network, LeapsModel model, CudaStream stream)
    {
        _device = network.Device;
        _stream = stream;
        _table = MlpTable.OfFreeEnergy(model);
        _entries = new DeviceBuffer<MlpEntry>(_device, 1);
        using var staged = new PinnedBuffer<MlpEntry>(_device, 1);
        staged.Span[0] = _table.Entries[0];
        stream.Upload(_entries, staged, 1);
        stream.Wait();
        _forward = network.Kernel("mlp", "mlp_forward");
        _deltas = network.Kernel("mlp", "mlp_deltas");
        _gradient = network.Kernel("mlp", "mlp_gradient");
        _runSums = network.Kernel("residuals", "run_sums");
    }

    /// <summary>Flat parameters of the model in GPU memory.</summary>
    public nint Parameters { get; set; }

    /// <summary>∂_t F, (times)</summary>
    public nint Slopes => _slopes;

    public long BytesOfTime => 16L * _table.KeptSize + 24;

    public void Reserve(int times)
    {
        DeviceBuffer<double>.Grow(ref _kept, _device, (long)times * _table.KeptSize);
        DeviceBuffer<double>.Grow(ref _deltaValues, _device, (long)times * _table.KeptSize);
        DeviceBuffer<double>.Grow(ref _slopes, _device, times);
        DeviceBuffer<double>.Grow(ref _values, _device, times);
        DeviceBuffer<double>.Grow(ref _sums, _device, times);
    }

    public void Forward(nint times, int count)
    {
        _times = times;
        _forward.Launch(_stream, Arguments(count), count, 128);
    }

    /// <summary>Adds the gradient, given that of every pair's slope.</summary>
    /// <param name="parameters">as in the forward pass</param>
    /// <param name="runStarts">(times + 1): first pair of each time</param>
    /// <param name="slopeGradient">(pairs)</param>
    /// <param name="count">times</param>
    /// <param name="gradient">flat vector of the model's layout</param>
    public void Backward(nint parameters, nint runStarts, nint slopeGradient, int count, nint gradient)
    {
        _runSums.Launch(_stream,
            new RunSumArguments
            {
                RunStarts = runStarts,
                Values = slopeGradient,
                Sums = _sums,
                Times = count,
            },
            CudaNetwork.Blocks(count, 64), 64);
        var arguments = Arguments(count) with
        {
            Parameters = parameters,
            Deltas = _deltaValues,
            SlopeGradient = _sums,
            Gradient = gradient,
        };
        _deltas.Launch(_stream, arguments, count, 128);
        _gradient.Launch(_stream, arguments, CudaNetwork.Blocks(_table.LargestLayer, 128), 128);
    }

    public void Dispose()
    {
        foreach (IDisposable? buffer in new IDisposable?[]
            { _entries, _kept, _deltaValues, _slopes, _values, _sums })
            buffer?.Dispose();
    }

    private MlpArguments Arguments(int count) => new()
    {
        Networks = _entries,
        Parameters = Parameters,
        Times = _times,
        Kept = _kept,
        Value = _values,
        Slope = _slopes,
        TimesCount = count,
        NetworkCount = 1,
        KeptSize = _table.KeptSize,
        OutputStride = 1,
    };
}
