using Leaps.Model.Devices;
using Leaps.Model.Random;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Model.Training;

/// <summary>
/// Makes rollouts by the reference's recipe: Euler steps with the network, Metropolis moves between steps, on
/// the curriculum's random grid. A rollout follows from the seed, its place in the schedule and the
/// parameters alone, so that it can be made anywhere and at any time.
/// </summary>
public sealed class RolloutMaker
{
    private readonly Target _target;
    private readonly TrainingOptions _options;
    private readonly HorizonCurriculum _horizon;

    /// <exception cref="LeapsException">An option is out of range.</exception>
    public RolloutMaker(Target target, TrainingOptions options)
    {
        options.Validate();
        _target = target;
        _options = options;
        _horizon = new HorizonCurriculum(options.HorizonUpdates, options.HorizonStep);
    }

    /// <param name="entry">which rollout</param>
    /// <param name="network">holds the parameters that <paramref name="entry"/> asks for</param>
    /// <param name="parametersSha256">of that version, to be remembered in the rollout</param>
    /// <param name="cancellation">between steps</param>
    /// <exception cref="LeapsException">A rate or weight is not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; nothing has changed.</exception>
    public Rollout Make(ScheduledRollout entry, RateNetwork network, string parametersSha256,
        CancellationToken cancellation = default)
    {
        ulong seed = RandomStream.DeriveSeed(_options.Seed, RandomPurpose.TrainingRollout, entry.DueUpdate);
        using var mover = new PopulationMover(_target, network, new AnnealerOptions
        {
            Walkers = _options.RolloutWalkers,
            Integrator = IntegratorKind.Euler,
            Seed = seed,
            Threads = _options.Threads,
            Mcmc = new McmcOptions
            {
                Kernel = _options.RolloutMoves > 0 ? McmcKernelKind.Metropolis : McmcKernelKind.None,
                Moves = _options.RolloutMoves,
            },
        });
        double[] times = _horizon.Times(entry.DueUpdate, seed);
        var walkers = Walkers.Uniform(_target, _options.RolloutWalkers, seed);
        var slices = new PackedStates[times.Length];
        var logWeights = new double[times.Length][];
        for (int n = 0; ; n++)
        {
            slices[n] = PackedStates.Pack(walkers.States, walkers.Count, _target.Sites, _target.States);
            logWeights[n] = [.. walkers.LogWeights];
            if (n + 1 == times.Length)
                return new Rollout(entry, parametersSha256, times, slices, logWeights);
            var window = new TimeWindow(n, times[n], times[n + 1]);
            mover.ApplyMcmc(walkers, window, cancellation);
            mover.Integrate(walkers, window, cancellation);
        }
    }
}
