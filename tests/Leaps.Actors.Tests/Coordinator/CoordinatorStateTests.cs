using Leaps.Actors.Coordinator;
using Leaps.Actors.Protocol;
using Leaps.Model.Random;
using Leaps.Model.Sampling;
using ResamplingPlan = Leaps.Actors.Protocol.ResamplingPlan;

namespace Leaps.Actors.Tests.Coordinator;

/// <summary>
/// Windows, limits and resamplings, told by hand. Weights of spread 3 have a relative ESS near 0.3.
/// </summary>
public sealed class CoordinatorStateTests
{
    private const double Uneven = 3;

    public static TheoryData<ResamplingScheme> Schemes => [.. Enum.GetValues<ResamplingScheme>()];

    [Fact]
    public void It_records_the_run_and_its_epoch_before_it_places_every_group_under_an_epoch_of_its_own()
    {
        var coordinator = new CoordinatorUnderTest(SampleTasks.Small(groups: 3, replicas: 2));
        var effects = coordinator.Take(new Begin());
        Assert.Equal(["RunStarted", "EpochRaised"],
            effects.Take(2).Persisted().Select(item => item.BodyCase.ToString()));
        var starts = effects.Skip(2).Sent<StartGroup>().ToArray();
        Assert.Equal([new EngageReplica(0), new EngageReplica(1)], effects.OfType<EngageReplica>());
        Assert.Equal(effects.Length - 4, starts.Length);
        Assert.Equal(Enumerable.Range(0, 6), starts.Select(start => start.Group));
        Assert.Equal(6, starts.Select(start => start.Epoch).Distinct().Count());
        Assert.Equal(starts.Select(start => ActorNames.Group(start.Group)),
            effects.OfType<Send>().Select(send => send.Recipient));
    }

    [Fact]
    public void Epochs_of_groups_rise_from_placement_to_placement_and_from_life_to_life()
    {
        var first = new CoordinatorUnderTest(SampleTasks.Small());
        long last = first.Live().Sent<StartGroup>().Max(start => start.Epoch);
        long again = Assert.Single(
            first.Take(new PlacementRequest { Group = 1 }).Sent<StartGroup>()).Epoch;
        Assert.True(again > last);
        Assert.All(first.Reborn().Take(new Begin()).Sent<StartGroup>(),
            start => Assert.True(start.Epoch > again));
    }

    [Fact]
    public void A_group_that_is_ready_is_told_how_far_it_may_go()
    {
        var coordinator = new CoordinatorUnderTest(SampleTasks.Small(runAhead: 4));
        var start = coordinator.Take(new Begin()).Sent<StartGroup>().First();
        var effects = coordinator.Take(CoordinatorUnderTest.ReadyOf(start));
        var limit = Assert.IsType<AdvanceLimit>(Assert.IsType<Send>(Assert.Single(effects)).Body);
        Assert.Equal((0, 0, 4, 0), (limit.Group, limit.Settled, limit.Limit, limit.Resampling));
    }

    [Fact]
    public void The_limit_never_lies_beyond_the_grid()
    {
        var coordinator = new CoordinatorUnderTest(SampleTasks.Small(windows: 3, runAhead: 8));
        Assert.All(coordinator.Live().Sent<AdvanceLimit>(), limit => Assert.Equal(3, limit.Limit));
    }

    [Fact]
    public void A_window_is_settled_when_the_last_group_has_told_in_whatever_order()
    {
        var task = SampleTasks.Small(groups: 4);
        WindowSettled? expected = null;
        foreach (int[] order in Permutations([0, 1, 2, 3]))
        {
            var coordinator = new CoordinatorUnderTest(task);
            coordinator.Live();
            var summaries = coordinator.Summaries(1, coordinator.Weights(0.5));
            foreach (int group in order[..3])
                Assert.Empty(coordinator.Take(summaries[group]));
            var persisted = coordinator.Take(summaries[order[3]]).Persisted();
            var settled = Assert.Single(persisted).WindowSettled;
            expected ??= settled;
            Assert.Equal(expected, settled);
        }
    }

    [Fact]
    public void What_is_settled_are_the_figures_of_one_process()
    {
        var coordinator = new CoordinatorUnderTest(SampleTasks.Small(groups: 3));
        coordinator.Live();
        double[] weights = coordinator.Weights(0.7);
        var effects = coordinator.Tell(1, weights);

        var task = coordinator.Task;
        var walkers = new Walkers(task.Options.Walkers, task.Target.Sites);
        weights.CopyTo(walkers.LogWeights, 0);
        var expected = WindowSummary.Of(task.Window(0), task.Target, 0,
            GroupStatistics.OfEach(walkers, task.GroupSizes), 0, false, new IntegrationCost(33, 9));
        Assert.Equal(expected, Assert.Single(effects.OfType<Settled>()).Window);
        Assert.Equal(expected, Assert.Single(coordinator.State.Windows(0)));
    }

    [Fact]
    public void Windows_of_groups_that_run_ahead_are_settled_at_once_when_the_slowest_tells()
    {
        var coordinator = new CoordinatorUnderTest(SampleTasks.Small(groups: 2, runAhead: 5));
        coordinator.Live();
        double[] weights = coordinator.Weights(0.1);
        for (int window = 4; window >= 1; window--)
            Assert.Empty(coordinator.Take(coordinator.Summaries(window, weights)[0]));
        for (int window = 4; window >= 2; window--)
            Assert.Empty(coordinator.Take(coordinator.Summaries(window, weights)[1]));
        var effects = coordinator.Take(coordinator.Summaries(1, weights)[1]);
        Assert.Equal(
            [0, 1, 2, 3], effects.OfType<Settled>().Select(settled => settled.Window.Window.Index));
        Assert.All(effects.Sent<AdvanceLimit>(), limit => Assert.Equal((4, 6), (limit.Settled, limit.Limit)));
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public void Nobody_hears_of_a_window_before_its_event(ResamplingScheme scheme)
    {
        var coordinator = new CoordinatorUnderTest(SampleTasks.Small(groups: 3, runAhead: 4, scheme: scheme));
        int durable = 0;
        void Check(IEnumerable<Effect> effects)
        {
            foreach (var effect in effects)
            {
                switch (effect)
                {
                    case Persist { Event: CoordinatorEvent { WindowSettled: { } settled } }:
                        Assert.Equal(durable + 1, settled.Window);
                        durable = settled.Window;
                        break;
                    case Settled settled:
                        Assert.True(settled.Window.Window.Index + 1 <= durable);
                        break;
                    case Send { Body: AdvanceLimit limit }:
                        Assert.True(limit.Settled <= durable);
                        break;
                    case Send { Body: ResamplingPlan plan }:
                        Assert.True(plan.Window <= durable);
                        break;
                }
            }
        }
        Check(coordinator.Live());
        for (int window = 1; window <= 2; window++)
            Check(coordinator.Tell(window, coordinator.Weights(0.1)));
        double[] uneven = coordinator.Weights(Uneven);
        var effects = coordinator.Tell(3, uneven);
        Check(effects);
        Check(coordinator.TakeAll(Shares(coordinator, effects, uneven)));
        Assert.Equal(3, durable);
    }

    [Fact]
    public void It_resamples_below_the_threshold_and_not_at_it_and_not_at_the_last_window()
    {
        double[] uneven = new CoordinatorUnderTest(SampleTasks.Small()).Weights(Uneven);
        double ess = PopulationWeight.Of([GroupWeight.Of(uneven)]).RelativeEss;
        foreach (var (threshold, windows, resamples) in new[]
            { (ess, 6, false), (Math.BitIncrement(ess), 6, true), (1.0, 1, false), (1.0, 2, true) })
        {
            var coordinator = new CoordinatorUnderTest(
                SampleTasks.Small(groups: 1, threshold: threshold, windows: windows));
            coordinator.Live();
            var effects = coordinator.Tell(1, uneven);
            Assert.Equal(resamples ? 1 : 0, effects.Plans().Count());
            Assert.Equal(resamples, coordinator.State.Windows(0)[0].Resampled);
            Assert.Equal(resamples ? LogWeights.LogMeanExp(uneven) : 0,
                coordinator.State.LogNormalizerRatio(0));
        }
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public void The_ancestors_of_its_plans_are_those_of_one_process_in_every_replica(ResamplingScheme scheme)
    {
        var task = SampleTasks.Small(groups: 5, replicas: 3, walkers: 43, scheme: scheme);
        for (int replica = 0; replica < 3; replica++)
        {
            var coordinator = new CoordinatorUnderTest(task);
            coordinator.Live();
            coordinator.Tell(1, coordinator.Weights(0), 0, replica);
            double[] weights = coordinator.Weights(Uneven + replica);
            var effects = coordinator.Tell(2, weights, 0, replica);
            if (scheme == ResamplingScheme.Residual)
            {
                Assert.Empty(effects.Plans());
                effects = coordinator.TakeAll(Shares(coordinator, effects, weights));
            }
            var plans = effects.Plans().ToArray();
            var stream = new RandomStream(
                task.OptionsOf(replica).Seed, RandomPurpose.Resampling, step: 1);
            int[] expected = Resampling.AncestorsInGroups(scheme, weights, task.GroupSizes, ref stream);
            Assert.Equal(expected, Ancestors(coordinator, plans, weights, replica));
            Assert.All(plans, plan =>
                Assert.Equal((1, 2, false), (plan.Resampling, plan.Window, plan.Again)));
        }
    }

    [Fact]
    public void Residual_resampling_waits_for_the_share_of_every_group()
    {
        var coordinator = new CoordinatorUnderTest(
            SampleTasks.Small(groups: 3, scheme: ResamplingScheme.Residual));
        coordinator.Live();
        double[] weights = coordinator.Weights(Uneven);
        var effects = coordinator.Tell(1, weights);
        Assert.Empty(effects.Persisted());
        Assert.Equal([0, 1, 2], effects.Sent<Rewind>().Select(rewind => rewind.Group));
        var shares = Shares(coordinator, effects, weights);
        Assert.Empty(coordinator.Take(shares[2]));
        Assert.Empty(coordinator.Take(shares[2]));
        Assert.Empty(coordinator.Take(shares[0]));
        Assert.Equal(3, coordinator.Take(shares[1]).Plans().Count());
    }

    [Fact]
    public void The_next_resampling_waits_until_every_group_has_stored_the_last()
    {
        var coordinator = new CoordinatorUnderTest(SampleTasks.Small(groups: 2));
        coordinator.Live();
        double[] weights = coordinator.Weights(Uneven);
        Assert.All(coordinator.Tell(1, weights).Sent<AdvanceLimit>(), limit => Assert.False(limit.AllStored));
        Assert.Empty(coordinator.Tell(2, weights, resampling: 1));
        var stored = coordinator.Stored(group: 0, window: 1, resampling: 1);
        Assert.Empty(coordinator.Take(stored));
        Assert.Empty(coordinator.Take(stored));
        Assert.Equal(2, coordinator.Take(coordinator.Stored(1, 1, 1)).Plans().Count());
        Assert.Equal([1, 2], coordinator.Settled.Select(settled => settled.Window));
    }

    [Fact]
    public void Summaries_of_another_attempt_or_resampling_or_of_settled_windows_do_not_count()
    {
        var coordinator = new CoordinatorUnderTest(SampleTasks.Small(groups: 1));
        coordinator.Live();
        double[] even = coordinator.Weights(0), uneven = coordinator.Weights(Uneven);
        var other = coordinator.Summary(0, 1, even);
        other.Attempt = 1;
        Assert.Empty(coordinator.Take(other));
        Assert.Empty(coordinator.Tell(1, even, resampling: 1));
        Assert.NotEmpty(coordinator.Tell(1, uneven));
        Assert.Empty(coordinator.Tell(1, even));
        Assert.Empty(coordinator.Tell(2, even));
        coordinator.Tell(2, even, resampling: 1);
        Assert.Equal([true, false], coordinator.State.Windows(0).Select(window => window.Resampled));
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public void Every_message_twice_makes_the_journal_that_every_message_once_makes(ResamplingScheme scheme)
    {
        var journals = new List<CoordinatorEvent[]>();
        foreach (int times in new[] { 1, 2, 3 })
        {
            var coordinator = new CoordinatorUnderTest(
                SampleTasks.Small(groups: 3, windows: 4, scheme: scheme));
            IEnumerable<Effect> Take(IEnumerable<object> messages) => coordinator.TakeAll(
                messages.SelectMany(message => Enumerable.Repeat(message, times)));
            double[] uneven = coordinator.Weights(Uneven), even = coordinator.Weights(0.1);
            Take(coordinator.Take(new Begin()).Sent<StartGroup>()
                .Select(start => CoordinatorUnderTest.ReadyOf(start)));
            var effects = Take(coordinator.Summaries(1, uneven));
            Take(Shares(coordinator, effects, uneven));
            for (int window = 2; window <= 4; window++)
                Take(coordinator.Summaries(window, even, resampling: 1));
            foreach (var (window, resampling) in new[] { (1, 1L), (4, 1L) })
            {
                Take(coordinator.Groups(0).Select(
                    group => coordinator.Stored(group, window, resampling)));
            }
            Assert.NotNull(coordinator.State.End);
            journals.Add([.. coordinator.Journal]);
        }
        Assert.Equal(journals[0], journals[1]);
        Assert.Equal(journals[0], journals[2]);
    }

    [Fact]
    public void A_group_that_is_ready_under_a_stale_epoch_or_attempt_is_not_heard()
    {
        var coordinator = new CoordinatorUnderTest(SampleTasks.Small());
        var start = coordinator.Take(new Begin()).Sent<StartGroup>().First();
        coordinator.Take(new PlacementRequest { Group = start.Group });
        Assert.Empty(coordinator.Take(CoordinatorUnderTest.ReadyOf(start)));
        var ready = CoordinatorUnderTest.ReadyOf(start);
        ready.Epoch += 1_000;
        Assert.Empty(coordinator.Take(ready));
    }

    [Fact]
    public void What_a_former_life_of_a_group_has_stored_does_not_count()
    {
        var coordinator = new CoordinatorUnderTest(SampleTasks.Small(groups: 1, windows: 1));
        coordinator.Live();
        coordinator.Tell(1, coordinator.Weights(0));
        var stored = coordinator.Stored(group: 0, window: 1);
        coordinator.Take(new PlacementRequest { Group = 0 });
        Assert.Empty(coordinator.Take(stored));
        Assert.Single(coordinator.Store(1).OfType<EndRun>());
    }

    [Fact]
    public void A_message_that_is_not_for_it_is_refused() => Assert.Throws<ProtocolException>(
        () => new CoordinatorUnderTest(SampleTasks.Small()).Take(new AdvanceLimit()));

    /// <summary>The groups' answers to Rewind; none where none was asked.</summary>
    internal static ResidualShare[] Shares(
        CoordinatorUnderTest coordinator, IEnumerable<Effect> effects, double[] logWeights) =>
    [
        .. effects.Sent<Rewind>().Select(rewind =>
        {
            var residual = GroupResidual.Of(
                coordinator.Part(rewind.Group, logWeights), SamplingPacking.ToScale(rewind.Scale));
            return new ResidualShare
            {
                Group = rewind.Group,
                Attempt = coordinator.State.Attempt(coordinator.Task.ReplicaOf(rewind.Group)),
                Resampling = rewind.Resampling,
                Window = rewind.Window,
                Certain = residual.Certain,
                Fractions = residual.Fractions,
            };
        }),
    ];

    // Every group finds its own part; the slots that cross groups are those that both sides are told of.
    private static int[] Ancestors(
        CoordinatorUnderTest coordinator, ResamplingPlan[] plans, double[] logWeights, int replica)
    {
        var task = coordinator.Task;
        int firstSlot = task.FirstSlotOfReplica(replica);
        var ancestors = new int[logWeights.Length];
        Array.Fill(ancestors, -1);
        foreach (var plan in plans)
        {
            var share = new GroupShare(task.Options.Resampling, SamplingPacking.ToScale(plan.Scale),
                (int)plan.FirstOffspring, plan.Offspring, plan.Before, plan.Total,
                SamplingPacking.ToPoints(plan.Points));
            var stream = new RandomStream(
                task.OptionsOf(replica).Seed, RandomPurpose.Resampling, step: plan.Window - 1);
            int[] own = GroupResampling.Ancestors(coordinator.Part(plan.Group, logWeights), share, stream);
            for (int j = 0; j < own.Length; j++)
            {
                long slot = plan.FirstOffspring + j;
                ancestors[slot - firstSlot] = task.FirstSlotOf(plan.Group) - firstSlot + own[j];
                int owner = coordinator.Groups(replica).Last(group => task.FirstSlotOf(group) <= slot);
                bool leaves = plan.Outgoing.Any(run => run.Group == owner && Holds(run, slot));
                bool arrives = plans.Single(other => other.Group == owner)
                    .Incoming.Any(run => run.Group == plan.Group && Holds(run, slot));
                Assert.Equal(owner != plan.Group, leaves);
                Assert.Equal(owner != plan.Group, arrives);
            }
        }
        return ancestors;
    }

    private static bool Holds(SlotTransfer run, long slot) =>
        slot >= run.FirstSlot && slot < run.FirstSlot + run.Count;

    private static IEnumerable<int[]> Permutations(int[] items)
    {
        if (items.Length < 2)
        {
            yield return items;
            yield break;
        }
        for (int i = 0; i < items.Length; i++)
        {
            foreach (int[] rest in Permutations([.. items[..i], .. items[(i + 1)..]]))
                yield return [items[i], .. rest];
        }
    }
}
