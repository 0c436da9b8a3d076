using System.Text.Json;
using Leaps.Actors.Protocol;
using Leaps.Host.Execution.Cluster;
using Leaps.Host.Terminal;
using Leaps.Model;
using Spectre.Console;
using Ask = Leaps.Actors.Protocol.ClusterRequest.Types.Command;

namespace Leaps.Host.Tests.Cluster;

/// <summary>leaps ctl watch over replies that the test wrote down.</summary>
public sealed class WatchTests : IDisposable
{
    private const string Id = "11112222333344445555666677778888";

    private readonly TemporaryFolder _folder = new();
    private readonly Queue<(ClusterReply? List, ClusterReply Log, ClusterReply Status)> _script = new();
    private (ClusterReply? List, ClusterReply Log, ClusterReply Status) _now;

    public WatchTests() => _folder.Write("lab.yaml", FakeCluster.File);

    public void Dispose() => _folder.Dispose();

    private FakeCluster Create(bool terminal = false) =>
        new() { OutputIsTerminal = terminal, Answer = Answer };

    private int Watch(FakeCluster cluster, params string[] arguments) =>
        cluster.Invoke(["ctl", "watch", .. arguments, "--cluster", _folder.PathOf("lab.yaml")]);

    private ClusterReply Answer(ClusterRequest request)
    {
        if (request.Command == Ask.List)
        {
            _now = _script.Dequeue();
            return _now.List ?? throw new LeapsException("cluster lab: no node answers");
        }
        Assert.Equal(Id, request.Run);
        return request.Command == Ask.Log ? _now.Log : _now.Status;
    }

    private void Then(
        string state, string home, NodeOverview[] nodes, string[] log, ClusterReply? status = null)
    {
        var list = FakeCluster.Accepted("");
        list.Runs.Add(FakeCluster.Run(Id, "ising", state, state == "waiting" ? "for a node" : "", home));
        list.Nodes.AddRange(nodes);
        _script.Enqueue((list, FakeCluster.Accepted("", [.. log.Select(text => ("window-settled", text))]),
            status ?? new ClusterReply { Text = "ask again" }));
    }

    private static ClusterReply Window(int window) => FakeCluster.Accepted("", ("state", "sampling"),
        ("replicas", "0 of 2 complete"),
        ("replica 0", $"window {window} of 10, relative ESS 0.912, log Z 23.8882 ± 0.0011, 1 resamplings"));

    private void WriteScript()
    {
        var (one, two) = (FakeCluster.NodeOf("n1", schedules: true), FakeCluster.NodeOf("n2"));
        Then("waiting", "", [], []);
        Then("running", "n1", [one, two], ["1", "2"], Window(2));
        Then("running", "n1", [one, two], ["1", "2"], Window(2));
        _script.Enqueue((null, new ClusterReply(), new ClusterReply()));
        _script.Enqueue((null, new ClusterReply(), new ClusterReply()));
        Then("running", "n2", [FakeCluster.NodeOf("n2", schedules: true)], ["2", "3"], Window(6));
        Then("complete", "", [FakeCluster.NodeOf("n2", "draining", schedules: true)], ["3", "4"]);
    }

    [Fact]
    public void Without_a_terminal_what_is_new_is_a_line_each()
    {
        WriteScript();
        var cluster = Create();
        Assert.Equal((0, ""), (Watch(cluster, "ising", "--interval", "2s"), cluster.Error));
        Assert.Equal($"""
            03:04:05 run ising is waiting: for a node
            03:04:07 node n1 is alive (simd-fma, 2 threads)
            03:04:07 node n2 is alive (simd-fma, 2 threads)
            03:04:07 run ising is running
            03:04:07 the home of run ising is on node n1
            03:04:07 replicas: 0 of 2 complete
            03:04:07 replica 0: window 2 of 10, relative ESS 0.912, log Z 23.8882 ± 0.0011, 1 resamplings
            03:04:07 event window-settled: 1
            03:04:07 event window-settled: 2
            03:04:11 cluster lab: no node answers; trying again
            03:04:15 the cluster answers again
            03:04:15 node n2 schedules
            03:04:15 node n1 is gone
            03:04:15 the home of run ising is on node n2
            03:04:15 replica 0: window 6 of 10, relative ESS 0.912, log Z 23.8882 ± 0.0011, 1 resamplings
            03:04:15 event window-settled: 3
            03:04:17 node n2 is draining
            03:04:17 run ising is complete
            03:04:17 event window-settled: 4
            fetch its files with leaps ctl fetch 11112222 --cluster {_folder.PathOf("lab.yaml")}

            """, cluster.Output);
        Assert.Empty(_script);
    }

    [Fact]
    public void A_terminal_shows_pictures_one_over_the_other()
    {
        WriteScript();
        var cluster = Create(terminal: true);
        Assert.Equal((0, ""), (Watch(cluster, "1111"), cluster.Error));
        Assert.Contains("cluster lab, 03:04:05 UTC", cluster.Output, StringComparison.Ordinal);
        Assert.Contains("run ising (11112222) is complete", cluster.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("event window-settled", cluster.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Frames_replace_each_other_on_a_screen_with_control_sequences()
    {
        var output = new StringWriter { NewLine = "\n" };
        var console = Console(output, AnsiSupport.Yes);
        new LiveScreen(console).Show(show =>
        {
            show(new Frame(() => new Text("first [picture]"), []));
            show(new Frame(() => new Text("second"), ["no line of this"]));
        });
        string text = output.ToString();
        // From the second one on a frame begins where the one before began.
        Assert.Matches("first \\[picture\\]\r\u001b\\[0Asecond +\r", text);
        Assert.DoesNotContain("no line", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_table_of_nodes_shortens_the_commit_in_a_version()
    {
        var node = ListedNode.Of(FakeCluster.NodeOf("n1", schedules: false)) with
        {
            Version = "0.1.0+1b3c1d1eca86775ee819be19763f81f0f75deb3d",
        };
        Assert.Equal("0.1.0+1b3c1d1", ListedNode.Table([node]).Rows[0][^1]);
    }

    [Fact]
    public void The_picture_of_a_run_shows_nodes_progress_status_and_events()
    {
        var node = ListedNode.Of(FakeCluster.NodeOf("n1", schedules: true));
        var run = ListedRun.Of(FakeCluster.Run(Id, "ising", "running"));
        ClusterEntry[] status = [.. Window(5).Entries.Select(item => new ClusterEntry(item.Key, item.Value))];
        var output = new StringWriter { NewLine = "\n" };
        Console(output, AnsiSupport.No).Write(ViewPicture.Draw(new ClusterView
        {
            Cluster = "lab",
            Time = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
            Nodes = [node],
            Runs = [run],
            Run = run,
            Status = status,
            Events = [.. Enumerable.Range(1, 20).Select(n => new ClusterEntry("window-settled", $"[{n}]"))],
            Rate = "2 windows/s, 0:08 left",
            Problem = "no node answers",
        }, RunProgress.Of(status)));
        Assert.Equal("""
            ── cluster lab, 03:04:05 UTC ─────────────────────────────────────────────────────────────────────
            no node answers; trying again
            ╭──────┬──────────────────┬──────────┬─────────┬─────────┬────────┬────────┬───────┬─────────╮
            │ node │ state            │ device   │ threads │   speed │ actors │ silent │ host  │ version │
            ├──────┼──────────────────┼──────────┼─────────┼─────────┼────────┼────────┼───────┼─────────┤
            │ n1   │ alive, schedules │ simd-fma │       2 │ 123,456 │      3 │  0.2 s │ h1/42 │ 0.1.0   │
            ╰──────┴──────────────────┴──────────┴─────────┴─────────┴────────┴────────┴───────┴─────────╯
            run ising (11112222) is running, home n1, 5 actors
            sample ━━━━━━━━━━────────────────────────────── 5/20, 2 windows/s, 0:08 left
            state      sampling
            replicas   0 of 2 complete
            replica 0  window 5 of 10, relative ESS 0.912, log Z 23.8882 ± 0.0011, 1 resamplings
            ── last events ───────────────────────────────────────────────────────────────────────────────────
            window-settled  [13]
            window-settled  [14]
            window-settled  [15]
            window-settled  [16]
            window-settled  [17]
            window-settled  [18]
            window-settled  [19]
            window-settled  [20]

            """, string.Join('\n', output.ToString().Split('\n').Select(line => line.TrimEnd())));
    }

    [Fact]
    public void The_end_of_the_run_is_one_object_with_json()
    {
        WriteScript();
        var cluster = Create();
        Assert.Equal((0, ""), (Watch(cluster, "ising", "--json"), cluster.Error));
        using var json = JsonDocument.Parse(cluster.Output);
        Assert.Equal(("complete", Id), (json.RootElement.GetProperty("run").GetProperty("state").GetString(),
            json.RootElement.GetProperty("run").GetProperty("id").GetString()));
        Assert.Equal(2, json.RootElement.GetProperty("events").GetArrayLength());
    }

    [Fact]
    public void All_runs_are_watched_until_Ctrl_C()
    {
        WriteScript();
        var cluster = Create();
        cluster.Answer = request =>
        {
            if (_script.Count == 1)
                cluster.Cancellation.Cancel();
            return Answer(request);
        };
        Assert.Equal(130, Watch(cluster));
        Assert.Equal("leaps: interrupted", cluster.Error);
        Assert.Contains(" run ising is running\n", cluster.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("event", cluster.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cluster_that_never_answered_and_a_run_that_is_none_are_errors_at_once()
    {
        _script.Enqueue((null, new ClusterReply(), new ClusterReply()));
        var cluster = Create();
        Assert.Equal(1, Watch(cluster, "ising"));
        Assert.Equal("leaps: cluster lab: no node answers", cluster.Error);
        WriteScript();
        Assert.Equal(1, Watch(cluster, "potts"));
        Assert.Equal("leaps: the cluster has no run 'potts': leaps ctl list shows those that there are",
            cluster.Error);
    }

    private static IAnsiConsole Console(TextWriter writer, AnsiSupport ansi)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = ansi,
            ColorSystem = ColorSystemSupport.NoColors,
            Out = new AnsiConsoleOutput(writer),
            Interactive = InteractionSupport.Yes,
        });
        console.Profile.Width = 98;
        return console;
    }
}
