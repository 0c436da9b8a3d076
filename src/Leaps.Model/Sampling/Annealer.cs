using Leaps.Model.Devices;
using Leaps.Model.Random;
using Leaps.Model.Targets;

namespace Leaps.Model.Sampling;

/// <summary>
/// Algorithm 1 of "LEAPS" (Holderrieth, Albergo, Jaakkola, ICML 2025): walkers follow the learned chain from
/// ρ_0 to ρ_1, carry weights for what it gets wrong, and are resampled when the weights degenerate.
/// </summary>
/// <remarks>
/// Callable a window at a time. log Z is never lost: a resampling moves log mean e^a into
/// <see cref="AnnealingState.LogNormalizerRatio"/>. The last window's end does not resample, since weighted
/// estimates there are better than resampled ones.
/// </remarks>
public sealed class Annealer : IDisposable
{
    private readonly AnnealerOptions _options;
    private readonly int[] _groupSizes;
    private readonly PopulationMover _mover;

    /// <param name="target">what is sampled</param>
    /// <param name="network">the learned rates; null anneals by MCMC and weights alone</param>
    /// <param name="options">how</param>
    /// <param name="times">the grid; null: the uniform or exp_2 grid of the options</param>
    /// <param name="cancellation">of the choice of an adaptive grid</param>
    /// <exception cref="LeapsException">
    /// An option is out of range, or the network does not fit the target.
    /// </exception>
    public Annealer(Target target, RateNetwork? network, AnnealerOptions options, double[]? times = null,
        CancellationToken cancellation = default)
    {
        options.Validate();
        network?.Architecture.CheckFits(target);
        _options = options;
        _groupSizes = WalkerGroups.Sizes(options.Walkers, options.Groups);
        Target = target;
        Times = times ?? options.Grid switch
        {
            TimeGridKind.Exp2 => TimeGrid.Exp2(options.Windows),
            TimeGridKind.Uniform => TimeGrid.Uniform(options.Windows),
            _ => AdaptiveGrid.Choose(target, network, options, cancellation),
        };
        TimeGrid.Validate(Times);
        _mover = new PopulationMover(target, network, options);
    }

    public Target Target { get; }
    public double[] Times { get; }
    public int Windows => Times.Length - 1;

    public void Dispose() => _mover.Dispose();

    /// <summary>X ~ ρ_0, log-weights 0.</summary>
    public AnnealingState Start(long firstSlot = 0) =>
        new(Walkers.Uniform(Target, _options.Walkers, _options.Seed, firstSlot));

    /// <summary>One step n of Algorithm 1.</summary>
    /// <exception cref="OperationCanceledException">
    /// Cancelled inside the window: some walkers moved, others not. Discard the state.
    /// </exception>
    public WindowSummary Advance(AnnealingState state, CancellationToken cancellation = default)
    {
        int n = state.Window++;
        var window = new TimeWindow(n, Times[n], Times[n + 1]);
        var walkers = state.Walkers;

        _mover.ApplyMcmc(walkers, window, cancellation);            // X ← M_t(X)
        var cost = _mover.Integrate(walkers, window, cancellation); // a += …,  X ← CTMC step
        state.Cost += cost;

        var groups = GroupStatistics.OfEach(walkers, _groupSizes);
        var weight = PopulationWeight.Of(groups);
        bool resample = weight.RelativeEss < _options.ResamplingThreshold && state.Window < Windows;
        var summary = WindowSummary.Of(
            window, Target, state.LogNormalizerRatio, groups, MultinomialCount(state), resample, cost);
        if (resample)
        {
            state.LogNormalizerRatio += weight.LogMeanExp;          // log Z += log mean e^a
            state.Resamplings++;
            var stream = new RandomStream(_options.Seed, RandomPurpose.Resampling, step: n);
            walkers.TakeAncestors(Resampling.AncestorsInGroups(
                _options.Resampling, walkers.LogWeights, _groupSizes, ref stream));
        }
        return summary;
    }

    /// <summary>All windows from the start; <paramref name="onWindow"/> sees each as it ends.</summary>
    public AnnealingState Run(Action<WindowSummary>? onWindow = null,
        CancellationToken cancellation = default)
    {
        var state = Start();
        while (state.Window < Windows)
        {
            cancellation.ThrowIfCancellationRequested();
            var summary = Advance(state, cancellation);
            onWindow?.Invoke(summary);
        }
        return state;
    }

    private int MultinomialCount(AnnealingState state) =>
        _options.Resampling == ResamplingScheme.Multinomial ? state.Resamplings : 0;
}
