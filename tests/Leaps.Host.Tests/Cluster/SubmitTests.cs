using System.Text.Json;
using Google.Protobuf;
using Leaps.Actors.Protocol;
using Leaps.Host.Configuration;
using Leaps.Model;
using Leaps.Model.Networks;
using Leaps.Model.Storage;
using Ask = Leaps.Actors.Protocol.ClusterRequest.Types.Command;

namespace Leaps.Host.Tests.Cluster;

/// <summary>leaps submit: what is sent, and how --wait ends.</summary>
public sealed class SubmitTests : IDisposable
{
    private const string Id = "11112222333344445555666677778888";
    private const string Ising = "target: {model: ising, lattice: 3, beta: 0.44}\n";
    private const string Network = "network: {kernels: [3, 3], channels: 2, free-energy: [4]}\n";

    private readonly TemporaryFolder _folder = new();
    private readonly FakeCluster _cluster = new();
    private readonly Queue<ClusterReply?> _lists = new();
    private readonly Queue<ClusterReply> _statuses = new();

    public SubmitTests()
    {
        _folder.Write("lab.yaml", FakeCluster.File);
        _cluster.Answer = Answer;
    }

    public void Dispose() => _folder.Dispose();

    private string Lab => _folder.PathOf("lab.yaml");
    private string Output => _folder.PathOf("out");
    private string Fetched(string name) => File.ReadAllText(Path.Combine(Output, name));

    private string Config(string text) => _folder.Write("my ising.yaml", $"{text}output: {Output}\n");

    private int Submit(string config, params string[] arguments) =>
        _cluster.Invoke(["submit", config, "--id", Id, "--cluster", Lab, .. arguments]);

    private ClusterReply Answer(ClusterRequest request)
    {
        switch (request.Command)
        {
            case Ask.Submit:
                return FakeCluster.Accepted($"run {request.Submit.Name} is submitted");
            case Ask.List:
                return _lists.Dequeue() ?? throw new LeapsException("cluster lab: no node answers");
            case Ask.Status:
                Assert.Equal(Id, request.Run);
                return _statuses.Dequeue();
            default:
                Assert.Equal((Ask.Fetch, Id), (request.Command, request.Run));
                if (request.Key.Length == 0)
                    return FakeCluster.Accepted("", ("result.json", "3"));
                var reply = FakeCluster.Accepted("");
                (reply.Length, reply.Bytes) = (3, ByteString.CopyFromUtf8("{}\n"));
                return reply;
        }
    }

    private void Then(string state, string text = "", ClusterReply? status = null)
    {
        var list = FakeCluster.Accepted("");
        list.Runs.Add(FakeCluster.Run("99992222333344445555666677778888", "other", "running"));
        list.Runs.Add(FakeCluster.Run(Id, "ising", state, text));
        _lists.Enqueue(list);
        if (status is not null)
            _statuses.Enqueue(status);
    }

    private static ClusterReply Sampling(string first, string complete = "0 of 2 complete") =>
        FakeCluster.Accepted("", ("state", "sampling"), ("replicas", complete), ("replica 0", first));

    [Fact]
    public void A_run_is_sent_whole()
    {
        string config = Config(Ising + Network + "train: {updates: 7}\n");
        Assert.Equal((0, ""), (Submit(config, "--set", "sample.windows=5"), _cluster.Error));

        var submit = Assert.Single(_cluster.Asked).Submit;
        Assert.Equal((Id, "my-ising", false), (Convert.ToHexStringLower(submit.RunId.Span), submit.Name,
            submit.OnlyTrains));
        Assert.Equal(ConfigurationWriter.Write(
            ConfigurationReader.ReadFile(config, Override.Parse("sample.windows=5"))), submit.Configuration);
        Assert.True(submit.Model.IsEmpty);
        Assert.Equal($"run my-ising is submitted\nits identifier is {Id}\n"
            + $"watch it with leaps ctl watch 11112222 --cluster {Lab}\n", _cluster.Output);
        Assert.False(Directory.Exists(Output));

        _cluster.Variables["LEAPS_CLUSTER"] = Lab;
        Assert.Equal(0, _cluster.Invoke("submit", config, "--name", "x", "--only-train", "--json"));
        using var json = JsonDocument.Parse(_cluster.Output);
        submit = _cluster.Asked[^1].Submit;
        Assert.Equal(("x", true), (submit.Name, submit.OnlyTrains));
        Assert.Equal(Convert.ToHexStringLower(submit.RunId.Span),
            json.RootElement.GetProperty("run").GetString());
        Assert.NotEqual(Id, json.RootElement.GetProperty("run").GetString());
    }

    [Fact]
    public void The_model_file_goes_with_the_run()
    {
        string config = Config(Ising + Network);
        var read = ConfigurationReader.ReadFile(config);
        var model = read.Network!.CreateModel(read.Target.CreateTarget());
        model.Initialise(3);
        string file = _folder.PathOf("m.safetensors");
        using (var stream = File.Create(file))
            ModelFile.Write(stream, model, read.Target.CreateTarget());

        Assert.Equal((0, ""), (Submit(Config(Ising + $"network: {{model: {file}}}\n")), _cluster.Error));
        byte[] sent = Assert.Single(_cluster.Asked).Submit.Model.ToByteArray();
        Assert.Equal(model.Parameters.Values, ModelFile.Read(new MemoryStream(sent)).Model.Parameters.Values);

        Assert.Equal(1, Submit(Config(Ising.Replace("lattice: 3", "lattice: 2", StringComparison.Ordinal)
            + $"network: {{model: {file}}}\n")));
        Assert.StartsWith($"leaps: {file}: ", _cluster.Error, StringComparison.Ordinal);
        Assert.Single(_cluster.Asked);
    }

    [Fact]
    public void A_model_that_is_larger_than_a_message_is_refused_here()
    {
        string config = Config(Ising + Network);
        var read = ConfigurationReader.ReadFile(config);
        var wide = read.Network! with { FreeEnergy = [720, 720] };
        var model = wide.CreateModel(read.Target.CreateTarget());
        string file = _folder.PathOf("m.safetensors");
        using (var stream = File.Create(file))
            ModelFile.Write(stream, model, read.Target.CreateTarget());
        _folder.Write("lab.yaml", FakeCluster.File + "limits: {message: 2MiB}\n");

        Assert.Equal(1, Submit(Config(Ising + $"network: {{model: {file}}}\n")));
        Assert.Matches($"^leaps: {file}: a model of 2(\\.[0-9])? MiB is more than a message may hold "
            + "\\(2MiB\\): raise "
            + $"limits.message in {Lab} and on every node$", _cluster.Error);
        Assert.Empty(_cluster.Asked);
    }

    [Fact]
    public void What_leaps_run_refuses_is_refused_before_anything_is_sent()
    {
        string config = Config(Ising + "sample: {walkers: 0}\n");
        Assert.Equal(1, Submit(config));
        Assert.Equal($"leaps: {config}, line 2: walkers is 0; allowed: 1 to 100,000,000.", _cluster.Error);
        Assert.Equal(1, Submit(Config(Ising + Network)));
        Assert.Equal("leaps: the network is neither trained nor read: add "
            + "'train', or network.model with a model file", _cluster.Error);
        Assert.Equal(1, Submit(Config(Ising), "--only-train"));
        Assert.Equal("leaps: there is nothing to train: add 'network' with its kernels to the configuration",
            _cluster.Error);
        Directory.CreateDirectory(Output);
        _folder.Write("out/x", "");
        Assert.Equal(1, Submit(Config(Ising), "--wait"));
        Assert.Equal($"leaps: {Output} exists: choose another with --output, "
            + "or remove it; nothing was changed",
            _cluster.Error);
        Assert.Empty(_cluster.Asked);
        // Nothing is written there without --wait.
        Assert.Equal(0, Submit(Config(Ising)));
    }

    [Fact]
    public void Waiting_shows_progress_outlives_silence_and_fetches_the_files()
    {
        Then("waiting", "for a node");
        Then("running", status: FakeCluster.Accepted("", ("state", "training"), ("updates", "40 of 100"),
            ("loss", "0.5"), ("best relative ESS", "0.7")));
        _lists.Enqueue(null);
        _lists.Enqueue(null);
        Then("running", status: new ClusterReply { Text = "the run is on its way: ask again" });
        Then("running", status: Sampling("window 3 of 10, relative ESS 0.9, log Z 1.5 ± 0.1"));
        Then("running", status: Sampling("window 10 of 10, relative ESS 0.8", "1 of 2 complete"));
        Then("complete");

        Assert.Equal(0, Submit(Config(Ising), "--wait", "--progress", "--name", "ising"));

        Assert.Equal($"""
            run ising is submitted; its identifier is {Id}
            run ising is waiting: for a node
            run ising is running
            train 40/100 (40%), loss 0.5, best relative ESS 0.7
            cluster lab: no node answers; trying again
            sample 3/20 (15%), relative ESS 0.9, log Z 1.5 ± 0.1
            sample 20/20 (100%), relative ESS 0.8
            fetch result.json 3/3 (100%), 3 bytes
            """, _cluster.Error);
        Assert.Equal($"run ising is complete\nwrote {Output}/result.json (3 bytes)\n", _cluster.Output);
        Assert.Equal("{}\n", Fetched("result.json"));
    }

    [Fact]
    public void A_run_that_stops_is_an_error_that_says_how_to_go_on()
    {
        Then("stopped", "the disk is full");
        Assert.Equal(1, Submit(Config(Ising), "--wait", "--quiet"));
        Assert.Equal($"leaps: run ising is stopped: the disk is full; its files are in {Output}; go on with "
            + $"it by leaps ctl resume 11112222 --cluster {Lab}", _cluster.Error);
        Assert.Equal("{}\n", Fetched("result.json"));
    }

    [Fact]
    public void The_end_of_a_wait_as_json()
    {
        Then("complete");
        Assert.Equal(0, Submit(Config(Ising), "--wait", "--json"));
        using var json = JsonDocument.Parse(_cluster.Output);
        Assert.Equal(("complete", Output), (json.RootElement.GetProperty("state").GetString(),
            json.RootElement.GetProperty("directory").GetString()));
    }

    [Fact]
    public void Ctrl_C_ends_the_wait_and_not_the_run()
    {
        Then("running", status: Sampling("window 3 of 10"));
        var answer = _cluster.Answer;
        _cluster.Answer = request =>
        {
            if (request.Command == Ask.Status)
                _cluster.Cancellation.Cancel();
            return answer(request);
        };
        Assert.Equal(130, Submit(Config(Ising), "--wait", "--quiet"));
        Assert.Equal($"leaps: interrupted; the run goes on: leaps ctl watch 11112222 --cluster {Lab}",
            _cluster.Error);
    }

    [Fact]
    public void A_run_that_is_deleted_meanwhile_ends_the_wait()
    {
        Then("running", status: Sampling("window 3 of 10"));
        _lists.Enqueue(FakeCluster.Accepted(""));
        Assert.Equal(1, Submit(Config(Ising), "--wait", "--quiet"));
        Assert.Equal("leaps: run ising was deleted from cluster lab", _cluster.Error);
    }
}
