using Leaps.Actors.Protocol;
using Leaps.Actors.Scheduler;
using static Leaps.Actors.Tests.Scheduler.SchedulerUnderTest;
using Command = Leaps.Actors.Protocol.ClusterRequest.Types.Command;
using Outcome = Leaps.Actors.Protocol.RunConcluded.Types.Outcome;

namespace Leaps.Actors.Tests.Scheduler;

/// <summary>What runs need, how they fail, end and go on.</summary>
public sealed class SchedulerRunTests
{
    [Fact]
    public void Without_a_node_a_run_waits_and_says_for_what()
    {
        var cluster = new SchedulerUnderTest();
        var run = cluster.Submit();
        Assert.Equal(("waiting", "for a node"), State(cluster, run));
        cluster.Join("n1");
        Assert.Equal(("running", ""), State(cluster, run));
        cluster.Need(run, Groups(2, device: "cuda-sm90"));
        cluster.Settle();
        Assert.Equal(("waiting", "for a node with device cuda-sm90"), State(cluster, run));
        Assert.Empty(cluster.Nodes["n1"].Hosted);
        cluster.Join("n2", device: "cuda-sm90").Needs[run] = Groups(2, device: "cuda-sm90");
        cluster.Settle();
        Assert.Equal(("running", ""), State(cluster, run));
        Assert.Equal(3, cluster.Nodes["n2"].Hosted.Count);
    }

    [Fact]
    public void A_maker_of_rollouts_lives_apart_from_the_home_that_trains_which_weighs_four()
    {
        var cluster = new SchedulerUnderTest();
        cluster.Join("n1");
        cluster.Join("n2");
        var run = cluster.Submit(needs: new RunNeeds { Rollouts = true });
        cluster.Settle();
        Assert.Equal(["n1"], cluster.NodesOf(ActorKey.HomeOf(run)));
        Assert.Equal(["n2"], cluster.NodesOf(new ActorKey(run, "run", ActorNames.RolloutMaker)));
        // 4 on n1 and 1 on n2: the next three go to n2.
        var other = cluster.Submit("other", needs: Groups(2));
        cluster.Settle();
        Assert.Equal(["n2"], cluster.NodesOf(ActorKey.HomeOf(other)));
        Assert.Equal(["n2"], cluster.NodesOf(Group(other, 1)));
    }

    [Fact]
    public void A_run_on_fewer_nodes_keeps_those_with_most_of_its_groups_and_spreads_again_when_it_may()
    {
        var cluster = new SchedulerUnderTest();
        foreach (string name in new[] { "n1", "n2", "n3" }) cluster.Join(name);
        var run = cluster.Submit(needs: Groups(9));
        cluster.Settle();
        Assert.True(cluster.Reply(Command.Scale, "run", value: "2").Accepted);
        cluster.Settle();
        Assert.Equal(2, GroupNodes(cluster, run));
        cluster.Reply(Command.Scale, "run", value: "1");
        cluster.Settle();
        Assert.Equal(1, GroupNodes(cluster, run));
        Assert.Equal(1, cluster.Reborn().Overview(run).Scale);
        cluster.Reply(Command.Scale, "run", value: "0");
        cluster.Settle(200);
        Assert.Equal(3, GroupNodes(cluster, run));
        Assert.All(cluster.Nodes.Values, node => Assert.InRange(node.Hosted.Count, 3, 4));
    }

    [Fact]
    public void A_node_that_joins_gets_its_share_by_speed_a_few_groups_at_a_time()
    {
        var cluster = new SchedulerUnderTest();
        cluster.Join("n1", speed: 100);
        cluster.Submit(needs: Groups(15));
        cluster.Settle();
        cluster.Join("n2", speed: 300);
        Assert.Equal(4, cluster.Nodes["n1"].Told!.Actors.Count(actor => actor.Leave));
        cluster.Settle(200);
        Assert.InRange(cluster.Nodes["n1"].Hosted.Count, 3, 5);
        Assert.Equal(16, cluster.Nodes.Values.Sum(node => node.Hosted.Count));
        var told = cluster.Nodes["n1"].Told;
        cluster.Settle(20);
        Assert.Same(told, cluster.Nodes["n1"].Told);
    }

    [Fact]
    public void An_actor_that_was_lost_is_placed_elsewhere_or_again_where_it_was_when_there_is_no_other()
    {
        var cluster = new SchedulerUnderTest();
        cluster.Join("n1");
        var run = cluster.Submit(needs: Groups(1));
        cluster.Settle();
        cluster.Nodes["n1"].Lose(Group(run, 0));
        cluster.Settle();
        Assert.Equal(["n1"], cluster.NodesOf(Group(run, 0)));
        cluster.Join("n2");
        cluster.Nodes["n1"].Lose(Group(run, 0));
        cluster.Settle();
        Assert.Equal(["n2"], cluster.NodesOf(Group(run, 0)));
    }

    [Fact]
    public void The_fourth_loss_of_an_actor_within_ten_minutes_stops_its_run_with_the_cause()
    {
        var cluster = new SchedulerUnderTest();
        cluster.Join("n1");
        var run = cluster.Submit(needs: Groups(4));
        cluster.Settle();
        for (int loss = 1; loss <= 3; loss++)
        {
            cluster.Nodes["n1"].Lose(Group(run, 3), "λ is NaN");
            cluster.Live(TimeSpan.FromMinutes(2));
            Assert.Equal("running", State(cluster, run).State);
        }
        cluster.Nodes["n1"].Lose(Group(run, 3), "λ is NaN");
        cluster.Settle();
        Assert.Equal(("stopped", "group-3 failed 4 times: λ is NaN"), State(cluster, run));
        Assert.Empty(cluster.Nodes["n1"].Hosted);
        var moved = Assert.Single(cluster.Journal, item => item.RunMoved is not null).RunMoved;
        Assert.Equal(Outcome.Stopped, moved.Concluded.Outcome);

        // Mended and resumed it has its three losses again.
        Assert.True(cluster.Reply(Command.Resume, "run").Accepted);
        cluster.Settle();
        Assert.Equal(5, cluster.Nodes["n1"].Hosted.Count);
        cluster.Nodes["n1"].Lose(Group(run, 3));
        cluster.Settle();
        Assert.Equal("running", State(cluster, run).State);
    }

    [Fact]
    public void An_actor_that_ended_because_it_was_fenced_is_placed_again_and_that_is_no_failure()
    {
        var cluster = new SchedulerUnderTest();
        cluster.Join("n1");
        var run = cluster.Submit(needs: Groups(1));
        cluster.Settle();
        for (int time = 1; time <= 6; time++)
        {
            cluster.Nodes["n1"].Lose(Group(run, 0), cause: null);
            cluster.Settle(3);
            Assert.Equal(["n1"], cluster.NodesOf(Group(run, 0)));
        }
    }

    [Fact]
    public void Losses_of_actors_that_an_earlier_scheduler_had_placed_count_and_heal_as_well()
    {
        var cluster = new SchedulerUnderTest();
        cluster.Join("n1");
        var run = cluster.Submit(needs: Groups(2));
        cluster.Settle();
        var next = cluster.Reborn(listening: false);
        next.Settle();
        for (int loss = 1; loss <= 3; loss++)
        {
            next.Nodes["n1"].Lose(Group(run, 1));
            next.Settle(3);
            Assert.Equal(["n1"], next.NodesOf(Group(run, 1)));
        }
        next.Nodes["n1"].Lose(Group(run, 1));
        next.Settle(3);
        Assert.Equal("stopped", State(next, run).State);
    }

    [Fact]
    public void Losses_that_lie_far_apart_stop_nothing()
    {
        var cluster = new SchedulerUnderTest();
        cluster.Join("n1");
        var run = cluster.Submit(needs: Groups(1));
        cluster.Settle();
        for (int loss = 1; loss <= 8; loss++)
        {
            cluster.Nodes["n1"].Lose(Group(run, 0));
            cluster.Live(TimeSpan.FromMinutes(4));
        }
        Assert.Equal("running", State(cluster, run).State);
        Assert.Equal(["n1"], cluster.NodesOf(Group(run, 0)));
    }

    [Theory]
    [InlineData(Outcome.Complete, "complete")]
    [InlineData(Outcome.Cancelled, "cancelled")]
    [InlineData(Outcome.Stopped, "stopped")]
    public void A_run_that_its_home_concludes_is_over_once_and_its_actors_end(Outcome outcome, string state)
    {
        var cluster = new SchedulerUnderTest();
        cluster.Join("n1");
        cluster.Join("n2");
        var run = cluster.Submit(needs: Groups(4));
        cluster.Settle();
        var concluded = new RunConcluded { Outcome = outcome, Text = "so it is" };
        foreach (var node in cluster.Nodes.Values) node.Ends[run] = concluded;
        string home = cluster.Overview(run).Home;
        cluster.Beat(home);
        cluster.Beat(home);
        cluster.Settle();
        var moved = Assert.Single(cluster.Journal, item => item.RunMoved is not null).RunMoved;
        Assert.Equal(concluded, moved.Concluded);
        Assert.Equal((state, "so it is"), State(cluster, run));
        Assert.All(cluster.Nodes.Values, node => Assert.Empty(node.Hosted));
        Assert.Equal((state, "so it is"), State(cluster.Reborn(), run));
    }

    [Fact]
    public void A_home_that_ended_before_its_run_was_resumed_does_not_end_it_again()
    {
        var cluster = new SchedulerUnderTest();
        var node = cluster.Join("n1");
        var run = cluster.Submit();
        cluster.Settle();
        node.Ends[run] = new RunConcluded { Outcome = Outcome.Stopped, Text = "disk" };
        cluster.Beat("n1");                                 // it does not hear that the run is over
        Assert.True(cluster.Reply(Command.Resume, "run").Accepted);
        cluster.Beat("n1");
        Assert.Null(cluster.Journal[^1].RunMoved.Concluded);
        // Not even to a scheduler that never saw it live.
        var next = cluster.Reborn(listening: false);
        next.Beat("n1");
        Assert.Equal("waiting", State(next, run).State);
        node.Obey();
        node.Ends.Clear();
        next.Settle();
        Assert.Equal(("running", ""), State(next, run));
        Assert.Equal(["n1"], next.NodesOf(ActorKey.HomeOf(run)));
    }

    [Fact]
    public void The_journal_alone_restores_runs_their_ends_and_scales_and_what_is_drained()
    {
        var cluster = new SchedulerUnderTest();
        cluster.Join("n1");
        cluster.Submit("first", "ada");
        var second = cluster.Submit("second", "bob");
        var third = cluster.Submit("third", "bob");
        cluster.Reply(Command.Scale, "second", value: "3", user: "bob");
        cluster.Settle();
        cluster.Nodes["n1"].Ends[second] = new RunConcluded { Outcome = Outcome.Stopped, Text = "why" };
        cluster.Nodes["n1"].Ends[third] = new RunConcluded { Outcome = Outcome.Complete };
        cluster.Settle();
        cluster.Reply(Command.Resume, "second", user: "bob");
        cluster.Ask(Command.Forget, "third", user: "bob");
        cluster.Take(new RunDeleted(third));
        cluster.Reply(Command.Drain, key: "n1", user: Administrator);
        var recovered = SchedulerState.Recover(cluster.Journal);
        Assert.Equal(cluster.State.Epoch, recovered.Epoch);
        Assert.Equal(cluster.State.Drained, recovered.Drained);
        Assert.Equal(
            cluster.State.Runs.Values.Select(run => run with { Needs = null }).OrderBy(run => run.Run),
            recovered.Runs.Values.OrderBy(run => run.Run));
        Assert.Equal(2, recovered.Runs.Count);
        Assert.Equal(recovered.Epoch + 1, cluster.Reborn().State.Epoch);
    }

    private static (string State, string Text) State(SchedulerUnderTest cluster, Guid run) =>
        (cluster.Overview(run).State, cluster.Overview(run).Text);

    private static int GroupNodes(SchedulerUnderTest cluster, Guid run) => cluster.Nodes.Values.Count(
        node => node.Hosted.Keys.Any(actor => actor.Run == run && actor.IsGroup));
}
