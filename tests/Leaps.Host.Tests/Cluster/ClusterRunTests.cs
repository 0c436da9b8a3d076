using System.Collections.Concurrent;
using System.Security.Cryptography;
using Google.Protobuf;
using Leaps.Actors.Cluster;
using Leaps.Actors.Protocol;
using Leaps.Host.Execution;
using Leaps.Host.Tests.Devices;
using Leaps.Host.Tests.Execution;
using Leaps.Model.Devices;
using Leaps.Model.Tests.Devices.Cuda;
using Command = Leaps.Actors.Protocol.ClusterRequest.Types.Command;

namespace Leaps.Host.Tests.Cluster;

/// <summary>
/// Nodes on a real broker and a real database: whatever they share of a run, its files are those of the run
/// that one process does.
/// </summary>
[Collection(ClusterCollection.Name)]
public sealed class ClusterRunTests(ClusterServers servers) : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private const string Annealing = """
        target: {model: ising, lattice: 5, beta: 0.44}
        sample:
          walkers: 300
          groups: 6
          windows: 40
          resample: {threshold: 0.97}
          mcmc: {kernel: heat-bath-sweep, sweeps: 3}
          replicas: 2
        """;

    private readonly TemporaryFolder _folder = new();
    private readonly ConcurrentQueue<string> _notices = new();
    private readonly string _cluster = ClusterServers.NewName();
    private readonly List<NodeInTest> _nodes = [];
    private ClusterClient? _client;

    public async ValueTask DisposeAsync()
    {
        if (_client is not null)
            await _client.DisposeAsync();
        foreach (var node in _nodes)
            await node.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_run_on_any_number_of_nodes_has_the_samples_of_one_process(int nodes)
    {
        for (int n = 0; n < nodes; n++)
            await Join($"n{n}");
        var run = await Submit(Annealing);
        await Ended(run);
        Assert.Equal(Alone(Annealing), Hash(await Fetch(run, "samples.npz")));
    }

    [Theory]
    [InlineData("pool: {walkers: 64, times: 4}")]
    [InlineData("source: rollouts, "
        + "rollouts: {walkers: 32, buffer-cycle: 10, buffer-size: 4, moves: 16, staleness: 10}")]
    public async Task A_training_and_the_sampling_after_it_are_those_of_one_process(string source)
    {
        string configuration = $$"""
            target: {model: ising, lattice: 4, beta: 0.44}
            network: {kernels: [3, 4], channels: 4, free-energy: [8]}
            train: {updates: 60, batch: 16, {{source}}, evaluate: {every: 20, walkers: 64} }
            sample: {walkers: 200, windows: 20, groups: 4, resample: {threshold: 0.9} }
            seed: 7
            """;
        for (int n = 0; n < 3; n++)
            await Join($"n{n}");
        var run = await Submit(configuration);
        await Ended(run);
        Assert.Equal(Alone(configuration), Hash(await Fetch(run, "samples.npz")));
        Assert.Equal(Hash(await File.ReadAllBytesAsync(
            Path.Combine(_folder.PathOf("alone"), "model.safetensors"),
            TestContext.Current.CancellationToken)),
            Hash(await Fetch(run, "model.safetensors")));
    }

    [Fact]
    public async Task A_run_on_nodes_with_GPUs_is_that_of_one_process_with_one_GPU()
    {
        const string configuration = """
            target: {model: ising, lattice: 3, beta: 0.44}
            network: {kernels: [3, 3], channels: 2, free-energy: [4]}
            train: {updates: 20, batch: 4, source: rollouts, evaluate: {every: 10, walkers: 8, windows: 1},
                    rollouts: {walkers: 6, buffer-cycle: 5, buffer-size: 4, moves: 2, staleness: 5}}
            sample: {walkers: 30, groups: 5, windows: 3, resample: {threshold: 0.999}}
            """;
        var gpus = RunDevices.Open(
            DeviceSelection.Auto, _notices.Enqueue, library: EmulatedDriver.RequireLibrary());
        await Join("one", gpus);
        await Join("two", gpus);
        var run = await Submit(configuration);
        await Ended(run);
        new GpuMachine(_folder).Complete("run", _folder.Write("c.yaml", configuration),
            "--output", _folder.PathOf("alone"), "--device", "cuda:0");
        foreach (string file in (string[])["samples.npz", "model.safetensors"])
            Assert.Equal(Hash(await File.ReadAllBytesAsync(Path.Combine(_folder.PathOf("alone"), file),
                TestContext.Current.CancellationToken)), Hash(await Fetch(run, file)));
    }

    [Theory]
    [InlineData(30)]        // the home, in the training
    [InlineData(120)]
    public async Task What_a_GPU_that_fails_had_in_hand_is_done_elsewhere(int after)
    {
        const string configuration = """
            target: {model: ising, lattice: 3, beta: 0.44}
            network: {kernels: [3, 3], channels: 2, free-energy: [4]}
            train: {updates: 20, batch: 4, pool: {walkers: 8, times: 2},
                    evaluate: {every: 10, walkers: 8, windows: 1}}
            sample: {walkers: 60, groups: 6, windows: 20, resample: {threshold: 0.95}}
            """;
        var failing = EmulatedDriver.Copy();
        await Join("failing", RunDevices.Open(
            DeviceSelection.Auto, _notices.Enqueue, library: failing.Library));
        failing.Fail("cuStreamSynchronize", 999, after);
        var run = await Submit(configuration);
        await Join("sound", RunDevices.Open(
            DeviceSelection.Auto, _notices.Enqueue, library: EmulatedDriver.RequireLibrary()));
        await Ended(run);
        Assert.Contains(_notices, line => line.StartsWith("failing: ", StringComparison.Ordinal)
            && line.Contains("the GPU failed or disappeared", StringComparison.Ordinal));
        new GpuMachine(_folder).Complete("run", _folder.Write("c.yaml", configuration),
            "--output", _folder.PathOf("alone"));
        Assert.Equal(Hash(await File.ReadAllBytesAsync(_folder.PathOf("alone/samples.npz"),
            TestContext.Current.CancellationToken)), Hash(await Fetch(run, "samples.npz")));
    }

    [Fact]
    public async Task Nodes_come_and_go_while_a_run_goes_on()
    {
        const string longer = """
            target: {model: ising, lattice: 6, beta: 0.44}
            sample: {walkers: 600, groups: 6, windows: 300, resample: {threshold: 0.97}, replicas: 2,
                mcmc: {kernel: heat-bath-sweep, sweeps: 30}}
            """;
        await Join("n0");
        await Join("n1");
        var run = await Submit(longer);
        // On a slow machine the run may be complete before it is seen where it should be.
        await Until(list => IsComplete(list)
            || (list.Runs[0].Home.Length > 0 && list.Runs[0].Actors > 6));
        await Join("n2");
        await Until(list => IsComplete(list)
            || list.Nodes.Any(node => node.Node == "n2" && node.Actors >= 2));
        await Ask(new ClusterRequest { Command = Command.Drain, Key = "n1" });
        await Until(list => list.Nodes.Any(node => node.Node == "n1" && node.Actors == 0));
        string home = (await Ask(new ClusterRequest { Command = Command.List })).Runs[0].Home;
        var left = _nodes[home == "n0" ? 0 : 2];
        await left.Leave();
        await Until(list => IsComplete(list)
            || (list.Runs[0].Home.Length > 0 && list.Runs[0].Home != home));
        await Ended(run);
        Assert.Equal(Alone(longer), Hash(await Fetch(run, "samples.npz")));
        Assert.DoesNotContain(_notices, line => line.Contains("refused", StringComparison.Ordinal));

        static bool IsComplete(ClusterReply list) => list.Runs[0].State == "complete";
    }

    [Theory]
    [InlineData("training")]
    [InlineData("sampling")]
    public async Task A_run_that_its_user_paused_stays_so_when_its_home_is_lost(string state)
    {
        string configuration = state == "sampling" ? Longer : Training;
        var run = await SubmitAndPause(configuration, state);
        await LoseHome();
        await UntilStateIs(run, "paused");
        var before = await OfRun(run, Command.Status);
        await Task.Delay(500, TestContext.Current.CancellationToken);
        Assert.Equal($"{before.Entries}", $"{(await OfRun(run, Command.Status)).Entries}");
        await OfRun(run, Command.Resume);
        await Ended(run);
        Assert.Equal(Alone(configuration), Hash(await Fetch(run, "samples.npz")));
    }

    [Theory]
    [InlineData("training")]
    [InlineData("sampling")]
    public async Task A_paused_run_that_ended_goes_on_when_it_is_resumed_and_may_be_paused_again(string state)
    {
        string configuration = state == "sampling" ? Longer : Training;
        var run = await SubmitAndPause(configuration, state);
        await OfRun(run, Command.Cancel);
        await Until(list => list.Runs[0].State is "stopped" or "cancelled");
        await OfRun(run, Command.Resume);
        await UntilStateIs(run, state);
        await OfRun(run, Command.Pause);
        await LoseHome();
        await UntilStateIs(run, "paused");
        await OfRun(run, Command.Resume);
        await Ended(run);
        Assert.Equal(Alone(configuration), Hash(await Fetch(run, "samples.npz")));
    }

    private const string Longer = """
        target: {model: ising, lattice: 6, beta: 0.44}
        sample: {walkers: 600, groups: 3, windows: 200, resample: {threshold: 0.97},
            mcmc: {kernel: heat-bath-sweep, sweeps: 30}}
        """;

    private const string Training = """
        target: {model: ising, lattice: 4, beta: 0.44}
        network: {kernels: [3, 4], channels: 4, free-energy: [8]}
        train: {updates: 2000, batch: 16, pool: {walkers: 64, times: 4}, evaluate: {every: 0}}
        sample: {walkers: 200, windows: 5, groups: 4}
        """;

    private async Task LoseHome()
    {
        string home = (await Ask(new ClusterRequest { Command = Command.List })).Runs[0].Home;
        await _nodes[home == "n0" ? 0 : 1].DisposeAsync();
        await Until(list => list.Runs[0].Home.Length > 0 && list.Runs[0].Home != home);
    }

    // Between its parts, and on its way to another node, a run does not answer.
    private async Task UntilStateIs(Guid run, string state)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (true)
        {
            var reply = await OfRun(run, Command.Status, refusable: true);
            if (reply.Entries.Any(entry => entry.Key == "state" && entry.Value == state))
                return;
            Assert.False(limit.IsCancellationRequested, $"{reply}\n{string.Join('\n', _notices)}");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    private Task<ClusterReply> OfRun(Guid run, Command command, bool refusable = false) =>
        Ask(new ClusterRequest { Command = command, Run = run.ToString("N") }, refusable);

    private async Task Until(Func<ClusterReply, bool> holds)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (await Ask(new ClusterRequest { Command = Command.List }) is var list && !holds(list))
        {
            Assert.False(limit.IsCancellationRequested, $"{list}\n{string.Join('\n', _notices)}");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }

    private async Task Join(string name, RunDevices? devices = null) => _nodes.Add(
        await NodeInTest.Join(servers, _cluster, name, _folder.PathOf(name), _notices, devices));

    private async Task<ClusterReply> Ask(ClusterRequest request, bool refusable = false)
    {
        _client ??= await ClusterClient.Open(await servers.Connect(_notices.Enqueue), _cluster,
            _notices.Enqueue, TimeProvider.System, TestContext.Current.CancellationToken);
        var reply = await _client.Ask(request, TestContext.Current.CancellationToken);
        Assert.True(reply.Accepted || refusable, reply.Text);
        return reply;
    }

    private async Task<Guid> SubmitAndPause(string configuration, string state)
    {
        await Join("n0");
        await Join("n1");
        var run = await Submit(configuration);
        await UntilStateIs(run, state);
        await OfRun(run, Command.Pause);
        return run;
    }

    private async Task<Guid> Submit(string configuration)
    {
        var id = Guid.NewGuid();
        await Ask(new ClusterRequest
        {
            Command = Command.Submit,
            Submit = new SubmitRun
            {
                RunId = Envelope.RunIdBytes(id),
                Name = "test",
                Configuration = configuration,
            },
        });
        return id;
    }

    private async Task Ended(Guid run)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (true)
        {
            var list = await Ask(new ClusterRequest { Command = Command.List });
            var found = list.Runs.Single(item => item.RunId.Equals(Envelope.RunIdBytes(run)));
            if (found.State == "complete")
                return;
            Assert.True(found.State is "waiting" or "running" && !limit.IsCancellationRequested,
                $"{list}\n{string.Join('\n', _notices)}");
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }
    }

    private async Task<byte[]> Fetch(Guid run, string name)
    {
        using var content = new MemoryStream();
        while (true)
        {
            var reply = await Ask(new ClusterRequest
            {
                Command = Command.Fetch,
                Run = run.ToString("N"),
                Key = name,
                Offset = content.Length,
            });
            reply.Bytes.WriteTo(content);
            if (content.Length == reply.Length)
                return content.ToArray();
        }
    }

    private string Alone(string configuration)
    {
        string output = _folder.PathOf("alone");
        var program = new Execution.Program();
        Assert.Equal(0, program.Run("run", _folder.Write("alone.yaml", configuration), "--output", output));
        return Hash(File.ReadAllBytes(Path.Combine(output, "samples.npz")));
    }

    private static string Hash(byte[] bytes) => Convert.ToHexString(SHA256.HashData(bytes));
}
