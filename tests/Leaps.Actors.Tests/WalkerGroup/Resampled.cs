using Leaps.Actors.Coordinator;
using Leaps.Actors.Protocol;
using Leaps.Actors.Tests.Coordinator;
using Leaps.Model.Sampling;
using ResamplingPlan = Leaps.Actors.Protocol.ResamplingPlan;

namespace Leaps.Actors.Tests.WalkerGroup;

/// <summary>
/// The groups of a replica that have moved through the first windows, with the plans by which a coordinator
/// resamples them at the end of one of these.
/// </summary>
internal sealed class Resampled
{
    private Resampled(SamplingTask task, GroupUnderTest[] groups)
    {
        Task = task;
        Groups = groups;
    }

    public SamplingTask Task { get; }
    public GroupUnderTest[] Groups { get; }
    public ResamplingPlan[] Plans { get; private set; } = [];
    public Rewind[] Rewinds { get; private set; } = [];

    /// <summary>(walkers), of one process that has all of them, at the window's end.</summary>
    public Walkers Before { get; private set; } = null!;

    /// <summary>The same, resampled.</summary>
    public Walkers After { get; private set; } = null!;

    /// <param name="window">that ends in a resampling</param>
    /// <param name="moved">windows that the groups are through</param>
    /// <param name="scheme">of resampling</param>
    /// <param name="groups">of the replica</param>
    public static Resampled At(int window, int moved,
        ResamplingScheme scheme = ResamplingScheme.Systematic, int groups = 2)
    {
        // The weights of the walkers are real; the threshold makes a window before pass, and this one not.
        var task = SampleTasks.Small(groups: groups, runAhead: 6, threshold: 1, scheme: scheme);
        var result = new Resampled(
            task, [.. Enumerable.Range(0, groups).Select(group => new GroupUnderTest(task, group))]);
        var coordinator = new CoordinatorUnderTest(task);
        coordinator.Live();
        for (int n = 1; n < window; n++)
            coordinator.Tell(n, coordinator.Weights(0));
        foreach (var group in result.Groups)
        {
            group.Place();
            group.Limit(version: 1, settled: 0, limit: moved);
        }
        var told = result.Groups.SelectMany(group => group.MoveAll().Sent<GroupSummary>()).ToArray();
        var effects = coordinator.TakeAll(told.Where(summary => summary.Window == window));
        result.Rewinds = [.. effects.Sent<Rewind>()];
        result.Before = result.Population(window);
        var shares = CoordinatorStateTests.Shares(coordinator, effects, result.Before.LogWeights);
        result.Plans = [.. effects.Plans(), .. coordinator.TakeAll(shares).Plans()];
        Assert.Equal(groups, result.Plans.Length);
        var stream = new Model.Random.RandomStream(
            task.Options.Seed, Model.Random.RandomPurpose.Resampling, step: window - 1);
        result.After = result.Population(window);
        result.After.TakeAncestors(Resampling.AncestorsInGroups(
            scheme, result.Before.LogWeights, task.GroupSizes, ref stream));
        return result;
    }

    /// <summary>All groups' walkers when so many windows were complete.</summary>
    public Walkers Population(int window)
    {
        var all = new Walkers(Task.Options.Walkers, Task.Target.Sites);
        foreach (var group in Groups)
        {
            var walkers = group.State.Moments[window].Walkers;
            walkers.CopyTo(all, (int)walkers.FirstSlot);
        }
        return all;
    }
}
