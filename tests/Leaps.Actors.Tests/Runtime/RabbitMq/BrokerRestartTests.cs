using Leaps.Actors.Runtime;
using Leaps.Actors.Runtime.RabbitMq;
using Leaps.Model;
using Leaps.Servers;

namespace Leaps.Actors.Tests.Runtime.RabbitMq;

/// <summary>A broker that goes away in the middle of everything and comes back with its data.</summary>
public sealed class BrokerRestartTests
{
    private const int Parts = 3;
    private const int Many = 4998;

    [Fact]
    public async Task Nothing_is_lost_when_the_broker_is_stopped_or_killed_in_the_middle()
    {
        await using var server = await SharedBroker.OrSkip(() =>
            RabbitMqServer.Start(cancellation: TestContext.Current.CancellationToken));
        await using var run = new BrokerRun(SharedBroker.Options(server));
        var (here, there) = (await run.Process(), await run.Process());
        int taken = 0;
        Action<object, Action> count = (_, handled) =>
        {
            Interlocked.Increment(ref taken);
            handled();
        };
        var (left, right) = (new Inbox { OnMessage = count }, new Inbox { OnMessage = count });
        var leftMailbox = here.Open("left", 1, left.Receive, left.Failed);
        var rightMailbox = there.Open("right", 1, right.Receive, right.Failed);
        await run.Settled();
        await BrokerRun.Until(() => Task.FromResult(
            server.HasOnDisk($"{run.Prefix}.left") && server.HasOnDisk($"{run.Prefix}.right")),
                "queues on disk");
        var takingLeft = left.TakeUntil(Many);
        var takingRight = right.TakeUntil(Many);
        Func<Task>[] losses = [server.Kill, () => server.Stop(TestContext.Current.CancellationToken)];
        for (int part = 0; part < Parts; part++)
        {
            var telling = Task.WhenAll(
                Task.Run(() => TellPart(leftMailbox, "right", part), TestContext.Current.CancellationToken),
                Task.Run(() => TellPart(rightMailbox, "left", part), TestContext.Current.CancellationToken));
            if (part < losses.Length)
            {
                int some = 2 * part * Many / Parts + Many / Parts;
                await BrokerRun.Until(() => Task.FromResult(Volatile.Read(ref taken) > some),
                    "in the middle");
                await losses[part]();
                await server.Start(TestContext.Current.CancellationToken);
                int notices = 4 * (part + 1);
                await BrokerRun.Until(() => Task.FromResult(run.Notices.Count == notices), "both are back");
            }
            await telling;
        }
        Inbox.AssertComplete(await takingLeft, Many);
        Inbox.AssertComplete(await takingRight, Many);
        Assert.Contains(run.Notices,
            line => line.StartsWith("lost the broker localhost:", StringComparison.Ordinal));
        Assert.Contains(run.Notices,
            line => line.StartsWith("connected to the broker", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Dead_letters_that_the_broker_has_lost_with_their_queue_are_told_in_one_line()
    {
        await using var server = await SharedBroker.OrSkip(() =>
            RabbitMqServer.Start(cancellation: TestContext.Current.CancellationToken));
        await using var run = new BrokerRun(SharedBroker.Options(server));
        var here = await run.Process();
        await run.Settled();
        string queue = here.Topology.DeadLetters;
        Assert.False(server.HasOnDisk(queue), "it was made too long ago to be lost");
        await server.Kill();
        await server.Start(TestContext.Current.CancellationToken);
        var letters = new DeadLetters(await run.Connect(), run.Prefix);
        var refusal = await Assert.ThrowsAsync<LeapsException>(
            () => letters.List(10, TestContext.Current.CancellationToken));
        Assert.StartsWith($"broker: it does not answer for the queue {queue}. ", refusal.Message,
            StringComparison.Ordinal);
        await server.Control("delete_queue", queue);
        await run.Process();
        await run.Settled();
        Assert.Empty(await letters.List(10, TestContext.Current.CancellationToken));
    }

    // The broker may have the names of queues that it was just told to make, and not their logs.
    [Fact]
    public async Task A_mailbox_made_just_before_the_broker_was_killed_holds_nobody_up()
    {
        await using var server = await SharedBroker.OrSkip(() =>
            RabbitMqServer.Start(cancellation: TestContext.Current.CancellationToken));
        await using var run = new BrokerRun(SharedBroker.Options(server));
        var (here, there) = (await run.Process(), await run.Process());
        var old = new Inbox();
        there.Open("old", 1, old.Receive, old.Failed);
        var sender = BrokerRun.Silent(here, "sender");
        await run.Settled();
        await BrokerRun.Until(() => Task.FromResult(
            server.HasOnDisk($"{run.Prefix}.old") && server.HasOnDisk($"{run.Prefix}.sender")),
                "queues on disk");
        string[] young = ["young-1", "young-2", "young-3"];
        foreach (string actor in young)
            here.Prepare(actor);
        await run.Settled();
        await server.Kill();
        await server.Start(TestContext.Current.CancellationToken);
        foreach (string actor in young)
            sender.Tell(actor, Inbox.Number(1));
        sender.Tell("old", Inbox.Number(1));
        // Nobody consumes the young ones yet.
        await old.Take(1);
        foreach (string actor in young)
        {
            var inbox = new Inbox();
            there.Open(actor, 1, inbox.Receive, inbox.Failed);
            await inbox.Take(1);
        }
    }

    [Fact]
    public async Task What_closed_mailboxes_sent_holds_nobody_up_when_the_broker_has_lost_its_data()
    {
        await using var server = await SharedBroker.OrSkip(() =>
            RabbitMqServer.Start(cancellation: TestContext.Current.CancellationToken));
        await using var run = new BrokerRun(SharedBroker.Options(server));
        var connection = await run.Connect();
        var here = run.Mailboxes(connection);
        var inbox = new Inbox();
        var target = here.Open("target", 1, inbox.Receive, inbox.Failed);
        var closed = connection.Mailboxes(SharedBroker.NewPrefix(), run.Id, run.Refused.Enqueue);
        var sender = BrokerRun.Silent(closed, "sender");
        await run.Settled();
        await server.Kill();
        await BrokerRun.Until(() => Task.FromResult(connection.Host is null), "the broker is away");
        sender.Tell("sender", Inbox.Number(1));
        await closed.DisposeAsync();
        server.LoseData();
        await server.Start(TestContext.Current.CancellationToken);
        target.Tell("target", Inbox.Number(2));
        Assert.Equal([2], await inbox.Take(1));
    }

    [Fact]
    public async Task While_the_broker_is_away_the_outbox_fills_and_senders_wait()
    {
        await using var server = await SharedBroker.OrSkip(() =>
            RabbitMqServer.Start(cancellation: TestContext.Current.CancellationToken));
        await using var run = new BrokerRun(SharedBroker.Options(server) with { OutboxBytes = 64 << 10 });
        var connection = await run.Connect();
        var mailboxes = run.Mailboxes(connection);
        var inbox = new Inbox();
        mailboxes.Open("target", 1, inbox.Receive, inbox.Failed);
        var sender = BrokerRun.Silent(mailboxes, "sender");
        var other = BrokerRun.Silent(mailboxes, "other");
        sender.Tell("target", Inbox.Number(1));
        await inbox.Take(1);
        await server.Stop(TestContext.Current.CancellationToken);
        int told = 1;
        var telling = Task.Run(() =>
        {
            for (int n = 2; n <= 1000; n++)
            {
                sender.Tell("target", Inbox.Number(n));
                Volatile.Write(ref told, n);
            }
        }, TestContext.Current.CancellationToken);
        await BrokerRun.Until(() => Task.FromResult(connection.Outbox.Bytes > (64 << 10) - 512),
            "it is full");
        Assert.Null(await mailboxes.Consumers("target", TestContext.Current.CancellationToken));
        Assert.False(telling.IsCompleted);
        Assert.InRange(Volatile.Read(ref told), 50, 300);
        Assert.True(connection.Outbox.Bytes <= 64 << 10);
        // Whoever waits can still be ended.
        var waiting = Task.Run(() => other.Tell("target", Inbox.Number(2000)),
            TestContext.Current.CancellationToken);
        other.Close();
        await waiting.WaitAsync(Inbox.Limit, TestContext.Current.CancellationToken);
        await server.Start(TestContext.Current.CancellationToken);
        await telling;
        var rest = await inbox.TakeUntil(1000);
        Inbox.AssertComplete(rest.Prepend(1), 1000);
    }

    private static void TellPart(IMailbox mailbox, string recipient, int part)
    {
        for (int n = 1 + part * Many / Parts; n <= (part + 1) * Many / Parts; n++)
            mailbox.Tell(recipient, Inbox.Number(n));
    }
}
