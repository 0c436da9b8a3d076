using System.Globalization;
using Leaps.Actors.Coordinator;
using Leaps.Actors.Protocol;
using Command = Leaps.Actors.Protocol.ControlRequest.Types.Command;

namespace Leaps.Actors.Tests.Coordinator;

/// <summary>What a user may ask of a run, and how it ends.</summary>
public sealed class CoordinatorControlTests
{
    private const string Threshold = "sample.resample.threshold";
    private const string StandardError = "sample.stop.standard-error";

    [Fact]
    public void A_pause_is_in_the_journal_before_the_groups_hear_of_it_and_outlives_a_crash()
    {
        var coordinator = Live();
        var effects = Ask(coordinator, Command.Pause, out var reply);
        Assert.True(reply.Accepted);
        Assert.IsType<Persist>(effects[0]);
        Assert.Equal(2, effects.Sent<AdvanceLimit>().Count());
        Assert.All(effects.Sent<AdvanceLimit>(), limit => Assert.Equal(0, limit.Limit));

        var reborn = coordinator.Reborn();
        Assert.True(reborn.State.Paused);
        Assert.All(reborn.Live().Sent<AdvanceLimit>(), limit => Assert.Equal(0, limit.Limit));
        effects = Ask(reborn, Command.Resume, out reply);
        Assert.Equal("the run goes on", reply.Text);
        Assert.All(effects.Sent<AdvanceLimit>(), limit => Assert.Equal(3, limit.Limit));
        Assert.False(reborn.Reborn().State.Paused);
    }

    [Fact]
    public void Windows_that_were_under_way_are_settled_while_the_run_pauses()
    {
        var coordinator = Live();
        Ask(coordinator, Command.Pause, out _);
        var effects = coordinator.Tell(1, coordinator.Weights(0.1));
        Assert.Equal(1, Assert.Single(effects.Persisted()).WindowSettled.Window);
        Assert.All(effects.Sent<AdvanceLimit>(), limit => Assert.Equal(1, limit.Limit));
    }

    [Fact]
    public void A_threshold_holds_from_the_next_window_on_and_after_a_crash()
    {
        var coordinator = Live();
        coordinator.Tell(1, coordinator.Weights(0.5));
        Ask(coordinator, Command.Set, out var reply, Threshold, "0.999");
        Assert.Equal("sample.resample.threshold is 0.999 from the next window on", reply.Text);
        Assert.Equal(0.999, coordinator.Reborn().Task.Options.ResamplingThreshold);
        Assert.Equal(2, coordinator.Tell(2, coordinator.Weights(0.5)).Plans().Count());
        Assert.Equal([false, true], coordinator.Reborn().State.Windows(0).Select(window => window.Resampled));
    }

    [Fact]
    public void Groups_that_wait_to_be_resampled_hear_when_a_lower_threshold_spares_them()
    {
        var coordinator = new CoordinatorUnderTest(
            SampleTasks.Small(groups: 3, scheme: Model.Sampling.ResamplingScheme.Residual, runAhead: 8));
        coordinator.Live();
        double[] uneven = coordinator.Weights(3);
        var shares = CoordinatorStateTests.Shares(coordinator, coordinator.Tell(1, uneven), uneven);
        coordinator.Take(shares[0]);
        Ask(coordinator, Command.Set, out _, Threshold, "0");
        var effects = coordinator.TakeAll(shares);
        Assert.Empty(effects.Plans());
        Assert.Empty(Assert.Single(effects.Persisted()).WindowSettled.Weights);
        Assert.Equal([0, 1, 2], effects.Sent<AdvanceLimit>().Select(limit => limit.Group));
        Assert.All(effects.Sent<AdvanceLimit>(), limit => Assert.Equal(1, limit.Settled));

        // A share of that window which comes late is none of the next resampling.
        Ask(coordinator, Command.Set, out _, Threshold, "0.5");
        var next = CoordinatorStateTests.Shares(coordinator, coordinator.Tell(2, uneven), uneven);
        coordinator.TakeAll(next[..2]);
        Assert.Empty(coordinator.Take(shares[2]));
        Assert.Equal(3, coordinator.Take(next[2]).Plans().Count());
    }

    [Theory]
    [InlineData("sample.walkers", "5", "'sample.walkers' can't be set: these can: ")]
    [InlineData("paused", "True", "'paused' can't be set")]
    [InlineData(Threshold, "1.5", "sample.resample.threshold is 1.5; allowed: 0 to 1")]
    [InlineData(Threshold, "half", "sample.resample.threshold is half; allowed: 0 to 1")]
    [InlineData(Threshold, "NaN", "sample.resample.threshold is NaN;")]
    [InlineData(StandardError, "-1", "sample.stop.standard-error is -1; allowed: a finite number")]
    public void What_can_not_be_set_is_refused_with_a_reason(string key, string value, string expected)
    {
        var coordinator = Live();
        var effects = Ask(coordinator, Command.Set, out var reply, key, value);
        Assert.Single(effects);
        Assert.False(reply.Accepted);
        Assert.StartsWith(expected, reply.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_status_tells_windows_and_estimates_of_replicas_that_move()
    {
        var coordinator = new CoordinatorUnderTest(SampleTasks.Small(replicas: 3));
        coordinator.Live();
        coordinator.Complete(0);
        coordinator.Tell(1, coordinator.Weights(0.1), replica: 1);
        Assert.Single(Ask(coordinator, Command.Status, out var reply));
        var last = coordinator.State.Windows(1)[^1];
        string estimates = string.Create(CultureInfo.InvariantCulture,
            $"relative ESS {last.RelativeEss:F3}, log Z {last.LogZ:F4} ± {last.LogZStdErr:F4}");
        Assert.Equal(
        [
            ("state", "sampling"), ("replicas", "1 of 3 complete"),
            ("replica 1", $"window 1 of 6, {estimates}, 0 resamplings"), ("threshold", "0.5"),
        ], reply.Entries.Select(entry => (entry.Key, entry.Value)));
        Ask(coordinator, Command.Pause, out _);
        Ask(coordinator, Command.Status, out reply);
        Assert.Equal("paused", reply.Entries[0].Value);
    }

    [Fact]
    public void A_checkpoint_asks_every_group_to_store_what_is_settled()
    {
        var coordinator = Live();
        coordinator.Tell(1, coordinator.Weights(0.1));
        var effects = Ask(coordinator, Command.Checkpoint, out var reply);
        Assert.True(reply.Accepted);
        Assert.Equal([1, 1], effects.Sent<AdvanceLimit>().Select(limit => limit.StoreFrom));
    }

    [Fact]
    public void Snapshots_that_are_wanted_are_reported_once_when_the_last_group_has_stored()
    {
        var coordinator = new CoordinatorUnderTest(SampleTasks.Small(replicas: 2));
        coordinator.Live();
        Assert.Single(coordinator.Take(new SnapshotsWanted()).OfType<SnapshotsTaken>());
        coordinator.Tell(1, coordinator.Weights(0.1));
        coordinator.Tell(1, coordinator.Weights(0.1), replica: 1);
        Assert.Empty(coordinator.Take(new SnapshotsWanted()).OfType<SnapshotsTaken>());
        Assert.Empty(coordinator.Store(1));
        Assert.Single(coordinator.Store(1, replica: 1).OfType<SnapshotsTaken>());
        Assert.Empty(coordinator.Store(1, replica: 1));
        Assert.All(coordinator.Take(new SnapshotsDue()).Sent<AdvanceLimit>(),
            limit => Assert.Equal(1, limit.StoreFrom));
    }

    [Fact]
    public void A_group_that_is_lost_while_snapshots_are_taken_is_waited_for()
    {
        var coordinator = Live();
        coordinator.Tell(1, coordinator.Weights(0.1));
        coordinator.Take(coordinator.Stored(0, 1));
        coordinator.Take(new SnapshotsWanted());
        var start = Assert.Single(
            coordinator.Take(new PlacementRequest { Group = 0 }).Sent<StartGroup>());
        Assert.Empty(coordinator.Take(coordinator.Stored(1, 1)).OfType<SnapshotsTaken>());
        var ready = CoordinatorUnderTest.ReadyOf(start, storedWindow: 1);
        Assert.Single(coordinator.Take(ready).OfType<SnapshotsTaken>());
    }

    [Fact]
    public void Cancelling_keeps_the_replicas_that_are_complete_and_ends_everything()
    {
        var coordinator = new CoordinatorUnderTest(SampleTasks.Small(replicas: 3));
        coordinator.Live();
        coordinator.Complete(0);
        coordinator.Complete(2);
        var effects = Ask(coordinator, Command.Cancel, out var reply);
        Assert.True(reply.Accepted);
        Assert.Equal([new EndRun(1, "cancelled by the user")], effects.OfType<EndRun>());
        Assert.Empty(coordinator.Tell(1, coordinator.Weights(0), replica: 1));
        Ask(coordinator, Command.Status, out reply);
        Assert.Equal("ended: cancelled by the user", reply.Entries[0].Value);
        foreach (var command in new[] { Command.Pause, Command.Resume, Command.Checkpoint, Command.Cancel })
        {
            Assert.Single(Ask(coordinator, command, out reply));
            Assert.False(reply.Accepted);
            Assert.Equal("the run has ended: extend it with leaps resume", reply.Text);
        }
    }

    [Fact]
    public void The_run_ends_when_all_replicas_are_complete_and_durable()
    {
        var coordinator = new CoordinatorUnderTest(SampleTasks.Small(replicas: 2));
        coordinator.Live();
        for (int window = 1; window <= 6; window++)
            coordinator.Tell(window, coordinator.Weights(0));
        Assert.DoesNotContain(coordinator.Settled, settled => settled.Replica == 1);
        Assert.DoesNotContain(coordinator.Journal, item => item.ReplicaCompleted is not null);
        var effects = coordinator.Store(6);
        Assert.Equal([new ReleaseReplica(0)], effects.OfType<ReleaseReplica>());
        Assert.Empty(effects.OfType<EndRun>());
        effects = coordinator.Complete(1);
        Assert.Equal([new EndRun(2, "")], effects.OfType<EndRun>());
        Assert.IsType<Persist>(effects[^2]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void It_stops_at_the_first_replicas_that_are_precise_enough_and_starts_no_more(int mostActive)
    {
        // Weights of spread 0.5 give a standard error near 0.09 a replica, 0.09 / √2 for two.
        var coordinator = new CoordinatorUnderTest(
            SampleTasks.Small(replicas: 5, standardError: 0.075), mostActive);
        coordinator.Live();
        var first = coordinator.Complete(0, spread: 0.5);
        double error = coordinator.State.Windows(0)[^1].LogZStdErr;
        Assert.InRange(error, 0.075, 0.075 * Math.Sqrt(2));
        Assert.Empty(first.OfType<EndRun>());
        coordinator.TakeAll(first.Sent<StartGroup>().Select(start => CoordinatorUnderTest.ReadyOf(start)));
        var second = coordinator.Complete(1, spread: 0.5);
        Assert.Equal([new EndRun(2, "")], second.OfType<EndRun>());
        Assert.Empty(second.Sent<StartGroup>());
        Assert.Equal(2, coordinator.State.End!.Replicas);
    }

    [Fact]
    public void It_ends_at_once_when_a_standard_error_is_set_that_is_reached()
    {
        var coordinator = new CoordinatorUnderTest(SampleTasks.Small(replicas: 3));
        coordinator.Live();
        coordinator.Complete(0, spread: 0.5);
        var effects = Ask(coordinator, Command.Set, out var reply, StandardError, "0.2");
        Assert.True(reply.Accepted);
        Assert.Equal([new EndRun(1, "")], effects.OfType<EndRun>());
    }

    [Fact]
    public void No_more_replicas_are_placed_than_may_be_active()
    {
        var coordinator = new CoordinatorUnderTest(SampleTasks.Small(replicas: 4), mostActive: 2);
        Assert.Equal([0, 1, 2, 3], coordinator.Live().Sent<StartGroup>().Select(start => start.Group));
        Assert.Equal([4, 5], coordinator.Complete(1).Sent<StartGroup>().Select(start => start.Group));
        Assert.Equal([6, 7], coordinator.Complete(0).Sent<StartGroup>().Select(start => start.Group));
    }

    [Fact]
    public void A_run_that_has_ended_goes_on_when_it_is_extended()
    {
        var coordinator = new CoordinatorUnderTest(SampleTasks.Small());
        coordinator.Live();
        coordinator.Complete(0);
        var extended = coordinator.RebornAfter(
            new CoordinatorEvent { RunExtended = new RunExtended { Replicas = 3 } });
        Assert.Null(extended.State.End);
        Assert.False(extended.State.Paused);
        var effects = extended.Live();
        Assert.Equal([2, 3, 4, 5], effects.Sent<StartGroup>().Select(start => start.Group));
        extended.Complete(1);
        Assert.Equal([new EndRun(3, "")], extended.Complete(2).OfType<EndRun>());
        Assert.Equal(coordinator.State.Windows(0), extended.State.Windows(0));
    }

    [Fact]
    public void When_the_time_is_up_what_is_complete_is_the_result()
    {
        var coordinator = new CoordinatorUnderTest(SampleTasks.Small(replicas: 2));
        coordinator.Live();
        Assert.IsType<StopRun>(Assert.Single(coordinator.Take(new TimeIsUp())));
        Assert.Null(coordinator.State.End);
        coordinator.Complete(0);
        Assert.Equal([new EndRun(1, "the time is up")],
            coordinator.Take(new TimeIsUp()).OfType<EndRun>());
    }

    [Fact]
    public void A_failure_stops_the_run_and_leaves_its_journal_as_it_is()
    {
        var coordinator = Live();
        var failure = new Failure { Actor = "group-1", Cause = "Walker 7, window 3: λ is NaN." };
        Assert.Equal([new StopRun("group-1: Walker 7, window 3: λ is NaN.")], coordinator.Take(failure));
    }

    private static CoordinatorUnderTest Live()
    {
        var coordinator = new CoordinatorUnderTest(SampleTasks.Small());
        coordinator.Live();
        return coordinator;
    }

    private static System.Collections.Immutable.ImmutableArray<Effect> Ask(CoordinatorUnderTest coordinator,
        Command command, out ControlReply reply, string key = "", string value = "")
    {
        var request = new ControlRequest { Request = 8, Command = command, Key = key, Value = value };
        var effects = coordinator.Take(new ControlAsked("console-1", request));
        var send = Assert.Single(effects.OfType<Send>(), send => send.Body is ControlReply);
        reply = (ControlReply)send.Body;
        Assert.Equal(("console-1", 8), (send.Recipient, reply.Request));
        return effects;
    }
}
