using Leaps.Model.Devices.Cuda.Driver;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Model.Devices.Cuda;

/// <summary>A population's GPU memory while it goes through a window, and the way there and back.</summary>
internal sealed unsafe class PopulationBuffers : IDisposable
{
    private readonly CudaDevice _device;
    private readonly Target _target;
    private readonly DeviceBuffer<int> _counts, _failed;
    private readonly DeviceBuffer<ulong> _totals;
    private readonly PinnedBuffer<int> _stagedCounts, _stagedFailed;
    private readonly PinnedBuffer<ulong> _stagedTotals;
    private readonly DeviceBuffer<int>?[] _lists = [null, null];
    private DeviceBuffer<byte>? _states;
    private DeviceBuffer<float>? _outputs;
    private DeviceBuffer<double>? _logWeights, _remaining;
    private DeviceBuffer<ulong>? _positions;
    private PinnedBuffer<byte>? _stagedStates;
    private PinnedBuffer<double>? _stagedLogWeights;

    public PopulationBuffers(CudaDevice device, Target target)
    {
        _device = device;
        _target = target;
        _counts = new DeviceBuffer<int>(device, 2);
        _failed = new DeviceBuffer<int>(device, 1);
        _totals = new DeviceBuffer<ulong>(device, 2);
        _stagedCounts = new PinnedBuffer<int>(device, 2);
        _stagedFailed = new PinnedBuffer<int>(device, 1);
        _stagedTotals = new PinnedBuffer<ulong>(device, 2);
        Couplings = new DeviceBuffer<EffectiveCouplings>(device, 3);
    }

    /// <summary>(walkers, sites) and (walkers, outputs per site, sites)</summary>
    public nint States => _states;
    public nint Outputs => _outputs;

    /// <summary>At a window's start, midpoint and end.</summary>
    public DeviceBuffer<EffectiveCouplings> Couplings { get; }
    public nint LogWeights => _logWeights;
    public nint Remaining => _remaining;
    public nint Positions => _positions;
    public nint Totals => _totals;
    public nint FailedAddress => _failed;

    /// <summary>Of the part last downloaded: its first walker whose rates are not finite.</summary>
    public int Failed => _stagedFailed.Span[0];

    /// <summary>Of the part last downloaded.</summary>
    public IntegrationCost Cost => new((long)_stagedTotals.Span[0], (long)_stagedTotals.Span[1]);

    /// <summary>Walkers that there is room for.</summary>
    public int Capacity { get; private set; }

    /// <summary>One of the two lists of walkers inside a window, and its length.</summary>
    public nint List(int which) => _lists[which];
    public nint ListCount(int which) => _counts.Address + which * sizeof(int);

    public static TargetArguments Arguments(Target target) => new()
    {
        Rows = target.Lattice.Rows,
        Columns = target.Lattice.Columns,
        Sites = target.Sites,
        States = target.States,
        Potts = target is PottsTarget ? 1 : 0,
    };

    /// <summary>Room for these walkers, or for as many as fit.</summary>
    public void Reserve(int walkers)
    {
        if (walkers <= Capacity) return;
        long bytes = _target.Sites + 4L * _target.Outputs + 32;
        int fitting = MemoryBudget.Walkers(walkers, _target.Sites, 0, bytes,
            _device.Memory.Free + Capacity * bytes, _device.Description);
        if (fitting <= Capacity) return;
        Capacity = 0;
        DeviceBuffer<byte>.Grow(ref _states, _device, (long)fitting * _target.Sites);
        DeviceBuffer<float>.Grow(ref _outputs, _device, (long)fitting * _target.Outputs);
        DeviceBuffer<double>.Grow(ref _logWeights, _device, fitting);
        DeviceBuffer<double>.Grow(ref _remaining, _device, fitting);
        DeviceBuffer<ulong>.Grow(ref _positions, _device, fitting);
        DeviceBuffer<int>.Grow(ref _lists[0], _device, fitting);
        DeviceBuffer<int>.Grow(ref _lists[1], _device, fitting);
        PinnedBuffer<byte>.Grow(ref _stagedStates, _device, (long)fitting * _target.Sites);
        PinnedBuffer<double>.Grow(ref _stagedLogWeights, _device, fitting);
        Capacity = fitting;
    }

    public void Upload(CudaStream stream, Walkers walkers, int first, int count)
    {
        int sites = _target.Sites;
        walkers.States.AsSpan(first * sites, count * sites).CopyTo(_stagedStates!.Span);
        walkers.LogWeights.AsSpan(first, count).CopyTo(_stagedLogWeights!.Span);
        _stagedFailed.Span[0] = int.MaxValue;
        stream.Upload(_states!, _stagedStates!, (long)count * sites);
        stream.Upload(_logWeights!, _stagedLogWeights!, count);
        stream.Upload(_failed, _stagedFailed, 1);
        stream.Clear(_totals);
    }

    /// <summary>Back into the walkers, once all work is done.</summary>
    public void Download(CudaStream stream, Walkers walkers, int first, int count)
    {
        int sites = _target.Sites;
        stream.Download(_stagedStates!, _states!, (long)count * sites);
        stream.Download(_stagedLogWeights!, _logWeights!, count);
        stream.Download(_stagedFailed, _failed, 1);
        stream.Download(_stagedTotals, _totals, 2);
        stream.Wait();
        _stagedStates!.Span[..(count * sites)].CopyTo(walkers.States.AsSpan(first * sites));
        _stagedLogWeights!.Span[..count].CopyTo(walkers.LogWeights.AsSpan(first));
    }

    /// <summary>Waits, and says how many walkers the first list holds.</summary>
    public int CountInside(CudaStream stream)
    {
        stream.Download(_stagedCounts, _counts, 2);
        stream.Wait();
        return _stagedCounts.Span[0];
    }

    public void Dispose()
    {
        Capacity = 0;
        foreach (IDisposable? buffer in new IDisposable?[]
            { _counts, _failed, _totals, _stagedCounts, _stagedFailed, _stagedTotals, Couplings, _lists[0],
                _lists[1], _states, _outputs, _logWeights, _remaining, _positions, _stagedStates,
                _stagedLogWeights })
            buffer?.Dispose();
    }
}
