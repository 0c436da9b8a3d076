using Leaps.Actors.Protocol;
using Leaps.Actors.Tests.Coordinator;
using Leaps.Actors.WalkerGroup;
using Leaps.Model;
using Leaps.Model.Sampling;

namespace Leaps.Actors.Tests.WalkerGroup;

/// <summary>A group that runs ahead, tells, and stores; its device is the real integrator.</summary>
public sealed class WalkerGroupStateTests
{
    [Fact]
    public void Until_it_is_placed_it_hears_nothing_and_one_that_lives_again_asks_for_its_place()
    {
        var group = new GroupUnderTest(SampleTasks.Small(), 1);
        Assert.Empty(group.Limit(version: 1, settled: 0, limit: 3));
        Assert.Empty(group.Take(new TransferRequest { Resampling = 1, FromGroup = 1 }));
        var send = Assert.IsType<Send>(Assert.Single(group.Take(new GroupReborn())));
        Assert.Equal(ActorNames.Coordinator, send.Recipient);
        Assert.Equal(new PlacementRequest { Group = 1 }, send.Body);
    }

    [Fact]
    public void It_says_that_it_is_ready_and_does_not_move_before_it_has_a_limit()
    {
        var group = new GroupUnderTest(SampleTasks.Small(), 1);
        var ready = Assert.Single(group.Place(epoch: 7));
        Assert.Equal(new GroupReady { Group = 1, Epoch = 7 }, ((Send)ready).Body);
        Assert.False(group.Moves);
        Assert.IsType<MoveWindow>(Assert.Single(group.Limit(version: 1, settled: 0, limit: 1)));
    }

    [Fact]
    public void It_is_not_placed_where_another_group_is_meant()
    {
        var group = new GroupUnderTest(SampleTasks.Small(), 1);
        Assert.Empty(group.Take(
            new StartGroup { Group = 0, Epoch = 1, Sampling = SampleTasks.Small().Specification }));
        Assert.Null(group.State.Task);
    }

    [Fact]
    public void It_tells_its_summary_after_each_window_and_stops_at_its_limit()
    {
        var group = new GroupUnderTest(SampleTasks.Small());
        group.Place();
        group.Limit(version: 1, settled: 0, limit: 3);
        for (int window = 1; window <= 3; window++)
        {
            var answer = group.Answer();
            var summary = Assert.Single(group.Move().Sent<GroupSummary>());
            Assert.Equal((0, window, 0), (summary.Group, summary.Window, summary.Resampling));
            Assert.Equal(SamplingPacking.ToMessage(answer.Statistics, answer.Cost), summary.Weights);
        }
        Assert.False(group.Moves);
        Assert.Equal(3, group.State.Window);
        Assert.Single(group.Limit(version: 2, settled: 2, limit: 4).OfType<MoveWindow>());
    }

    [Fact]
    public void Groups_move_their_walkers_as_one_process_does()
    {
        var task = SampleTasks.Small(groups: 3, threshold: 0);
        var expected = new Annealer(task.Target, null, task.Options with { Threads = 1 }, task.Times)
            .Run(cancellation: TestContext.Current.CancellationToken);
        for (int g = 0; g < 3; g++)
        {
            var group = new GroupUnderTest(task, g);
            group.Place();
            group.Limit(version: 1, settled: 0, limit: 99);
            group.MoveAll();
            Assert.Equal(task.Windows, group.State.Window);
            var walkers = group.State.Moments[task.Windows].Walkers.Unpack();
            int first = (int)walkers.FirstSlot, sites = walkers.Sites;
            Assert.Equal(
                expected.Walkers.LogWeights[first..(first + walkers.Count)], walkers.LogWeights);
            Assert.Equal(
                expected.Walkers.States[(first * sites)..((first + walkers.Count) * sites)], walkers.States);
        }
    }

    [Fact]
    public void Of_limits_the_highest_version_counts_in_whatever_order_they_come()
    {
        var group = new GroupUnderTest(SampleTasks.Small());
        group.Place();
        group.Limit(version: 5, settled: 0, limit: 2);
        group.Limit(version: 4, settled: 0, limit: 6);
        group.MoveAll();
        Assert.Equal(2, group.State.Window);
        group.Limit(version: 6, settled: 0, limit: 0);
        Assert.Empty(group.Limit(version: 5, settled: 0, limit: 2));
        Assert.Empty(group.Limit(version: 6, settled: 0, limit: 6));
        Assert.False(group.Moves);
    }

    [Fact]
    public void States_of_before_the_settled_window_are_forgotten_and_none_after_it()
    {
        var group = new GroupUnderTest(SampleTasks.Small());
        group.Place();
        group.Limit(version: 1, settled: 0, limit: 4);
        group.MoveAll();
        Assert.Equal([0, 1, 2, 3, 4], group.State.Moments.Keys);
        group.Limit(version: 2, settled: 3, limit: 4);
        Assert.Equal([3, 4], group.State.Moments.Keys);
        // Of one that is behind, such as after a crash, the newest stays.
        group.Limit(version: 3, settled: 6, limit: 6);
        Assert.Equal([4], group.State.Moments.Keys);
    }

    [Fact]
    public void A_snapshot_is_taken_at_the_settled_window_and_never_beyond()
    {
        var group = new GroupUnderTest(SampleTasks.Small());
        group.Place();
        group.Limit(version: 1, settled: 0, limit: 4);
        group.MoveAll();
        var effects = group.Limit(version: 2, settled: 2, limit: 4, storeFrom: 1);
        var snapshot = Assert.Single(effects.OfType<SaveSnapshot>()).Snapshot;
        Assert.Equal((0, 2, 0L), (snapshot.Group, snapshot.Window, snapshot.Resampling));
        Assert.Empty(group.Limit(version: 3, settled: 3, limit: 4, storeFrom: 1));
        var stored = Assert.Single(group.Save().Sent<SnapshotStored>());
        Assert.Equal((0, 2, 0L), (stored.Group, stored.Window, stored.Resampling));
        Assert.Empty(group.Limit(version: 4, settled: 3, limit: 4, storeFrom: 2));
    }

    [Fact]
    public void A_group_that_is_behind_stores_when_it_comes_to_the_settled_window()
    {
        var group = new GroupUnderTest(SampleTasks.Small());
        group.Place();
        Assert.Empty(group.Limit(version: 1, settled: 2, limit: 3, storeFrom: 2).OfType<SaveSnapshot>());
        Assert.Empty(group.Move().OfType<SaveSnapshot>());
        Assert.Equal(2, Assert.Single(group.Move().OfType<SaveSnapshot>()).Snapshot.Window);
        Assert.Empty(group.Move().OfType<SaveSnapshot>());
    }

    [Fact]
    public void Walkers_at_the_end_are_stored_unasked_once_they_are_settled()
    {
        var group = new GroupUnderTest(SampleTasks.Small(windows: 2));
        group.Place();
        group.Limit(version: 1, settled: 0, limit: 2);
        Assert.Empty(group.MoveAll().OfType<SaveSnapshot>());
        var effects = group.Limit(version: 2, settled: 2, limit: 2);
        Assert.Equal(2, Assert.Single(effects.OfType<SaveSnapshot>()).Snapshot.Window);
        Assert.Empty(group.Limit(version: 3, settled: 2, limit: 2));
        group.Save();
        Assert.Empty(group.Limit(version: 4, settled: 2, limit: 2));
    }

    [Fact]
    public void From_its_snapshot_it_moves_on_to_the_same_bits()
    {
        var group = new GroupUnderTest(SampleTasks.Small(), 1);
        group.Place();
        group.Limit(version: 1, settled: 0, limit: 4);
        group.MoveAll();
        group.Limit(version: 2, settled: 2, limit: 4, storeFrom: 2);
        group.Save();
        var expected = Summaries(group);

        var reborn = group.Reborn();
        var effects = reborn.Place(epoch: 9);
        Assert.Equal(new GroupReady { Group = 1, Epoch = 9, StoredWindow = 2 },
            Assert.Single(effects.Sent<GroupReady>()));
        Assert.Equal(2, reborn.State.Window);
        reborn.Limit(version: 3, settled: 2, limit: 4);
        Assert.Equal(expected, reborn.MoveAll().Sent<GroupSummary>());
    }

    [Fact]
    public void Without_a_snapshot_it_starts_from_the_beginning_and_tells_the_same_again()
    {
        var group = new GroupUnderTest(SampleTasks.Small(), 1);
        group.Place();
        group.Limit(version: 1, settled: 0, limit: 3);
        var expected = group.MoveAll().Sent<GroupSummary>().ToArray();
        var reborn = group.Reborn();
        reborn.Place(epoch: 2);
        reborn.Limit(version: 1, settled: 2, limit: 3);
        Assert.Equal(expected, reborn.MoveAll().Sent<GroupSummary>());
    }

    [Fact]
    public void To_a_new_coordinator_it_tells_all_that_is_not_settled_and_goes_on_where_it_is()
    {
        var group = new GroupUnderTest(SampleTasks.Small());
        group.Place();
        group.Limit(version: 1, settled: 0, limit: 4);
        group.Move();
        group.Move();
        Assert.True(group.Moves);
        var expected = Summaries(group);
        var effects = group.Place(epoch: 2);
        Assert.Equal([new GroupReady { Group = 0, Epoch = 2 }], effects.Sent<GroupReady>());
        Assert.Equal(expected, effects.Sent<GroupSummary>());
        Assert.Equal(3, effects.Length);
        Assert.Single(group.Move().Sent<GroupSummary>());
        Assert.Equal(3, group.State.Window);
    }

    [Fact]
    public void A_placement_of_a_stale_epoch_is_ignored()
    {
        var group = new GroupUnderTest(SampleTasks.Small());
        group.Place(epoch: 5);
        group.Limit(version: 1, settled: 0, limit: 2);
        group.Move();
        Assert.Empty(group.Place(epoch: 5));
        Assert.Empty(group.Place(epoch: 4, attempt: 3));
        Assert.Equal((5, 0, 1), (group.State.Epoch, group.State.Attempt, group.State.Window));
    }

    [Fact]
    public void A_new_attempt_starts_from_the_beginning_whatever_is_stored_and_abandons_the_move()
    {
        var group = new GroupUnderTest(SampleTasks.Small());
        group.Place();
        group.Limit(version: 1, settled: 0, limit: 4);
        var expected = group.Move().Sent<GroupSummary>().Single();
        group.Limit(version: 2, settled: 1, limit: 4, storeFrom: 1);
        group.Save();
        Assert.True(group.Moves);
        var late = group.Answer();
        var effects = group.Place(epoch: 2, attempt: 1);
        Assert.IsType<AbandonMove>(effects[0]);
        Assert.Equal([new GroupReady { Group = 0, Epoch = 2, Attempt = 1 }], effects.Sent<GroupReady>());
        Assert.False(group.Moves);
        Assert.Empty(group.Take(late));
        group.Limit(version: 3, settled: 0, limit: 1);
        expected.Attempt = 1;
        Assert.Equal([expected], group.Move().Sent<GroupSummary>());
    }

    [Fact]
    public void The_snapshot_of_an_earlier_attempt_does_not_count()
    {
        var group = new GroupUnderTest(SampleTasks.Small());
        group.Place();
        group.Limit(version: 1, settled: 0, limit: 2);
        group.MoveAll();
        group.Limit(version: 2, settled: 2, limit: 2, storeFrom: 2);
        group.Save();
        var reborn = group.Reborn();
        var ready = Assert.Single(reborn.Place(epoch: 2, attempt: 1).Sent<GroupReady>());
        Assert.Equal((0, 0), (ready.StoredWindow, ready.StoredResampling));
        Assert.Equal(0, reborn.State.Window);
    }

    [Fact]
    public void The_snapshot_of_another_run_is_refused()
    {
        var group = new GroupUnderTest(SampleTasks.Small(), 1);
        group.Place();
        group.Limit(version: 1, settled: 0, limit: 1);
        group.Move();
        group.Limit(version: 2, settled: 1, limit: 1, storeFrom: 1);
        group.Save();
        var other = new GroupUnderTest(SampleTasks.Small(walkers: 16), 1, group.State.Stored);
        var error = Assert.Throws<LeapsException>(() => other.Place());
        Assert.Equal("the snapshot of group 1 belongs to another run.", error.Message);
    }

    [Fact]
    public void Told_to_leave_it_begins_no_window_and_is_gone_once_what_it_did_is_settled_and_stored()
    {
        var group = new GroupUnderTest(SampleTasks.Small());
        group.Place();
        group.Limit(version: 1, settled: 0, limit: 3);
        group.Move();
        Assert.True(group.Moves);
        Assert.Empty(group.Take(new LeaveNode()));
        Assert.Empty(group.Move().OfType<GroupLeft>());
        Assert.Equal(2, group.State.Window);
        Assert.False(group.Moves);
        Assert.Empty(group.Limit(version: 2, settled: 1, limit: 4));
        var save = Assert.Single(group.Limit(version: 3, settled: 2, limit: 5).OfType<SaveSnapshot>());
        Assert.Equal(2, save.Snapshot.Window);
        Assert.Single(group.Take(new SnapshotSaved(save.Snapshot)).OfType<GroupLeft>());
        Assert.Empty(group.Limit(version: 4, settled: 2, limit: 5).OfType<GroupLeft>());
    }

    [Fact]
    public void Told_to_leave_before_it_is_placed_it_is_gone_at_once()
    {
        var group = new GroupUnderTest(SampleTasks.Small());
        Assert.Equal([new GroupLeft()], group.Take(new LeaveNode()));
    }

    [Fact]
    public void A_message_that_is_not_for_it_is_refused()
    {
        var group = new GroupUnderTest(SampleTasks.Small());
        group.Place();
        Assert.Throws<ProtocolException>(() => group.Take(new PlacementRequest()));
    }

    private static GroupSummary[] Summaries(GroupUnderTest group) =>
    [
        .. group.State.Moments.Values.Where(moment => moment.Window > (group.State.Stored?.Window ?? 0))
            .Select(moment => new GroupSummary
            {
                Group = group.State.Group,
                Window = moment.Window,
                Weights = moment.Weights,
            }),
    ];
}
