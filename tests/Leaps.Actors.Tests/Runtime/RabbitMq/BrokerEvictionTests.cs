using Leaps.Actors.Journal;
using Leaps.Actors.Runtime;
using Leaps.Actors.Runtime.RabbitMq;
using RabbitMQ.Client;

namespace Leaps.Actors.Tests.Runtime.RabbitMq;

/// <summary>
/// A process that is frozen keeps its mailboxes for as long as the broker hears from it; here for ever, as
/// only its actor stands still.
/// </summary>
public sealed class BrokerEvictionTests(SharedBroker broker)
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_later_life_gets_the_mailbox_of_an_earlier_one_that_stands_still()
    {
        await using var run = new BrokerRun(SharedBroker.Options(await broker.Server));
        using var thaw = new ManualResetEventSlim();
        var (earlier, there, sender) = await StandStill(run, thaw);
        var inbox = new Inbox();
        there.Open("target", 2, inbox.Receive, inbox.Failed);
        await BrokerRun.Until(() => Task.FromResult(inbox.Restored > 0), "the later life has the mailbox");
        sender.Tell("target", Inbox.Number(2));
        Assert.Equal([2], await inbox.Take(1));
        thaw.Set();
        Assert.Equal([1], await earlier.Take(1));
        sender.Tell("target", Inbox.Number(3));
        Assert.Equal([3], await inbox.Take(1));
        await BrokerRun.OneConsumes(there, "target");
    }

    [Fact]
    public async Task An_earlier_life_that_gets_the_mailbox_back_learns_of_the_later_one()
    {
        var server = await broker.Server;
        await using var run = new BrokerRun(SharedBroker.Options(server));
        using var thaw = new ManualResetEventSlim();
        var (earlier, there, sender) = await StandStill(run, thaw);
        var inbox = new Inbox();
        there.Open("target", 2, inbox.Receive, inbox.Failed);
        await BrokerRun.Until(() => Task.FromResult(inbox.Restored > 0), "the later life has the mailbox");
        string queue = there.Topology.Queue("target");
        await BrokerRun.Until(async () =>
            (await server.Control("list_consumers", "queue_name")).Split(queue).Length == 3,
            "the earlier one waits for it");
        thaw.Set();

        await BrokerRun.Cut(there.Connection);
        Assert.IsType<FencedException>(await earlier.Failure);
        sender.Tell("target", Inbox.Number(2));
        Assert.Contains(2, await inbox.TakeUntil(2));
    }

    [Fact]
    public async Task Of_several_that_wait_one_gets_the_mailbox_of_one_that_stands_still()
    {
        await using var run = new BrokerRun(SharedBroker.Options(await broker.Server));
        var here = await run.Process();
        here.Prepare("target");
        await run.Settled();
        // Takes what comes, and handles nothing.
        var frozen = await here.Connection.SessionOrNull!.Incoming.CreateChannelAsync(null, Cancellation);
        await frozen.BasicConsumeAsync(here.Topology.Queue("target"), autoAck: false,
            new AsyncDefaultBasicConsumer(frozen), Cancellation);
        var there = await run.Process();
        var inbox = new Inbox();
        var waiting = (BrokerLife)there.Open("target", 1, inbox.Receive, inbox.Failed);
        await waiting.FirstReady.WaitAsync(Inbox.Limit, Cancellation);
        var sender = BrokerRun.Silent(there, "sender");
        sender.Tell("target", Inbox.Number(1));
        await run.Settled();

        await there.Evict("target", () => false, Cancellation);
        Assert.Equal(0, inbox.Restored);
        int asked = 0;
        await Task.WhenAll(Enumerable.Range(0, 3).Select(_ =>
            there.Evict("target", () => Interlocked.Increment(ref asked) == 1, Cancellation)));
        Assert.Equal(3, asked);
        await BrokerRun.Until(() => Task.FromResult(inbox.Restored > 0), "one that waits has the mailbox");
        sender.Tell("target", Inbox.Number(2));
        Assert.Equal([2], await inbox.Take(1));
    }

    // The first life of "target" has the mailbox of one process, and stands still at message 1 of another's
    // sender.
    private static async Task<(Inbox Earlier, BrokerMailboxes There, IMailbox Sender)> StandStill(
        BrokerRun run, ManualResetEventSlim thaw)
    {
        var standing = new TaskCompletionSource();
        var earlier = new Inbox
        {
            OnMessage = (_, handled) =>
            {
                standing.TrySetResult();
                thaw.Wait(Inbox.Limit, CancellationToken.None);
                handled();
            },
        };
        (await run.Process()).Open("target", 1, earlier.Receive, earlier.Failed);
        var there = await run.Process();
        await run.Settled();
        var sender = BrokerRun.Silent(there, "sender");
        sender.Tell("target", Inbox.Number(1));
        await standing.Task.WaitAsync(Inbox.Limit, Cancellation);
        return (earlier, there, sender);
    }
}
