using Leaps.Actors;
using Leaps.Model.Devices;
using Leaps.Model.Sampling;

namespace Leaps.Simulation.Tests.Checkers;

/// <summary>One replica by Algorithm 1 in one piece: what every run must give, bit for bit.</summary>
internal sealed class Truth
{
    /// <param name="task">what is sampled</param>
    /// <param name="network">its rates</param>
    /// <param name="replica">number of the replica</param>
    /// <param name="threshold">resampling threshold by index of the window</param>
    public Truth(SamplingTask task, RateNetwork? network, int replica, Func<int, double> threshold)
    {
        var annealers = new Dictionary<double, Annealer>();
        AnnealingState? state = null;
        while (state is null || state.Window < task.Windows)
        {
            double wanted = threshold(state?.Window ?? 0);
            if (!annealers.TryGetValue(wanted, out var annealer))
            {
                var options = task.OptionsOf(replica) with { ResamplingThreshold = wanted };
                annealer = new Annealer(task.Target, network, options, task.Times);
                annealers.Add(wanted, annealer);
            }
            state ??= annealer.Start(task.FirstSlotOfReplica(replica));
            Windows.Add(annealer.Advance(state));
            Moments.Add(GroupMomentOf(state.Walkers));
            Resamplings.Add(state.Resamplings);
        }
        LogNormalizerRatio = state.LogNormalizerRatio;
    }

    public List<WindowSummary> Windows { get; } = [];

    /// <summary>The walkers after each window, resampled where it ended so.</summary>
    public List<Walkers> Moments { get; } = [];

    /// <summary>Up to the end of each window.</summary>
    public List<int> Resamplings { get; } = [];
    public double LogNormalizerRatio { get; }

    private static Walkers GroupMomentOf(Walkers walkers)
    {
        var copy = new Walkers(walkers.Count, walkers.Sites, walkers.FirstSlot);
        walkers.States.CopyTo(copy.States, 0);
        walkers.LogWeights.CopyTo(copy.LogWeights, 0);
        walkers.Families.CopyTo(copy.Families, 0);
        return copy;
    }
}
