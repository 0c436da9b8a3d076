using System.Text.Json;
using Leaps.Actors.Protocol;
using Leaps.Host.Commands;
using Leaps.Host.Execution;
using Leaps.Host.Execution.Cluster;
using Leaps.Host.Terminal;
using Ask = Leaps.Actors.Protocol.ClusterRequest.Types.Command;

namespace Leaps.Host.Tests.Cluster;

/// <summary>leaps ctl and leaps node: what is asked of the cluster, and what a person or a program
/// reads.</summary>
public sealed class ClusterCommandTests : IDisposable
{
    private const string First = "11112222333344445555666677778888";
    private const string Second = "aaaabbbbccccddddeeeeffff00001111";

    private readonly TemporaryFolder _folder = new();
    private readonly FakeCluster _cluster = new();

    public ClusterCommandTests() => _folder.Write("lab.yaml", FakeCluster.File);

    public void Dispose() => _folder.Dispose();

    private string File => _folder.PathOf("lab.yaml");

    private int Invoke(params string[] arguments) => _cluster.Invoke([.. arguments, "--cluster", File]);

    private JsonElement Json(params string[] arguments)
    {
        Assert.Equal((0, ""), (Invoke([.. arguments, "--json"]), _cluster.Error));
        using var document = JsonDocument.Parse(_cluster.Output);
        return document.RootElement.Clone();
    }

    private static ClusterReply List(params string[] states)
    {
        var reply = FakeCluster.Accepted("");
        string[] ids = [First, Second];
        reply.Runs.AddRange(states.Select((state, n) =>
            FakeCluster.Run(ids[n], $"ising-{n + 1}", state, state == "stopped" ? "disk full" : "")));
        reply.Nodes.Add(FakeCluster.NodeOf("n1", schedules: true));
        reply.Nodes.Add(FakeCluster.NodeOf("n2", "draining"));
        return reply;
    }

    [Theory]
    [InlineData(Ask.Status, "my-run", "", "", "status", "my-run")]
    [InlineData(Ask.Log, "my-run", "", "", "log", "my-run")]
    [InlineData(Ask.Pause, "my-run", "", "", "pause", "my-run")]
    [InlineData(Ask.Resume, "my-run", "", "", "resume", "my-run")]
    [InlineData(Ask.Checkpoint, "my-run", "", "", "checkpoint", "my-run")]
    [InlineData(Ask.Cancel, "my-run", "", "", "cancel", "my-run")]
    [InlineData(Ask.Set, "my-run", "train.learning-rate", "1e-4", "set",
        "my-run", "train.learning-rate=1e-4")]
    [InlineData(Ask.Scale, "my-run", "", "3", "scale", "my-run", "3")]
    [InlineData(Ask.Forget, "my-run", "", "", "forget", "my-run")]
    [InlineData(Ask.Drain, "", "n1", "", "drain", "n1")]
    [InlineData(Ask.Undrain, "", "n1", "", "undrain", "n1")]
    [InlineData(Ask.List, "", "", "", "list")]
    public void Every_action_asks_one_thing(
        Ask command, string run, string key, string value, params string[] arguments)
    {
        Assert.Equal((0, ""), (Invoke(["ctl", .. arguments]), _cluster.Error));
        Assert.Equal(new ClusterRequest { Command = command, Run = run, Key = key, Value = value },
            Assert.Single(_cluster.Asked));
        Assert.Equal("lab", _cluster.Connected!.Name);
        Assert.True(_cluster.IsDisposed);
        if (command is not (Ask.List or Ask.Log))
            Assert.Equal("done\n", _cluster.Output);
    }

    [Fact]
    public void A_refusal_is_one_line_that_names_the_cluster()
    {
        _cluster.Answer = _ => new ClusterReply { Text = "there is no run x; near it: y" };
        Assert.Equal(1, Invoke("ctl", "pause", "x"));
        Assert.Equal(("leaps: cluster lab: "
            + "there is no run x; near it: y", ""), (_cluster.Error, _cluster.Output));
        _cluster.Answer = _ => new ClusterReply();
        Assert.Equal(1, Invoke("ctl", "pause", "x"));
        Assert.Equal("leaps: cluster lab refuses without a reason (run x): look into the log of the node "
            + "that schedules, which leaps ctl list names", _cluster.Error);
    }

    [Fact]
    public void Runs_and_nodes_are_listed_as_tables_and_as_json()
    {
        _cluster.Answer = _ => List("running", "stopped");
        Assert.Equal((0, ""), (Invoke("ctl", "list"), _cluster.Error));
        Assert.Equal("""
            ╭──────────┬─────────┬───────┬────────────────────┬──────┬────────┬───────┬──────────────────╮
            │ run      │ name    │ owner │ state              │ home │ actors │ nodes │ submitted (UTC)  │
            ├──────────┼─────────┼───────┼────────────────────┼──────┼────────┼───────┼──────────────────┤
            │ 11112222 │ ising-1 │ ada   │ running            │ n1   │      5 │   all │ 2023-11-14 22:13 │
            │ aaaabbbb │ ising-2 │ ada   │ stopped: disk full │      │      0 │   all │ 2023-11-14 22:13 │
            ╰──────────┴─────────┴───────┴────────────────────┴──────┴────────┴───────┴──────────────────╯
            ╭──────┬──────────────────┬──────────┬─────────┬─────────┬────────┬────────┬───────┬─────────╮
            │ node │ state            │ device   │ threads │   speed │ actors │ silent │ host  │ version │
            ├──────┼──────────────────┼──────────┼─────────┼─────────┼────────┼────────┼───────┼─────────┤
            │ n1   │ alive, schedules │ simd-fma │       2 │ 123,456 │      3 │  0.2 s │ h1/42 │ 0.1.0   │
            │ n2   │ draining         │ simd-fma │       2 │ 123,456 │      3 │  0.2 s │ h1/42 │ 0.1.0   │
            ╰──────┴──────────────────┴──────────┴─────────┴─────────┴────────┴────────┴───────┴─────────╯

            """, _cluster.Output);

        var json = Json("ctl", "list");
        Assert.Equal("lab", json.GetProperty("cluster").GetString());
        var run = json.GetProperty("runs")[1];
        Assert.Equal((Second, "stopped", "disk full", JsonValueKind.Null), (run.GetProperty("id").GetString(),
            run.GetProperty("state").GetString(), run.GetProperty("text").GetString(),
            run.GetProperty("home").ValueKind));
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1_700_000_000),
            run.GetProperty("submitted").GetDateTimeOffset());
        var node = json.GetProperty("nodes")[0];
        Assert.Equal(("n1", 123456.0, true), (node.GetProperty("name").GetString(),
            node.GetProperty("speed").GetDouble(), node.GetProperty("schedules").GetBoolean()));
    }

    [Fact]
    public void An_empty_cluster_says_so()
    {
        _cluster.Answer = _ => FakeCluster.Accepted("");
        Assert.Equal(0, Invoke("ctl", "list"));
        Assert.Equal("cluster lab has no runs; leaps submit gives it one\n"
            + "cluster lab tells of no nodes yet: ask again in a few seconds\n", _cluster.Output);
    }

    [Fact]
    public void Status_and_log_show_what_the_run_tells()
    {
        _cluster.Answer = _ => FakeCluster.Accepted(
            "running", ("state", "sampling"), ("replicas", "1 of 4 complete"));
        Assert.Equal(0, Invoke("ctl", "status", "r"));
        Assert.Equal("state     sampling\nreplicas  1 of 4 complete\n", _cluster.Output);
        var json = Json("ctl", "status", "r");
        Assert.Equal(("r", "sampling"), (json.GetProperty("run").GetString(),
            json.GetProperty("status").GetProperty("state").GetString()));
        Assert.Equal(0, Invoke("ctl", "log", "r"));
        Assert.Equal("state     sampling\nreplicas  1 of 4 complete\n", _cluster.Output);
        var events = Json("ctl", "log", "r").GetProperty("events");
        Assert.Equal("replicas", events[1].GetProperty("key").GetString());
    }

    [Fact]
    public void An_answer_as_json_names_the_run_or_the_node()
    {
        var run = Json("ctl", "scale", "r", "0");
        Assert.Equal(("r", "", "done"), (run.GetProperty("run").GetString(),
            run.GetProperty("node").GetString(), run.GetProperty("reply").GetString()));
        Assert.Equal("n1", Json("ctl", "drain", "n1").GetProperty("node").GetString());
    }

    [Fact]
    public void An_argument_means_a_directory_where_there_is_one_unless_the_cluster_is_given()
    {
        _cluster.Variables["LEAPS_CLUSTER"] = File;
        Assert.Equal(1, _cluster.Invoke("ctl", "status", _folder.Path));
        Assert.Equal($"leaps: {_folder.Path} is not a run directory: "
            + "there is no config.yaml in it", _cluster.Error);
        Assert.Empty(_cluster.Asked);
        Assert.Equal(0, _cluster.Invoke("ctl", "status", "my-run"));
        Assert.Equal(0, Invoke("ctl", "status", _folder.Path));
        Assert.Equal(["my-run", _folder.Path], _cluster.Asked.Select(request => request.Run));

        _cluster.Variables["LEAPS_CLUSTER"] = "";
        Assert.Equal(1, _cluster.Invoke("ctl", "status", "my-run"));
        Assert.Equal("leaps: my-run: no such run directory", _cluster.Error);
        Assert.Equal(2, _cluster.Invoke("ctl", "list"));
        Assert.Equal(
            "leaps: which cluster? give --cluster FILE, or name the file in LEAPS_CLUSTER", _cluster.Error);
    }

    [Fact]
    public void A_node_gets_what_the_command_line_says_of_it()
    {
        Assert.Equal((0, ""), (Invoke("node", "--name", "n-7", "--threads", "3", "--set", "lease=2s",
            "--set", "node.health-port=8080"), _cluster.Error));
        var c = _cluster.Connected!;
        Assert.Equal(("n-7", 3, 8080, TimeSpan.FromSeconds(2)),
            (c.Node.Name, c.Node.Threads, c.Node.HealthPort, c.Lease));
        Assert.Equal("localhost", c.Database!.Host);
        Assert.Equal("node ended\n", _cluster.Output);
        Assert.Equal("n-8", Json("node", "--name", "n-8").GetProperty("node").GetString());
    }

    [Fact]
    public void A_node_draws_nothing_over_its_own_lines_in_a_terminal()
    {
        var cluster = new FakeCluster { OutputIsTerminal = true, ErrorIsTerminal = true };
        Assert.Equal((0, ""), (cluster.Invoke("node", "--cluster", File), cluster.Error));
        Assert.Equal("node ended\n", cluster.Output);
    }

    [Theory]
    [InlineData("N must be a number of nodes, 0 or more, not 'many'", "ctl", "scale", "r", "many")]
    [InlineData("ACTION must be one of list, retry, purge, not 'drop'", "ctl", "dead-letters", "drop")]
    [InlineData("--interval must be a duration such as 90s, 30m or 2h, 100ms to 1h, not '5'", "ctl", "watch",
        "--interval", "5")]
    [InlineData("unknown command 'lst'; did you mean 'list'? (see leaps ctl --help)", "ctl", "lst")]
    [InlineData("unknown option '--health-port'; write --set "
        + "node.health-port=1 (see leaps node --help)", "node",
        "--health-port", "1")]
    [InlineData("--id must be an identifier such as 6f9619ff-8b86-d011-b42d-00cf4fc964ff, not 'x'", "submit",
        "--id", "x")]
    [InlineData("--name must be 1 to 100 of A-Z a-z 0-9 . _ -, not 'a b'", "submit", "--name", "a b")]
    public void Wrong_use_is_one_line_and_exit_code_2(string message, params string[] arguments)
    {
        Assert.Equal(2, Invoke(arguments));
        Assert.Equal($"leaps: {message}", _cluster.Error);
        Assert.Empty(_cluster.Asked);
    }

    [Fact]
    public void What_is_not_wired_is_not_there()
    {
        var output = new StringWriter();
        var surroundings = new Surroundings { Output = output, Error = output, Variable = _ => null };
        string[] Names(ClusterWiring wiring) =>
        [
            .. LeapsCommandLine.Create(LeapsJobs.Create(wiring), surroundings).Subcommands
                .SelectMany(command => command.Subcommands.Select(sub => sub.Name).Prepend(command.Name)),
        ];
        Assert.DoesNotContain("node", Names(new ClusterWiring()));
        Assert.DoesNotContain("list", Names(new ClusterWiring()));
        Assert.Contains("set", Names(new ClusterWiring()));
        string[] some =
            Names(new ClusterWiring { Connect = (_, _) => throw new InvalidOperationException() });
        string[] more = ["submit", "list", "watch", "drain", "undrain", "scale", "fetch", "forget"];
        Assert.Equal(more, more.Intersect(some));
        Assert.DoesNotContain("dead-letters", some);
    }

    [Fact]
    public void Help_names_the_commands_of_clusters()
    {
        Assert.Equal(0, _cluster.Invoke("--help"));
        Assert.Contains("  submit [CONFIG] ", _cluster.Output, StringComparison.Ordinal);
        Assert.Contains("  node ", _cluster.Output, StringComparison.Ordinal);
        Assert.Equal(0, _cluster.Invoke("ctl", "--help"));
        Assert.All(["list", "watch", "drain", "undrain", "scale", "fetch", "forget", "dead-letters"],
            name => Assert.Contains($"  {name} ", _cluster.Output, StringComparison.Ordinal));
        Assert.Equal(0, _cluster.Invoke("ctl", "status", "--help"));
        Assert.Contains("--cluster <FILE>", _cluster.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Dead_letters_are_listed_delivered_and_thrown_away()
    {
        _cluster.Answer = _ => List("running", "running");
        _cluster.DeadLetters.Letters.Add(new ClusterDeadLetter(Second[..12], "group-3", "coordinator",
            "advance_limit", "delivery_limit", DateTimeOffset.FromUnixTimeSeconds(1_700_000_000), 120));
        _cluster.DeadLetters.Letters.Add(new ClusterDeadLetter("", "scheduler", "", "", "", null, 7));

        Assert.Equal((0, ""), (Invoke("ctl", "dead-letters"), _cluster.Error));
        Assert.Equal([("list", null)], _cluster.DeadLetters.Asked);
        Assert.Contains("│ (cluster) │ scheduler │ ", _cluster.Output, StringComparison.Ordinal);
        Assert.Contains("│ aaaabbbb  │ group-3   │ coordinator │ advance_limit │ "
            + "delivery_limit │ 2023-11-14 22:13 │",
            _cluster.Output, StringComparison.Ordinal);
        var json = Json("ctl", "dead-letters", "list", "ising-2");
        Assert.Equal((1, "list", "group-3"), (json.GetProperty("count").GetInt32(),
            json.GetProperty("action").GetString(),
            json.GetProperty("letters")[0].GetProperty("actor").GetString()));

        // An identifier needs nobody to look it up.
        _cluster.Asked.Clear();
        Assert.Equal(0, Invoke("ctl", "dead-letters", "retry", Second));
        Assert.Equal("1 dead letters were delivered again\n", _cluster.Output);
        Assert.Empty(_cluster.Asked);
        Assert.Equal(1, Json("ctl", "dead-letters", "purge").GetProperty("count").GetInt32());
        Assert.Equal(0, Invoke("ctl", "dead-letters"));
        Assert.Equal("there are no dead letters\n", _cluster.Output);
        Assert.Equal(1, Invoke("ctl", "dead-letters", "list", "none"));
        Assert.Equal("leaps: the cluster has no run 'none': leaps ctl list shows those that there are",
            _cluster.Error);
    }
}
