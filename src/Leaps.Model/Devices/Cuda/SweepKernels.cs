using Leaps.Model.Devices.Cuda.Driver;
using Leaps.Model.Sampling;
using Leaps.Model.Sampling.Mcmc;
using Leaps.Model.Targets;

namespace Leaps.Model.Devices.Cuda;

/// <summary>The single-site MCMC kernels on a GPU: bit for bit what the CPU does.</summary>
internal sealed class SweepKernels : IDisposable
{
    private const int MostThreads = 128;

    private readonly CudaDevice _device;
    private readonly Target _target;
    private readonly int _kind, _moves;
    private readonly CudaKernel _kernel;
    private readonly HeatBathTable? _heatBath;
    private readonly MetropolisUpdate? _metropolis;
    private readonly DeviceBuffer<ulong> _thresholds;
    private readonly PinnedBuffer<ulong> _staged;
    private readonly DeviceBuffer<int> _order;
    private readonly PinnedBuffer<int> _stagedOrder;
    private bool _orderIsThere;

    private SweepKernels(CudaDevice device, Target target, McmcOptions options, int kind)
    {
        _device = device;
        _target = target;
        _kind = kind;
        _moves = options.Moves == 0 ? target.Sites : options.Moves;
        _kernel = device.Kernel("sweeps", "sweeps");
        bool heatBath = options.Kernel is McmcKernelKind.HeatBath or McmcKernelKind.HeatBathSweep;
        _heatBath = heatBath ? new HeatBathTable(target) : null;
        _metropolis = heatBath ? null : new MetropolisUpdate(target);
        int thresholds = _heatBath?.Thresholds.Length ?? MetropolisUpdate.Thresholds;
        _thresholds = new DeviceBuffer<ulong>(device, thresholds);
        _staged = new PinnedBuffer<ulong>(device, thresholds);
        _order = new DeviceBuffer<int>(device, target.Sites);
        _stagedOrder = new PinnedBuffer<int>(device, target.Sites);
    }

    /// <summary>
    /// Null for what the CPU has to do: cluster updates, heat bath of more than eight values.
    /// </summary>
    public static SweepKernels? Create(CudaDevice device, Target target, McmcOptions options)
    {
        int kind = options.Kernel switch
        {
            McmcKernelKind.Metropolis => 0,
            McmcKernelKind.HeatBath => 1,
            McmcKernelKind.MetropolisSweep => 2,
            McmcKernelKind.HeatBathSweep => 3,
            _ => -1,
        };
        bool heatBath = kind is 1 or 3;
        return kind < 0 || (heatBath && !new HeatBathTable(target).Tabulated)
            ? null
            : new SweepKernels(device, target, options, kind);
    }

    /// <summary>The tables of a time.</summary>
    public void Prepare(CudaStream stream, double time)
    {
        if (!_orderIsThere)
        {
            new ColourClasses(_target.Lattice).Sites.CopyTo(_stagedOrder.Span);
            stream.Upload(_order, _stagedOrder, _target.Sites);
            _orderIsThere = true;
        }
        if (_heatBath is not null)
        {
            _heatBath.Prepare(time);
            _heatBath.Thresholds.CopyTo(_staged.Span);
        }
        else
        {
            _metropolis!.Prepare(time);
            _metropolis.CopyThresholds(_staged.Span);
        }
        stream.Upload(_thresholds, _staged, _staged.Length);
        stream.Wait();
    }

    public void Launch(CudaStream stream, nint states, int walkers, AnnealerOptions options, long firstSlot,
        int window, double probability)
    {
        // States of a block in shared memory, if that leaves a warp of walkers.
        int threads = Math.Min(MostThreads, _device.SharedMemoryBytes / _target.Sites / 32 * 32);
        bool shared = threads >= 32;
        threads = shared ? threads : MostThreads;
        _kernel.Launch(stream, new SweepArguments
        {
            Target = PopulationBuffers.Arguments(_target),
            States = states,
            Thresholds = _thresholds,
            Order = _order,
            Seed = options.Seed,
            Probability = probability,
            FirstSlot = checked((uint)firstSlot),
            Window = (uint)window,
            Walkers = walkers,
            Kind = _kind,
            Sweeps = options.Mcmc.Sweeps,
            Moves = _moves,
            Shared = shared ? 1 : 0,
        }, CudaNetwork.Blocks(walkers, threads), threads, sharedBytes: shared ? threads * _target.Sites : 0);
    }

    public void Dispose()
    {
        _thresholds.Dispose();
        _staged.Dispose();
        _order.Dispose();
        _stagedOrder.Dispose();
    }
}
