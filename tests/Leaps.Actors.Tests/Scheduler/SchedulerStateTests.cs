using Leaps.Actors.Protocol;
using Leaps.Actors.Scheduler;
using Leaps.Actors.Tests.Coordinator;
using static Leaps.Actors.Tests.Scheduler.SchedulerUnderTest;
using Command = Leaps.Actors.Protocol.ClusterRequest.Types.Command;

namespace Leaps.Actors.Tests.Scheduler;

/// <summary>Who lives where: placing, leaving, and what is adopted.</summary>
public sealed class SchedulerStateTests
{
    [Fact]
    public void A_run_gets_a_home_and_the_groups_that_its_home_needs_spread_over_the_nodes()
    {
        var cluster = new SchedulerUnderTest();
        foreach (string name in new[] { "n1", "n2", "n3" }) cluster.Join(name);
        var run = cluster.Submit(needs: Groups(8));
        cluster.Settle();
        Assert.Equal(["n1"], cluster.NodesOf(ActorKey.HomeOf(run)));
        Assert.Equal([3, 3, 3], cluster.Nodes.Values.Select(node => node.Hosted.Count));
        for (int group = 0; group < 8; group++)
            Assert.Single(cluster.NodesOf(Group(run, group)));
        Assert.Equal(("running", 9, "n1"), (cluster.Overview(run).State, cluster.Overview(run).Actors,
            cluster.Overview(run).Home));
    }

    [Fact]
    public void Groups_of_all_replicas_that_are_needed_are_placed_and_no_others()
    {
        var cluster = new SchedulerUnderTest();
        cluster.Join("n1");
        var needs = Groups(2);
        needs.Replicas.Clear();
        needs.Replicas.Add([1, 3]);
        var run = cluster.Submit(needs: needs);
        cluster.Settle();
        Assert.Equal([ActorKey.HomeOf(run), Group(run, 2), Group(run, 3), Group(run, 6), Group(run, 7)],
            cluster.Nodes["n1"].Hosted.Keys);
        needs = needs.Clone();
        needs.Replicas.RemoveAt(0);
        cluster.Need(run, needs);
        cluster.Settle();
        Assert.Equal([ActorKey.HomeOf(run), Group(run, 6), Group(run, 7)], cluster.Nodes["n1"].Hosted.Keys);
    }

    [Fact]
    public void Nothing_is_placed_before_the_nodes_had_time_to_tell_what_lives_there()
    {
        var cluster = new SchedulerUnderTest();
        cluster.Join("n1");
        cluster.Join("n2");
        var run = cluster.Submit(needs: Groups(6));
        cluster.Settle();
        var before = cluster.Nodes.ToDictionary(item => item.Key, item => item.Value.Hosted.Keys.ToArray());

        var next = cluster.Reborn();
        Assert.Empty(next.Begun.Sent<Assignment>());
        // The node without the home comes first: its groups stay though nobody has told what is needed.
        Assert.Equal(before["n2"], Actors(next.Beat("n2").Sent<Assignment>().Single()));
        Assert.Equal("for the nodes to tell what lives there", next.Overview(run).Text);
        Assert.Equal(before["n1"], Actors(next.Beat("n1").Sent<Assignment>().Single(a => a.Node == "n1")));
        next.Settle();
        next.Pass(Times.Grace);
        next.Settle();
        Assert.Equal(before,
            next.Nodes.ToDictionary(item => item.Key, item => item.Value.Hosted.Keys.ToArray()));
    }

    [Theory]
    // The database was away for all, as far as anybody tells.
    [InlineData("n2", 5, false)]
    [InlineData("n1", 3600, false)]
    // n2 had it all the time.
    [InlineData("n2", 3600, true)]
    public void A_scheduler_whose_database_was_away_waits_for_a_lease_unless_a_node_had_it_meanwhile(
        string vouches, double seconds, bool isBelieved)
    {
        var cluster = new SchedulerUnderTest();
        cluster.Join("n1");
        cluster.Join("n2");
        cluster.Join("n3");
        cluster.Submit(needs: Groups(6));
        cluster.Settle();
        cluster.Nodes.Remove("n3");

        var next = cluster.Reborn(away: TimeSpan.FromSeconds(8));
        next.Nodes[vouches].Sound = TimeSpan.FromSeconds(seconds);
        // Before it knows of this scheduler, its word may be as old as the outage.
        next.Beat(vouches);
        next.Pass(Times.Grace);
        Assert.True(next.State.IsListening);
        next.Settle();
        int living = next.Nodes.Values.Sum(node => node.Hosted.Count);
        Assert.Equal(isBelieved, living == 7);
        next.Pass(Times.Lease - Times.Grace);
        next.Settle();
        Assert.Equal(7, next.Nodes.Values.Sum(node => node.Hosted.Count));
    }

    [Fact]
    public void Every_node_that_beats_hears_of_the_scheduler_a_few_times_a_lease()
    {
        var cluster = new SchedulerUnderTest();
        cluster.Join("n1");
        cluster.Join("n2");
        cluster.Submit(needs: Groups(4));
        cluster.Settle();
        Assert.Empty(cluster.Beat("n1").Sent<Assignment>());
        cluster.Pass(TimeSpan.FromSeconds(4));
        var sign = Assert.Single(cluster.Beat("n1").Sent<Assignment>());
        Assert.Equal(("n1", cluster.Nodes["n1"].Followed!.Version), (sign.Node, sign.Version));
        Assert.Empty(cluster.Beat("n1").Sent<Assignment>());
        Assert.Equal("n2", Assert.Single(cluster.Beat("n2").Sent<Assignment>()).Node);
    }

    [Fact]
    public void An_actor_that_two_nodes_report_stays_where_it_was_seen_first()
    {
        var cluster = new SchedulerUnderTest();
        cluster.Join("n1");
        var run = cluster.Submit();
        cluster.Settle();
        cluster.Nodes["n2"] = new FakeNode("n2", 100, "simd-fma");
        _ = cluster.Nodes["n2"].Session;
        cluster.Nodes["n2"].Hosted[ActorKey.HomeOf(run)] = false;
        Assert.Empty(cluster.Beat("n2").Sent<Assignment>().Single(a => a.Node == "n2").Actors);
        cluster.Settle();
        Assert.Equal(["n1"], cluster.NodesOf(ActorKey.HomeOf(run)));
    }

    [Fact]
    public void A_node_that_says_nothing_for_a_lease_is_gone_and_its_actors_live_elsewhere()
    {
        var cluster = new SchedulerUnderTest();
        cluster.Join("n1");
        var run = cluster.Submit(needs: Groups(2));
        cluster.Settle();
        cluster.Join("n2");
        cluster.Nodes.Remove("n1");
        cluster.Live(TimeSpan.FromSeconds(9));
        Assert.Empty(cluster.NodesOf(ActorKey.HomeOf(run)));
        cluster.Live(TimeSpan.FromSeconds(4));
        Assert.Equal(["n2"], cluster.NodesOf(ActorKey.HomeOf(run)));
        Assert.Equal(["n2"], cluster.NodesOf(Group(run, 1)));
        Assert.Equal("n2", Assert.Single(cluster.Reply(Command.List).Nodes).Node);
    }

    [Fact]
    public void A_node_that_vanished_is_gone_at_once_unless_it_was_another_session()
    {
        var cluster = new SchedulerUnderTest();
        var first = cluster.Join("n1");
        var run = cluster.Submit();
        cluster.Settle();
        cluster.Join("n2");
        var session = first.Session;
        first.Restart();
        cluster.Settle();
        // The home was placed anew when the node came back as another process.
        string home = Assert.Single(cluster.NodesOf(ActorKey.HomeOf(run)));
        Assert.Empty(cluster.Take(new NodeVanished("n1", session)));
        var effects = cluster.Take(new NodeVanished(home, cluster.Nodes[home].Session));
        Assert.Equal([ActorKey.HomeOf(run)],
            effects.Sent<Assignment>().SelectMany(assignment => Actors(assignment)));
    }

    [Fact]
    public void Beats_that_come_late_or_twice_or_from_a_session_that_was_replaced_change_nothing()
    {
        var cluster = new SchedulerUnderTest();
        var node = cluster.Join("n1");
        cluster.Submit();
        cluster.Settle();
        var old = node.Beat();
        var recent = node.Beat();
        cluster.Take(recent);
        var before = cluster.State;
        Assert.Empty(cluster.Take(recent));
        Assert.Empty(cluster.Take(old));
        Assert.Equal(before, cluster.State);
        node.Restart();
        cluster.Beat("n1");
        before = cluster.State;
        recent.Beat += 100;
        Assert.Empty(cluster.Take(recent));
        Assert.Equal(before, cluster.State);
    }

    [Fact]
    public void Leases_count_anew_when_the_scheduler_itself_was_cut_off_or_stood_still()
    {
        var cluster = new SchedulerUnderTest();
        cluster.Join("n1");
        cluster.Live(TimeSpan.FromSeconds(5));
        cluster.Pass(TimeSpan.FromSeconds(8));
        cluster.Take(new LeasesSuspended());
        cluster.Pass(TimeSpan.FromSeconds(8));
        Assert.Single(cluster.Reply(Command.List).Nodes);
        var now = cluster.State.Now;
        cluster.Take(new Tick(now + TimeSpan.FromMinutes(3)));
        Assert.Single(cluster.Reply(Command.List).Nodes);
        for (int second = 1; second <= 12; second++)
            cluster.Take(new Tick(now + TimeSpan.FromMinutes(3) + TimeSpan.FromSeconds(second)));
        Assert.Empty(cluster.Reply(Command.List).Nodes);
    }

    [Fact]
    public void An_actor_is_placed_elsewhere_only_when_its_node_has_followed_and_hosts_it_no_more()
    {
        var cluster = new SchedulerUnderTest();
        cluster.Join("n1");
        var run = cluster.Submit();
        cluster.Settle();
        cluster.Join("n2");
        cluster.Reply(Command.Drain, key: "n1", user: Administrator);
        var leave = cluster.Nodes["n1"].Told!;
        Assert.Equal([true], leave.Actors.Select(actor => actor.Leave));

        // It follows, and the home is still busy.
        cluster.Nodes["n1"].Follow(leave);
        Assert.Empty(cluster.Beat("n1"));
        Assert.Empty(cluster.Nodes["n2"].Told!.Actors);
        Assert.Equal("draining", Node(cluster, "n1").State);
        cluster.Nodes["n1"].EndLeaving();
        Assert.Contains(cluster.Beat("n1").Sent<Assignment>(),
            assignment => assignment.Node == "n2" && Actors(assignment).Contains(ActorKey.HomeOf(run)));
        cluster.Settle();
        Assert.Equal(["n2"], cluster.NodesOf(ActorKey.HomeOf(run)));
        Assert.Equal("drained", Node(cluster, "n1").State);
    }

    [Fact]
    public void A_beat_sent_before_the_order_to_leave_came_frees_nothing()
    {
        var cluster = new SchedulerUnderTest();
        var first = cluster.Join("n1");
        var run = cluster.Submit();         // assigned, and the assignment is still on its way
        cluster.Join("n2");
        cluster.Reply(Command.Drain, key: "n1", user: Administrator);
        cluster.Beat("n1");
        Assert.Empty(cluster.Nodes["n2"].Told!.Actors);
        first.Obey();
        cluster.Beat("n1");
        Assert.Equal([ActorKey.HomeOf(run)], Actors(cluster.Nodes["n2"].Told!));
    }

    [Fact]
    public void A_node_that_wants_to_go_is_emptied_as_if_drained()
    {
        var cluster = new SchedulerUnderTest();
        cluster.Join("n1");
        cluster.Join("n2");
        var run = cluster.Submit(needs: Groups(4));
        cluster.Settle();
        cluster.Nodes["n1"].Leaving = true;
        cluster.Settle();
        Assert.Empty(cluster.Nodes["n1"].Hosted);
        Assert.Equal(5, cluster.Nodes["n2"].Hosted.Count);
        Assert.Equal("leaving", Node(cluster, "n1").State);
        Assert.Equal("n2", cluster.Overview(run).Home);
    }

    [Fact]
    public void What_a_home_needed_stays_when_it_moves_until_its_successor_says_otherwise()
    {
        var cluster = new SchedulerUnderTest();
        cluster.Join("n1");
        cluster.Join("n2");
        var run = cluster.Submit(needs: Groups(4));
        cluster.Settle();
        foreach (var node in cluster.Nodes.Values) node.Needs.Clear();
        cluster.Reply(Command.Drain, key: cluster.Overview(run).Home, user: Administrator);
        cluster.Live(TimeSpan.FromMinutes(1));
        Assert.Equal(5, cluster.Nodes["n2"].Hosted.Count);
        cluster.Need(run, Groups(1));
        cluster.Settle();
        Assert.Equal([ActorKey.HomeOf(run), Group(run, 0)], cluster.Nodes["n2"].Hosted.Keys);
    }

    [Fact]
    public void An_assignment_that_was_lost_is_sent_again_when_the_node_beats()
    {
        var cluster = new SchedulerUnderTest();
        var node = cluster.Join("n1");
        cluster.Submit();
        var again = Assert.Single(cluster.Beat("n1").Sent<Assignment>());
        Assert.Single(again.Actors);
        Assert.Equal(again, Assert.Single(cluster.Beat("n1").Sent<Assignment>()));
        node.Obey();
        Assert.Empty(cluster.Beat("n1"));
    }

    [Fact]
    public void All_nodes_hear_how_many_threads_there_are()
    {
        var cluster = new SchedulerUnderTest();
        cluster.Join("n1");
        Assert.Equal(4, cluster.Nodes["n1"].Told!.ClusterThreads);
        cluster.Join("n2");
        Assert.Equal(8, cluster.Nodes["n1"].Told!.ClusterThreads);
        cluster.Take(new NodeVanished("n2", cluster.Nodes["n2"].Session));
        Assert.Equal(4, cluster.Nodes["n1"].Told!.ClusterThreads);
    }

    [Fact]
    public void A_scheduler_whose_journal_is_older_than_its_nodes_orders_passes_their_epoch()
    {
        var cluster = new SchedulerUnderTest();
        var node = cluster.Join("n1");
        node.Follow(new Assignment { Session = node.Session, SchedulerEpoch = 7, Version = 3 });
        var effects = cluster.Beat("n1");
        Assert.Equal(8, Assert.Single(Events(effects)).EpochRaised.Epoch);
        Assert.IsType<Persist>(effects[0]);
        Assert.Equal(8, Assert.Single(effects.Sent<Assignment>()).SchedulerEpoch);
    }

    private static NodeOverview Node(SchedulerUnderTest cluster, string name) =>
        cluster.Reply(Command.List).Nodes.Single(node => node.Node == name);

    private static ActorKey[] Actors(Assignment assignment) =>
        [.. assignment.Actors.Select(actor => ActorKey.Of(actor.Address))];
}
