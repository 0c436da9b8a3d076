using Leaps.Actors.Coordinator;
using Leaps.Actors.Protocol;
using Leaps.Model.Sampling;
using ResamplingPlan = Leaps.Actors.Protocol.ResamplingPlan;

namespace Leaps.Actors.Tests.Coordinator;

/// <summary>A coordinator that comes back from its journal, and groups with what they have.</summary>
public sealed class CoordinatorRecoveryTests
{
    private const double Uneven = 3;

    public static TheoryData<ResamplingScheme> Schemes => [.. Enum.GetValues<ResamplingScheme>()];

    [Fact]
    public void An_empty_journal_is_no_run_and_one_without_a_beginning_is_refused()
    {
        Assert.Null(CoordinatorState.Recover([]));
        Assert.Throws<ProtocolException>(() => CoordinatorState.Recover(
            [new CoordinatorEvent { EpochRaised = new EpochRaised { Epoch = 1 } }]));
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public void After_a_crash_it_sends_the_same_plan_again(ResamplingScheme scheme)
    {
        var first = Resampled(scheme, out var plans);
        var second = first.Reborn();
        var again = second.Live().Plans().ToArray();
        Assert.Equal(plans.Length, again.Length);
        for (int g = 0; g < plans.Length; g++)
        {
            Assert.True(again[g].Again);
            again[g].Again = false;
            Assert.Equal(plans[g], again[g]);
        }
        Assert.Equal(first.State.LogNormalizerRatio(0), second.State.LogNormalizerRatio(0));
        Assert.Equal(first.State.Windows(0), second.State.Windows(0));
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public void From_every_part_of_the_journal_the_run_ends_the_same(ResamplingScheme scheme)
    {
        var task = SampleTasks.Small(groups: 3, windows: 4, runAhead: 2, scheme: scheme);
        var whole = new CoordinatorUnderTest(task);
        Finish(whole);
        var expected = whole.Settled.ToArray();
        Assert.Equal(4, expected.Length);
        Assert.Single(expected, settled => settled.Weights.Count > 0);
        int events = whole.Journal.Count();
        for (int cut = 1; cut <= events; cut++)
        {
            var reborn = whole.Reborn(cut);
            Finish(reborn);
            Assert.Equal(expected, reborn.Settled);
            Assert.Equal(new RunEnded { Replicas = 1 }, reborn.State.End);
            Assert.Equal(whole.State.LogNormalizerRatio(0), reborn.State.LogNormalizerRatio(0));
        }
    }

    [Fact]
    public void A_run_that_has_ended_only_says_so()
    {
        var coordinator = new CoordinatorUnderTest(SampleTasks.Small());
        Finish(coordinator);
        Assert.Equal([new EndRun(1, "")], coordinator.Reborn().Take(new Begin()));
    }

    [Fact]
    public void A_group_that_was_lost_asks_for_its_place_and_gets_the_plan_that_it_missed()
    {
        var coordinator = Resampled(ResamplingScheme.Systematic, out var plans);
        var start = Assert.Single(
            coordinator.Take(new PlacementRequest { Group = 2 }).Sent<StartGroup>());
        var effects = coordinator.Take(CoordinatorUnderTest.ReadyOf(start));
        var plan = Assert.Single(effects.Plans());
        Assert.True(plan.Again);
        plan.Again = false;
        Assert.Equal(plans[2], plan);
        Assert.Equal(1, Assert.Single(effects.Sent<AdvanceLimit>()).Resampling);
    }

    [Fact]
    public void A_group_that_is_lost_while_residuals_are_gathered_is_asked_again()
    {
        var coordinator = new CoordinatorUnderTest(
            SampleTasks.Small(groups: 3, scheme: ResamplingScheme.Residual));
        coordinator.Live();
        var asked = coordinator.Tell(1, coordinator.Weights(Uneven)).Sent<Rewind>().ToArray();
        var start = Assert.Single(
            coordinator.Take(new PlacementRequest { Group = 1 }).Sent<StartGroup>());
        var effects = coordinator.Take(CoordinatorUnderTest.ReadyOf(start));
        Assert.Equal(asked[1], Assert.Single(effects.Sent<Rewind>()));
    }

    [Fact]
    public void A_group_that_was_never_placed_is_not()
    {
        var coordinator = new CoordinatorUnderTest(SampleTasks.Small(replicas: 2), mostActive: 1);
        coordinator.Live();
        Assert.Empty(coordinator.Take(new PlacementRequest { Group = 2 }));
    }

    [Fact]
    public void A_group_that_the_run_does_not_have_is_refused()
    {
        var coordinator = new CoordinatorUnderTest(SampleTasks.Small(replicas: 2), mostActive: 1);
        coordinator.Live();
        var error = Assert.Throws<ProtocolException>(
            () => coordinator.Take(new PlacementRequest { Group = 99 }));
        Assert.StartsWith(
            "PlacementRequest of group 99: the run has ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_replica_starts_anew_when_a_group_comes_back_with_walkers_of_two_resamplings_ago()
    {
        var coordinator = Resampled(ResamplingScheme.Systematic, out var plans);
        var settled = coordinator.Settled.ToArray();
        coordinator.Store(2, resampling: 1);
        coordinator.Tell(3, coordinator.Weights(Uneven), resampling: 1);
        coordinator.Store(3, resampling: 2);
        var start = Assert.Single(
            coordinator.Take(new PlacementRequest { Group = 1 }).Sent<StartGroup>());
        var effects = coordinator.Take(CoordinatorUnderTest.ReadyOf(start));
        AssertRestarts(coordinator, effects, [.. settled, coordinator.Settled.Last()], plans);
    }

    [Fact]
    public void A_group_that_comes_back_without_what_it_had_stored_gets_the_plan_and_else_a_new_start()
    {
        var coordinator = Resampled(ResamplingScheme.Systematic, out var plans);
        var settled = coordinator.Settled.ToArray();
        coordinator.Store(2, resampling: 1);
        var start = Assert.Single(
            coordinator.Take(new PlacementRequest { Group = 1 }).Sent<StartGroup>());
        var effects = coordinator.Take(CoordinatorUnderTest.ReadyOf(start));
        Assert.True(Assert.Single(effects.Plans()).Again);
        Assert.False(Assert.Single(effects.Sent<AdvanceLimit>()).AllStored);
        effects = coordinator.Take(new TransferForgotten { Resampling = 1, ToGroup = 1 });
        AssertRestarts(coordinator, effects, settled, plans);
    }

    [Fact]
    public void The_replica_starts_anew_when_transfers_are_wanted_that_were_forgotten_since_all_had_stored()
    {
        var coordinator = Resampled(ResamplingScheme.Systematic, out var plans);
        var settled = coordinator.Settled.ToArray();
        coordinator.Store(2, resampling: 1);
        var reborn = coordinator.Reborn();
        var starts = reborn.Take(new Begin()).Sent<StartGroup>().ToArray();
        foreach (var start in starts)
        {
            bool lost = start.Group == 1;
            reborn.Take(CoordinatorUnderTest.ReadyOf(start, lost ? 0 : 1, lost ? 0 : 2));
        }
        var forgotten = new TransferForgotten { Resampling = 1, ToGroup = 1 };
        AssertRestarts(reborn, reborn.Take(forgotten), settled, plans);
        Assert.Empty(reborn.Take(forgotten));
    }

    [Fact]
    public void A_late_request_of_a_group_that_has_stored_since_restarts_nothing()
    {
        var coordinator = Resampled(ResamplingScheme.Systematic, out _);
        coordinator.Store(2, resampling: 1);
        Assert.Empty(coordinator.Take(new TransferForgotten { Resampling = 1, ToGroup = 1 }));
        Assert.Empty(coordinator.Take(new TransferForgotten { Resampling = 1, ToGroup = 1, Attempt = 1 }));
    }

    [Fact]
    public void A_group_from_beyond_the_journal_stops_the_run()
    {
        var coordinator = new CoordinatorUnderTest(SampleTasks.Small());
        var start = coordinator.Take(new Begin()).Sent<StartGroup>().First();
        var stop = Assert.IsType<StopRun>(
            Assert.Single(coordinator.Take(CoordinatorUnderTest.ReadyOf(start, resampling: 1))));
        Assert.Contains("resampling 1, of which the journal knows nothing", stop.Cause,
            StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_stored_before_a_crash_counts_after_it()
    {
        var coordinator = new CoordinatorUnderTest(SampleTasks.Small(windows: 2));
        coordinator.Live();
        coordinator.Tell(1, coordinator.Weights(0));
        coordinator.Tell(2, coordinator.Weights(0));
        coordinator.Store(2);
        var reborn = coordinator.Reborn(coordinator.Journal.Count() - 2);   // less completed and ended
        Assert.Equal([new EndRun(1, "")], reborn.Live(storedWindow: 2).OfType<EndRun>());
    }

    // Below the threshold at the second window.
    private static CoordinatorUnderTest Resampled(
        ResamplingScheme scheme, out ResamplingPlan[] plans)
    {
        var coordinator = new CoordinatorUnderTest(SampleTasks.Small(groups: 3, scheme: scheme));
        coordinator.Live();
        coordinator.Tell(1, coordinator.Weights(0.1));
        double[] uneven = coordinator.Weights(Uneven);
        var effects = coordinator.Tell(2, uneven);
        var shares = CoordinatorStateTests.Shares(coordinator, effects, uneven);
        plans = [.. effects.Plans(), .. coordinator.TakeAll(shares).Plans()];
        Assert.Equal(3, plans.Length);
        return coordinator;
    }

    // From wherever the journal ends: groups tell again what is not settled, and store what they must.
    private static void Finish(CoordinatorUnderTest coordinator)
    {
        double[] even = coordinator.Weights(0.1), uneven = coordinator.Weights(Uneven);
        coordinator.Live(resampling: coordinator.State.Windows(0).Count >= 2 ? 1 : 0);
        for (int window = 1; window <= 4 && coordinator.State.End is null; window++)
        {
            var effects = coordinator.Tell(window, window == 2 ? uneven : even, window > 2 ? 1 : 0);
            coordinator.TakeAll(CoordinatorStateTests.Shares(coordinator, effects, uneven));
            if (window >= 2)
                coordinator.Store(window, 1);
        }
        for (int window = 5; window <= coordinator.Task.Windows; window++)
            coordinator.Tell(window, even, 1);
        coordinator.Store(coordinator.Task.Windows, 1);
    }

    private static void AssertRestarts(CoordinatorUnderTest coordinator, IEnumerable<Effect> effects,
        WindowSettled[] settled, ResamplingPlan[] plans)
    {
        var all = effects.ToArray();
        Assert.Equal(0, Assert.Single(all.Persisted()).ReplicaRestarted.Replica);
        Assert.IsType<Persist>(all[0]);
        var starts = all.Sent<StartGroup>().ToArray();
        Assert.Equal([0, 1, 2], starts.Select(start => start.Group));
        Assert.All(starts, start => Assert.Equal(1, start.Attempt));
        Assert.Empty(coordinator.State.Windows(0));

        // It repeats: the same windows, the same plan.
        foreach (var plan in plans)
            plan.Attempt = 1;
        coordinator.TakeAll(starts.Select(start => CoordinatorUnderTest.ReadyOf(start)));
        coordinator.Tell(1, coordinator.Weights(0.1));
        Assert.Equal(plans, coordinator.Tell(2, coordinator.Weights(Uneven)).Plans());
        Assert.Equal([.. settled, .. settled[..2]], coordinator.Settled);
    }
}
