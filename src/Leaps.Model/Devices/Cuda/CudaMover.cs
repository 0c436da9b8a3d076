using Leaps.Model.Devices.Cuda.Driver;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Model.Devices.Cuda;

/// <summary>
/// Moves populations through windows on one GPU. The states go there at a window's begin and come back at its
/// end; the loop over jumps stays there: the host only asks, now and then, how many walkers are still inside.
/// </summary>
/// <remarks>
/// Given the same outputs of the network it takes the steps of <see cref="ExactIntegrator"/>,
/// <see cref="EulerIntegrator"/> and the single-site kernels, with the same random numbers.
/// </remarks>
public sealed class CudaMover : IWindowMover
{
    private const int WalkersOfBlock = 64;

    // Rounds between two looks at the number of walkers inside; even, since two lists take turns.
    private const int Rounds = 8;

    // As the exact integrator's: more jumps in a window than this come from rates that have diverged.
    private const int MaxJumps = 1000, MaxJumpsPerSite = 200;

    private readonly Target _target;
    private readonly AnnealerOptions _options;
    private readonly CudaStream _stream;
    private readonly NetworkPasses _passes;
    private readonly PopulationBuffers _buffers;
    private readonly SweepKernels? _sweeps;
    private readonly CudaKernel _begin, _jump, _end, _euler;
    private readonly Lock _turn = new();
    private readonly PinnedBuffer<double> _stagedTime;
    private readonly PinnedBuffer<float> _stagedScale;
    private readonly PinnedBuffer<EffectiveCouplings> _stagedCouplings;
    private CudaGraph? _graph;              // of Rounds rounds
    private int _graphWalkers, _graphCapacity;
    private JumpArguments _graphArguments;

    internal CudaMover(CudaNetwork network, Target target, AnnealerOptions options)
    {
        _target = target;
        _options = options;
        Device = network.Device;
        _stream = new CudaStream(Device);
        _passes = new NetworkPasses(network, _stream);
        _passes.ReserveTimes(1);
        _buffers = new PopulationBuffers(Device, target);
        _sweeps = SweepKernels.Create(Device, target, options.Mcmc);
        _begin = Device.Kernel("jumps", "exact_begin");
        _jump = Device.Kernel("jumps", "exact_jump");
        _end = Device.Kernel("jumps", "exact_end");
        _euler = Device.Kernel("jumps", "euler_step");
        _stagedTime = new PinnedBuffer<double>(Device, 1);
        _stagedScale = new PinnedBuffer<float>(Device, 1);
        _stagedCouplings = new PinnedBuffer<EffectiveCouplings>(Device, 3);
    }

    public CudaDevice Device { get; }

    public bool TryApplyMcmc(Walkers walkers, TimeWindow window, CancellationToken cancellation)
    {
        if (_sweeps is null) return false;
        lock (_turn)
        {
            Device.Use();
            double rate = _options.Mcmc.Rate, probability = rate > 0 ? window.Length * rate : 1;
            _sweeps.Prepare(_stream, window.Start);
            ForEachPart(walkers, (first, count) =>
            {
                _buffers.Upload(_stream, walkers, first, count);
                _sweeps.Launch(_stream, _buffers.States, count, _options, walkers.FirstSlot + first,
                    window.Index, probability);
                _buffers.Download(_stream, walkers, first, count);
            }, cancellation);
        }
        return true;
    }

    public IntegrationCost Integrate(Walkers walkers, TimeWindow window, CancellationToken cancellation)
    {
        lock (_turn)
        {
            Device.Use();
            bool exact = _options.Integrator == IntegratorKind.Exact;
            PrepareTime(window, exact ? window.Midpoint : window.Start);
            var cost = default(IntegrationCost);
            ForEachPart(walkers, (first, count) =>
            {
                _buffers.Upload(_stream, walkers, first, count);
                if (exact)
                    RunExact(walkers.FirstSlot + first, count, window, cancellation);
                else
                    RunEuler(walkers.FirstSlot + first, count, window);
                _buffers.Download(_stream, walkers, first, count);
                int failed = _buffers.Failed;
                if (failed < count)
                    throw NotFinite(walkers.FirstSlot + first + failed, window);
                cost += _buffers.Cost;
            }, cancellation);
            return cost;
        }
    }

    public void Dispose()
    {
        foreach (IDisposable? part in new IDisposable?[]
            { _graph, _passes, _buffers, _sweeps, _stagedTime, _stagedScale, _stagedCouplings, _stream })
            part?.Dispose();
    }

    // As many walkers at a time as the GPU holds.
    private void ForEachPart(Walkers walkers, Action<int, int> work, CancellationToken cancellation)
    {
        _buffers.Reserve(walkers.Count);
        for (int first = 0; first < walkers.Count; first += _buffers.Capacity)
        {
            cancellation.ThrowIfCancellationRequested();
            work(first, Math.Min(_buffers.Capacity, walkers.Count - first));
        }
    }

    private void PrepareTime(TimeWindow window, double time)
    {
        _stagedTime.Span[0] = time;
        _stagedScale.Span[0] = (float)(1 + time);
        _stagedCouplings.Span[0] = _target.Schedule.At(window.Start);
        _stagedCouplings.Span[1] = _target.Schedule.At(window.Midpoint);
        _stagedCouplings.Span[2] = _target.Schedule.At(window.End);
        _stream.Upload(_passes.Times, _stagedTime, 1);
        _stream.Upload(_passes.Scale, _stagedScale, 1);
        _stream.Upload(_buffers.Couplings, _stagedCouplings, 3);
        _passes.EvaluateTimes(1);
        _stream.Wait();
    }

    private void RunExact(long firstSlot, int count, TimeWindow window, CancellationToken cancellation)
    {
        var arguments = Arguments(firstSlot, count, window);
        _begin.Launch(_stream, arguments with
        {
            Next = _buffers.List(0),
            NextCount = _buffers.ListCount(0),
        }, Blocks(count), WalkersOfBlock);
        int inside = count, mostRounds = MaxJumps + MaxJumpsPerSite * _target.Sites;
        for (int round = 0; inside > 0; round += Rounds)
        {
            cancellation.ThrowIfCancellationRequested();
            if (round > mostRounds)
                throw new LeapsException(FormattableString.Invariant(
                    $"Window {window.Index} (t = {window.Start:G4} to {window.End:G4}): some of the walkers ")
                    + FormattableString.Invariant($"from {firstSlot} on jumped {round} times. The run can't ")
                    + "go on: check the couplings, or train with a smaller learning rate.");
            LaunchRounds(arguments, inside);
            inside = _buffers.CountInside(_stream);
        }
        _end.Launch(_stream, arguments, Blocks(count), WalkersOfBlock);
    }

    // The number of blocks is fixed by how many walkers were inside when the host last looked: those of a
    // list that has become shorter find nothing to do. A small population is bound by the launches
    // themselves, so its rounds go as one graph; its arguments change with the window, hence a graph for
    // each.
    private void LaunchRounds(JumpArguments arguments, int inside)
    {
        const int small = 4096;
        if (inside > small)
        {
            QueueRounds(arguments, inside);
            return;
        }
        if (_graph is null || _graphWalkers < inside || _graphCapacity != _buffers.Capacity
            || !_graphArguments.Equals(arguments))
        {
            _graph?.Dispose();
            _graph = _stream.Record(() => QueueRounds(arguments, inside));
            (_graphWalkers, _graphCapacity, _graphArguments) = (inside, _buffers.Capacity, arguments);
        }
        _graph.Launch(_stream);
    }

    private void QueueRounds(JumpArguments arguments, int inside)
    {
        for (int round = 0; round < Rounds; round++)
        {
            int here = round % 2, next = 1 - here;
            _passes.Forward(inside, _buffers.States, _buffers.Outputs, _buffers.List(here),
                _buffers.ListCount(here));
            _stream.Clear(_buffers.ListCount(next), sizeof(int));
            _jump.Launch(_stream, arguments with
            {
                Inside = _buffers.List(here),
                InsideCount = _buffers.ListCount(here),
                Next = _buffers.List(next),
                NextCount = _buffers.ListCount(next),
            }, Blocks(inside), WalkersOfBlock);
        }
    }

    private void RunEuler(long firstSlot, int count, TimeWindow window)
    {
        _passes.Forward(count, _buffers.States, _buffers.Outputs);
        _euler.Launch(_stream, Arguments(firstSlot, count, window), Blocks(count), WalkersOfBlock);
    }

    private JumpArguments Arguments(long firstSlot, int count, TimeWindow window) => new()
    {
        Target = PopulationBuffers.Arguments(_target),
        States = _buffers.States,
        Outputs = _buffers.Outputs,
        Couplings = _buffers.Couplings,
        LogWeights = _buffers.LogWeights,
        Remaining = _buffers.Remaining,
        Positions = _buffers.Positions,
        Totals = _buffers.Totals,
        Failed = _buffers.FailedAddress,
        Seed = _options.Seed,
        Length = window.Length,
        FirstSlot = checked((uint)firstSlot),
        Window = (uint)window.Index,
        Walkers = count,
    };

    private static long Blocks(int walkers) => CudaNetwork.Blocks(walkers, WalkersOfBlock);

    private static LeapsException NotFinite(long slot, TimeWindow window) => new(
        FormattableString.Invariant(
            $"Walker {slot}, window {window.Index} (t = {window.Start:G4} to {window.End:G4}): ")
        + "the network's rates on the GPU are not finite. The run can't go on: check the couplings, or train "
        + "with a smaller learning rate.");
}
