using System.Collections.Concurrent;
using Leaps.Model.Devices;
using Leaps.Model.Random;
using Leaps.Model.Sampling.Mcmc;
using Leaps.Model.Targets;

namespace Leaps.Model.Sampling;

/// <summary>
/// Moves a population through a window, block by block on as many threads as allowed. A walker's numbers come
/// from its slot and the window alone: no result depends on threads or blocks.
/// </summary>
public sealed class PopulationMover : IDisposable
{
    private readonly Target _target;
    private readonly RateNetwork? _network;
    private readonly AnnealerOptions _options;
    private readonly int _threads;
    private readonly TaskScheduler? _scheduler;
    private readonly ConcurrentBag<Worker> _workers = [];
    private readonly IWindowMover? _device;

    /// <param name="target">what is sampled</param>
    /// <param name="network">the learned rates, or null</param>
    /// <param name="options">seed, integrator, MCMC and threads</param>
    /// <param name="scheduler">whose threads do the work; null: the thread pool's</param>
    /// <exception cref="LeapsException">An option is one that no kernel can serve.</exception>
    public PopulationMover(
        Target target, RateNetwork? network, AnnealerOptions options, TaskScheduler? scheduler = null)
    {
        _scheduler = scheduler;
        _target = target;
        _options = options;
        _threads = options.Threads > 0 ? options.Threads : Environment.ProcessorCount;
        _device = network?.CreateMover(target, options);
        // Where the device integrates, the threads only sweep, and need no evaluator.
        _network = _device is null ? network : null;
        try
        {
            // Made here so that options that no kernel can serve are refused before any work.
            _workers.Add(new Worker(target, _network, options));
        }
        catch
        {
            _device?.Dispose();
            throw;
        }
    }

    /// <summary>No thread may be at work.</summary>
    public void Dispose()
    {
        _device?.Dispose();
        while (_workers.TryTake(out var worker))
            worker.Dispose();
    }

    /// <summary>
    /// The sweeps before a window, at its start; each leaves ρ_t invariant. At t = 0 there is nothing to do.
    /// </summary>
    /// <exception cref="OperationCanceledException">
    /// Some walkers moved: the population is of no use.
    /// </exception>
    public void ApplyMcmc(Walkers walkers, TimeWindow window, CancellationToken cancellation = default)
    {
        if (_options.Mcmc.Kernel == McmcKernelKind.None || _options.Mcmc.Sweeps == 0
            || window.Start == 0) return;
        if (_device?.TryApplyMcmc(walkers, window, cancellation) == true) return;
        ForEachBlock(walkers, (worker, first, count) =>
        {
            worker.Sweep(walkers, first, count, window, cancellation);
            return default;
        }, cancellation);
    }

    /// <exception cref="OperationCanceledException">
    /// Some walkers moved: the population is of no use.
    /// </exception>
    public IntegrationCost Integrate(
        Walkers walkers, TimeWindow window, CancellationToken cancellation = default) =>
        _device?.Integrate(walkers, window, cancellation) ?? ForEachBlock(walkers,
            (worker, first, count) => worker.Integrator.Advance(walkers, first, count, window), cancellation);

    private IntegrationCost ForEachBlock(
        Walkers walkers, Func<Worker, int, int, IntegrationCost> work, CancellationToken cancellation)
    {
        var parallel = new ParallelOptions
        {
            MaxDegreeOfParallelism = _threads,
            CancellationToken = cancellation,
            TaskScheduler = _scheduler,
        };
        int size = Integrator.BlockSize(_target), blocks = (walkers.Count + size - 1) / size;
        long evaluations = 0, jumps = 0;
        try
        {
            Parallel.For(0, blocks, parallel,
                () => _workers.TryTake(out var worker) ? worker : new Worker(_target, _network, _options),
                (block, _, worker) =>
                {
                    var cost = work(worker, block * size, Math.Min(size, walkers.Count - block * size));
                    Interlocked.Add(ref evaluations, cost.Evaluations);
                    Interlocked.Add(ref jumps, cost.Jumps);
                    return worker;
                },
                _workers.Add);
        }
        catch (AggregateException failure) when (
            failure.InnerExceptions.OfType<LeapsException>().FirstOrDefault() is { } cause)
        {
            throw new LeapsException(cause.Message, failure);
        }
        return new IntegrationCost(evaluations, jumps);
    }

    // What one thread needs.
    private sealed class Worker : IDisposable
    {
        private readonly AnnealerOptions _options;
        private readonly McmcKernel? _kernel;
        private readonly RateEvaluator? _evaluator;

        public Worker(Target target, RateNetwork? network, AnnealerOptions options)
        {
            _options = options;
            _kernel = McmcKernel.Create(options.Mcmc, target);
            _evaluator = network?.CreateEvaluator();
            Integrator = Integrator.Create(options.Integrator, target, _evaluator, options.Seed);
        }

        public Integrator Integrator { get; }

        public void Dispose() => _evaluator?.Dispose();

        public void Sweep(Walkers walkers, int first, int count, TimeWindow window,
            CancellationToken cancellation)
        {
            _kernel!.Prepare(window.Start);
            double probability = _options.Mcmc.Rate > 0 ? window.Length * _options.Mcmc.Rate : 1;
            for (int m = first; m < first + count; m++)
            {
                var stream =
                    new RandomStream(_options.Seed, RandomPurpose.Mcmc, walkers.FirstSlot + m, window.Index);
                if (probability < 1 && stream.NextDouble() >= probability) continue;
                for (int sweep = 0; sweep < _options.Mcmc.Sweeps; sweep++)
                {
                    cancellation.ThrowIfCancellationRequested();
                    _kernel.Sweep(walkers.State(m), ref stream);
                }
            }
        }
    }
}
