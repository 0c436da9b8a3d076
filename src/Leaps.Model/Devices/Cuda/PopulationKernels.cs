using Leaps.Model.Devices.Cuda.Driver;
using Leaps.Model.Sampling;

namespace Leaps.Model.Devices.Cuda;

/// <summary>What is done with a population between windows, where it lies on the GPU.</summary>
internal sealed class PopulationKernels : IDisposable
{
    private readonly CudaDevice _device;
    private readonly CudaStream _stream;
    private readonly CudaKernel _groupWeights, _gather;
    private DeviceBuffer<int>? _starts;
    private DeviceBuffer<double>? _results;
    private PinnedBuffer<int>? _stagedStarts;
    private PinnedBuffer<double>? _stagedResults;

    public PopulationKernels(CudaDevice device, CudaStream stream)
    {
        _device = device;
        _stream = stream;
        _groupWeights = device.Kernel("populations", "group_weights");
        _gather = device.Kernel("populations", "gather");
    }

    /// <summary>The weight of every group; waits for it.</summary>
    /// <param name="logWeights">(walkers), in GPU memory</param>
    /// <param name="sizes">(groups)</param>
    /// <exception cref="LeapsException">A log-weight is NaN or +∞.</exception>
    public GroupWeight[] GroupWeights(nint logWeights, ReadOnlySpan<int> sizes)
    {
        int groups = sizes.Length;
        DeviceBuffer<int>.Grow(ref _starts, _device, groups + 1);
        DeviceBuffer<double>.Grow(ref _results, _device, 3 * groups);
        PinnedBuffer<int>.Grow(ref _stagedStarts, _device, groups + 1);
        PinnedBuffer<double>.Grow(ref _stagedResults, _device, 3 * groups);
        int first = 0;
        for (int g = 0; g < groups; first += sizes[g++])
            _stagedStarts!.Span[g] = first;
        _stagedStarts!.Span[groups] = first;
        _stream.Upload(_starts!, _stagedStarts, groups + 1);
        _groupWeights.Launch(_stream,
            new GroupArguments { LogWeights = logWeights, Starts = _starts, Results = _results }, groups, 256,
            sharedBytes: 256 * sizeof(double));
        _stream.Download(_stagedResults!, _results!, 3 * groups);
        _stream.Wait();
        var weights = new GroupWeight[groups];
        for (int g = 0; g < groups; g++)
        {
            var of = _stagedResults!.Span.Slice(3 * g, 3);
            if (double.IsNaN(of[0]))
                throw new LeapsException(
                    $"A log-weight of group {g} is not a number below infinity: the run can't go on. Check "
                    + "the couplings and the network's parameters.");
            weights[g] = new GroupWeight(sizes[g], of[0], of[1], of[2]);
        }
        return weights;
    }

    /// <summary>Every slot takes over its ancestor; log-weights become 0.</summary>
    public void Gather(in GatherArguments arguments) =>
        _gather.Launch(_stream, arguments, CudaNetwork.Blocks(32L * arguments.Walkers, 256), 256);

    public void Dispose()
    {
        foreach (IDisposable? buffer in new IDisposable?[]
            { _starts, _results, _stagedStarts, _stagedResults })
            buffer?.Dispose();
    }
}
