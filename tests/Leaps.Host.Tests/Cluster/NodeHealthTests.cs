using System.Collections.Concurrent;
using Leaps.Host.Observability;

namespace Leaps.Host.Tests.Cluster;

/// <summary>The health of a node on a real broker and a real database.</summary>
[Collection(ClusterCollection.Name)]
public sealed class NodeHealthTests(ClusterServers servers) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_node_that_has_joined_is_healthy_and_soon_ready()
    {
        var notices = new ConcurrentQueue<string>();
        await using var node = await NodeInTest.Join(
            servers, ClusterServers.NewName(), "n1", _folder.PathOf("n1"), notices);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (Ask("/readyz").Code != 200)
        {
            Assert.False(limit.IsCancellationRequested, $"{node.Node.Status}\n{string.Join('\n', notices)}");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
        Assert.Equal(200, Ask("/healthz").Code);
        var status = node.Node.Status;
        Assert.Equal(("n1", 32), (status.Node, status.Session.Length));
        Assert.True(status is { SchedulerEpoch: > 0, LastHeartbeat: not null, Trouble: null });

        HealthAnswer Ask(string path) => HealthPages.Answer(path, node.Node.Status, DateTimeOffset.UtcNow);
    }
}
