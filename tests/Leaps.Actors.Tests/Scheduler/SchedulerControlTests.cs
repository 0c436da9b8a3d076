using Leaps.Actors.Protocol;
using Leaps.Actors.Scheduler;
using Leaps.Actors.Tests.Coordinator;
using static Leaps.Actors.Tests.Scheduler.SchedulerUnderTest;
using Command = Leaps.Actors.Protocol.ClusterRequest.Types.Command;

namespace Leaps.Actors.Tests.Scheduler;

/// <summary>What users ask, who may, and how it is answered.</summary>
public sealed class SchedulerControlTests
{
    private readonly SchedulerUnderTest _cluster = new();

    [Fact]
    public void A_run_is_there_once_its_files_are_stored_and_submitting_it_again_does_nothing()
    {
        var id = Guid.Parse("0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9");
        var request = new ClusterRequest
        {
            Request = 5,
            Command = Command.Submit,
            Submit = new SubmitRun
            {
                RunId = Envelope.RunIdBytes(id),
                Name = "ising",
                Configuration = "x",
            },
        };
        var asked = new Asked(Asker, Owner, request, 1_700);
        Assert.Equal(new StoreSubmission(Asker, Owner, request, 1_700), Assert.Single(_cluster.Take(asked)));
        Assert.Empty(_cluster.State.Runs);

        var stored = new SubmissionStored(Asker, Owner, request, 1_700);
        var effects = _cluster.Take(stored);
        Assert.Equal(new RunSubmitted
        {
            RunId = request.Submit.RunId,
            Name = "ising",
            Owner = Owner,
            Submitted = 1_700,
        }, Assert.Single(Events(effects)).RunSubmitted);
        Assert.IsType<Persist>(effects[0]);
        var reply = Assert.Single(effects.Sent<ClusterReply>());
        Assert.Equal((5, true, "run ising is submitted; it waits for a node"),
            (reply.Request, reply.Accepted, reply.Text));

        foreach (object again in new object[] { asked, stored })
        {
            effects = _cluster.Take(again);
            Assert.Empty(Events(effects));
            Assert.True(Assert.Single(effects.Sent<ClusterReply>()).Accepted);
        }
        Assert.False(Assert.Single(_cluster.Take(asked with { User = "bob" }).Sent<ClusterReply>()).Accepted);
    }

    [Theory]
    [InlineData(Command.Status)]
    [InlineData(Command.Pause)]
    [InlineData(Command.Resume)]
    [InlineData(Command.Checkpoint)]
    [InlineData(Command.Cancel)]
    [InlineData(Command.Set)]
    [InlineData(Command.Log)]
    public void The_home_of_a_run_answers_for_it_where_it_lives(Command command)
    {
        var run = _cluster.Submit();
        _cluster.Join("n1");
        _cluster.Settle();
        var ask = Assert.IsType<AskHome>(Assert.Single(_cluster.Ask(command, "run", "key", "value")));
        Assert.Equal(("n1", Asker, run, command), (ask.Node, ask.Asker, ask.Run, ask.Request.Command));
    }

    [Fact]
    public void A_run_without_a_home_tells_what_it_waits_for_and_can_only_be_cancelled()
    {
        var run = _cluster.Submit();
        var status = _cluster.Reply(Command.Status, "run");
        Assert.Equal(("waiting for a node", true), (status.Text, status.Accepted));
        Assert.Equal("state waiting, text for a node",
            string.Join(", ", status.Entries.Select(entry => $"{entry.Key} {entry.Value}")));
        var refused = _cluster.Reply(Command.Pause, "run");
        Assert.False(refused.Accepted);
        Assert.Equal("run run has no home at present (waiting for a node): ask again in a few seconds",
            refused.Text);
        Assert.True(_cluster.Reply(Command.Cancel, "run").Accepted);
        Assert.Equal("cancelled", _cluster.Overview(run).State);
        // A scheduler that has just begun can't know whether there is a home.
        _cluster.Submit("other");
        Assert.False(_cluster.Reborn().Reply(Command.Cancel, "other").Accepted);
    }

    [Fact]
    public void A_run_that_is_over_answers_from_the_journal_and_goes_on_only_when_resumed()
    {
        _cluster.Join("n1");
        var run = _cluster.Submit();
        _cluster.Settle();
        _cluster.Nodes["n1"].Ends[run] = new RunConcluded
        {
            Outcome = RunConcluded.Types.Outcome.Stopped,
            Text = "the disk is full",
        };
        _cluster.Settle();
        Assert.Equal("stopped the disk is full", _cluster.Reply(Command.Status, "run").Text);
        Assert.Equal((false, "run run is stopped: the disk is full"),
            (_cluster.Reply(Command.Pause, "run").Accepted, _cluster.Reply(Command.Set, "run", "k").Text));
        Assert.IsType<FetchFile>(Assert.Single(_cluster.Ask(Command.Fetch, "run")));

        _cluster.Nodes["n1"].Ends.Clear();
        Assert.Equal("run run goes on", _cluster.Reply(Command.Resume, "run").Text);
        Assert.Equal(["n1"], _cluster.Nodes["n1"].Told!.Actors.Select(_ => _cluster.Overview(run).Home));
        _cluster.Settle();
        _cluster.Nodes["n1"].Ends[run] = new RunConcluded { Outcome = RunConcluded.Types.Outcome.Complete };
        _cluster.Settle();
        Assert.Equal((false, "run run is complete"),
            (_cluster.Reply(Command.Resume, "run").Accepted, _cluster.Reply(Command.Resume, "run").Text));
    }

    [Fact]
    public void Only_a_run_that_is_over_and_whose_actors_have_ended_is_forgotten()
    {
        var node = _cluster.Join("n1");
        var run = _cluster.Submit();
        _cluster.Settle();
        Assert.Equal("run run is not over: cancel it first", _cluster.Reply(Command.Forget, "run").Text);
        node.Ends[run] = new RunConcluded { Outcome = RunConcluded.Types.Outcome.Complete };
        _cluster.Beat("n1");
        Assert.StartsWith("actors of run run still end", _cluster.Reply(Command.Forget, "run").Text);
        _cluster.Settle();
        Assert.Equal(new ForgetRun(run), Assert.Single(_cluster.Ask(Command.Forget, "run")));
    }

    [Fact]
    public void A_run_is_forgotten_and_its_user_told_only_after_all_that_was_stored_of_it_is_deleted()
    {
        var run = End(RunConcluded.Types.Outcome.Stopped);
        Assert.Equal(new ForgetRun(run), Assert.Single(_cluster.Ask(Command.Forget, "run")));
        Assert.Single(_cluster.Reply(Command.List).Runs);
        // While it goes on: it is not done twice, and the run stays over.
        Assert.Empty(_cluster.Ask(Command.Forget, "run"));
        Assert.Equal("run run is being deleted", _cluster.Reply(Command.Resume, "run").Text);

        var effects = _cluster.Take(new RunDeleted(run));
        Assert.IsType<Persist>(effects[0]);
        Assert.Equal(Envelope.RunIdBytes(run), Assert.Single(Events(effects)).RunForgotten.RunId);
        Assert.True(Assert.Single(effects.Sent<ClusterReply>()).Accepted);
        Assert.Empty(_cluster.Reply(Command.List).Runs);
        Assert.Empty(_cluster.Take(new RunDeleted(run)));
        Assert.Empty(_cluster.Reborn().Reply(Command.List).Runs);
    }

    [Fact]
    public void A_run_that_could_not_be_deleted_or_whose_scheduler_died_meanwhile_is_still_there()
    {
        var run = End(RunConcluded.Types.Outcome.Stopped);
        _cluster.Ask(Command.Forget, "run");
        var effects = _cluster.Take(new RunDeleted(run, "the server refused"));
        Assert.Empty(Events(effects));
        var reply = Assert.Single(effects.Sent<ClusterReply>());
        Assert.Equal((false, "run run is not deleted: the server refused"), (reply.Accepted, reply.Text));

        _cluster.Ask(Command.Forget, "run");
        var next = _cluster.Reborn();
        next.Settle();
        next.Pass(Times.Grace);
        Assert.Equal(new ForgetRun(run), Assert.Single(next.Ask(Command.Forget, "run")));
        next.Take(new RunDeleted(run));
        Assert.Empty(next.Reply(Command.List).Runs);
    }

    [Fact]
    public void What_a_former_life_deleted_is_forgotten_unless_it_goes_on_again()
    {
        var run = End(RunConcluded.Types.Outcome.Stopped);
        var other = _cluster.Reborn();
        Assert.Single(Events(other.Take(new RunDeleted(run))));
        _cluster.Reply(Command.Resume, "run");
        Assert.Empty(Events(_cluster.Take(new RunDeleted(run))));
        Assert.Single(_cluster.Reply(Command.List).Runs);
    }

    // Nothing of it lives any more.
    private Guid End(RunConcluded.Types.Outcome outcome)
    {
        var node = _cluster.Join("n1");
        var run = _cluster.Submit();
        _cluster.Settle();
        node.Ends[run] = new RunConcluded { Outcome = outcome };
        _cluster.Settle();
        return run;
    }

    [Fact]
    public void A_home_is_told_how_often_its_user_had_the_run_go_on_and_its_successor_the_same()
    {
        int Told(string node) =>
            Assert.Single(_cluster.Nodes[node].Told!.Actors, actor => actor.Address.Actor == ActorNames.Home)
                .Resumptions;
        var run = End(RunConcluded.Types.Outcome.Stopped);
        _cluster.Nodes["n1"].Ends.Clear();
        _cluster.Reply(Command.Resume, "run");
        _cluster.Settle();
        Assert.Equal(1, Told("n1"));
        _cluster.Join("n2");
        _cluster.Take(new NodeVanished("n1", _cluster.Nodes["n1"].Session));
        _cluster.Nodes.Remove("n1");
        _cluster.Settle();
        Assert.Equal(("n2", 1), (_cluster.Overview(run).Home, Told("n2")));
    }

    [Fact]
    public void Runs_obey_their_owner_and_administrators_nodes_administrators_and_all_may_look()
    {
        _cluster.Join("n1");
        _cluster.Submit();
        _cluster.Settle();
        Command[] ofRuns =
            [Command.Status, Command.Cancel, Command.Scale, Command.Fetch, Command.Forget];
        foreach (var command in ofRuns)
        {
            Assert.Equal("run run belongs to ada; you are bob",
                _cluster.Reply(command, "run", user: "bob").Text);
            Assert.NotEmpty(_cluster.Ask(command, "run", value: "1", user: Administrator));
        }
        Assert.Single(_cluster.Reply(Command.List, user: "bob").Runs);
        foreach (var command in new[] { Command.Drain, Command.Undrain })
        {
            Assert.Equal("nodes are drained by administrators (root); you are ada",
                _cluster.Reply(command, key: "n1").Text);
            Assert.True(_cluster.Reply(command, key: "n1", user: Administrator).Accepted);
        }
        Assert.Contains("there is none",
            Rights.OwnersAlone.Problem("ada", Command.Drain), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_is_named_by_its_identifier_the_beginning_of_it_or_its_name()
    {
        var id = Guid.Parse("0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9");
        _cluster.Submit("ising", id: id);
        string[] names = ["ising", "0a1b", "0A1B2C3D", "0a1b2c3d-4e5f", id.ToString("N"), $"{id}"];
        foreach (string text in names)
            Assert.True(_cluster.Reply(Command.Status, text).Accepted);

        Assert.Equal("there is no run isin; near it: ising", _cluster.Reply(Command.Status, "isin").Text);
        Assert.Equal("there is no run potts", _cluster.Reply(Command.Status, "potts").Text);
        Assert.Equal("there is no run 0a1; near it: 0a1b2c3d", _cluster.Reply(Command.Status, "0a1").Text);
        _cluster.Submit("ising", id: Guid.Parse("0a1b2c99-4e5f-6071-8293-a4b5c6d7e8f9"));
        foreach (string text in new[] { "ising", "0a1b2c" })
        {
            Assert.Equal($"{text} may be any of 2 runs: 0a1b2c3d4e5f60718293a4b5c6d7e8f9 (ising), "
                + "0a1b2c994e5f60718293a4b5c6d7e8f9 (ising); name one by more of its identifier",
                _cluster.Reply(Command.Status, text).Text);
        }
        Assert.True(_cluster.Reply(Command.Status, "0a1b2c9").Accepted);
    }

    [Fact]
    public void A_node_that_is_unknown_is_refused_with_names_near_it_and_one_that_is_gone_can_be_undrained()
    {
        _cluster.Join("gpu-1");
        Assert.Equal("there is no node gpu1; near it: gpu-1",
            _cluster.Reply(Command.Drain, key: "gpu1", user: Administrator).Text);
        _cluster.Reply(Command.Drain, key: "gpu-1", user: Administrator);
        Assert.Equal("node gpu-1 is drained already",
            _cluster.Reply(Command.Drain, key: "gpu-1", user: Administrator).Text);
        var next = _cluster.Reborn(listening: false);
        Assert.Empty(next.Reply(Command.List).Nodes);
        Assert.Equal("node gpu-1 takes actors again",
            next.Reply(Command.Undrain, key: "gpu-1", user: Administrator).Text);
        Assert.Empty(next.State.Drained);
    }

    [Theory]
    [InlineData("two")]
    [InlineData("-1")]
    [InlineData("")]
    public void A_scale_that_is_no_number_is_refused(string value)
    {
        _cluster.Submit();
        Assert.Equal($"'{value}' is no number of nodes: give 1 or more, or 0 for all",
            _cluster.Reply(Command.Scale, "run", value: value).Text);
    }

    [Fact]
    public void The_list_has_runs_newest_first_and_nodes_by_name_with_the_one_that_schedules()
    {
        _cluster.Join("n2", speed: 50);
        _cluster.Join("n1");
        _cluster.Submit("first");
        _cluster.Submit("second");
        _cluster.Settle();
        _cluster.Pass(TimeSpan.FromSeconds(3));
        var list = _cluster.Reply(Command.List);
        Assert.Equal(["second", "first"], list.Runs.Select(run => run.Name));
        Assert.Equal(["n1", "n2"], list.Nodes.Select(node => node.Node));
        Assert.Equal([true, false], list.Nodes.Select(node => node.Schedules));
        Assert.Equal([3.0, 3.0], list.Nodes.Select(node => node.Silent));
        Assert.Equal(("alive", 50.0, 4, "simd-fma"),
            (list.Nodes[1].State, list.Nodes[1].Speed, list.Nodes[1].Threads, list.Nodes[1].Device));
    }
}
