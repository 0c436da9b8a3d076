using System.Collections.Concurrent;
using System.Security.Cryptography;
using Google.Protobuf;
using Leaps.Actors.Cluster;
using Leaps.Actors.Protocol;
using Leaps.Host.Tests.Execution;
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

    private async Task Join(string name) => _nodes.Add(
        await NodeInTest.Join(servers, _cluster, name, _folder.PathOf(name), _notices));

    private async Task<ClusterReply> Ask(ClusterRequest request)
    {
        _client ??= await ClusterClient.Open(await servers.Connect(_notices.Enqueue), _cluster, _notices.Enqueue,
            TimeProvider.System, TestContext.Current.CancellationToken);
        var reply = await _client.Ask(request, TestContext.Current.CancellationToken);
        Assert.True(reply.Accepted, reply.Text);
        return reply;
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
