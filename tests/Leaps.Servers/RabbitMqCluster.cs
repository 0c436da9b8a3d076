namespace Leaps.Servers;

/// <summary>
/// Three brokers on one machine that are one cluster. Each can be killed and started again.
/// </summary>
public sealed class RabbitMqCluster : IAsyncDisposable
{
    private static readonly string[] Names = ["rabbit1", "rabbit2", "rabbit3"];

    private readonly RabbitMqServer[] _nodes;

    private RabbitMqCluster(RabbitMqOptions options)
    {
        var names = ErlangNames.Start();
        List<string> peers = ["cluster_formation.peer_discovery_backend = classic_config"];
        peers.AddRange(Names.Select((name, n) =>
            $"cluster_formation.classic_config.nodes.{n + 1} = {name}@localhost"));
        // The first takes no time to choose who forms the cluster; the others wait for it.
        peers.Add("cluster_formation.randomized_startup_delay_range.min = 0");
        peers.Add("cluster_formation.randomized_startup_delay_range.max = 1");
        _nodes = [.. Names.Select(name => RabbitMqServer.Create(options, names, name, peers))];
        foreach (var _ in _nodes.Skip(1))
            names.Use();
    }

    public IReadOnlyList<RabbitMqServer> Nodes => _nodes;

    /// <exception cref="ServerMissingException">RabbitMQ is not installed.</exception>
    public static async Task<RabbitMqCluster> Start(
        RabbitMqOptions? options = null, CancellationToken cancellation = default)
    {
        var cluster = new RabbitMqCluster(options ?? new RabbitMqOptions());
        try
        {
            await cluster._nodes[0].Start(cancellation).ConfigureAwait(false);
            await Task.WhenAll(cluster._nodes.Skip(1).Select(node => node.Start(cancellation)))
                .ConfigureAwait(false);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
            await node.DisposeAsync().ConfigureAwait(false);
    }
}
