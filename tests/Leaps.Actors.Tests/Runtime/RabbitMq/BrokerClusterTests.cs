using Leaps.Servers;

namespace Leaps.Actors.Tests.Runtime.RabbitMq;

/// <summary>A broker of three nodes, one of which is killed.</summary>
public sealed class BrokerClusterTests
{
    private const int Many = 3000;

    // Longer than a mailbox that alone does not answer is waited for.
    private static readonly TimeSpan Outage = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task When_the_node_that_everybody_is_connected_to_is_killed_nothing_is_lost(
        bool withAnother)
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var cluster = await SharedBroker.OrSkip(
            () => RabbitMqCluster.Start(cancellation: cancellation));
        await using var run = new BrokerRun(SharedBroker.Options(cluster.Nodes));
        var first = await run.Connect();
        var (here, there) = (run.Mailboxes(first), await run.Process());
        var inbox = new Inbox();
        here.Open("target", 1, inbox.Receive, inbox.Failed);
        await run.Settled();
        var sender = BrokerRun.Silent(there, "sender");
        var taking = inbox.TakeUntil(Many);
        for (int n = 1; n <= Many / 2; n++)
            sender.Tell("target", Inbox.Number(n));
        Assert.Equal(cluster.Nodes[0].Port, first.Host!.Port);
        await cluster.Nodes[0].Kill();
        if (withAnother)
            await cluster.Nodes[2].Kill();
        for (int n = Many / 2 + 1; n <= Many; n++)
            sender.Tell("target", Inbox.Number(n));
        if (withAnother)
        {
            // One of three elects nobody: what it is told waits for the next one.
            await Task.Delay(Outage, cancellation);
            Assert.False(taking.IsCompleted);
            await cluster.Nodes[0].Start(cancellation);
        }
        Inbox.AssertComplete(await taking, Many);
        if (!withAnother)
            Assert.NotEqual(cluster.Nodes[0].Port, first.Host!.Port);
    }
}
