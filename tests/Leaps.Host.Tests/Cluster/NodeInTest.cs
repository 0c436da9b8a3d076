using System.Collections.Concurrent;
using Leaps.Actors.Cluster;
using Leaps.Actors.Journal.PostgreSql;
using Leaps.Actors.Runtime.RabbitMq;
using Leaps.Host.Execution;
using Leaps.Host.Execution.Cluster;

namespace Leaps.Host.Tests.Cluster;

/// <summary>A node of a cluster in this process, with connections of its own.</summary>
internal sealed class NodeInTest : IAsyncDisposable
{
    private readonly BrokerConnection _broker;
    private readonly PostgreSqlDatabase _database;
    private bool _disposed;

    private NodeInTest(BrokerConnection broker, PostgreSqlDatabase database, ClusterNode node)
    {
        _broker = broker;
        _database = database;
        Node = node;
    }

    public ClusterNode Node { get; }

    public static async Task<NodeInTest> Join(ClusterServers servers, string cluster, string name,
        string workDirectory, ConcurrentQueue<string> notices, RunDevices? devices = null)
    {
        devices ??= RunDevices.Cpu;
        void Notice(string line) => notices.Enqueue($"{name}: {line}");
        var broker = await servers.Connect(Notice);
        var database = servers.OpenDatabase(cluster, Notice);
        var node = await ClusterNode.Join(cluster, broker, database,
            new ClusterRunWork(workDirectory, devices, TimeProvider.System), new NodeOptions
            {
                Name = name,
                Device = devices.Kind,
                Threads = 1,
                Speed = 1000,
                Times = new ClusterTimes { Lease = TimeSpan.FromSeconds(2) },
                Notice = Notice,
            }, ["guest"], TestContext.Current.CancellationToken);
        return new NodeInTest(broker, database, node);
    }

    /// <summary>As its user would end it.</summary>
    public async Task Leave()
    {
        await Node.Run(TimeSpan.FromSeconds(20), new CancellationToken(canceled: true));
        await DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;
        await Node.DisposeAsync();
        await _broker.DisposeAsync();
        _database.Dispose();
    }
}
