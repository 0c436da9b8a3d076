using System.Security.Cryptography;
using Google.Protobuf;
using Leaps.Actors.Journal;
using Leaps.Actors.Protocol;
using Leaps.Actors.Runtime.RabbitMq;
using RabbitMQ.Client;

namespace Leaps.Actors.Tests.Runtime.RabbitMq;

/// <summary>
/// What a broker adds to the contract: take-over, dead letters, limits, other people's queues.
/// </summary>
public sealed class BrokerTests(SharedBroker broker)
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Of_two_processes_one_gets_messages_and_the_other_takes_over_when_it_is_gone()
    {
        await using var run = await Start();
        var first = await run.Connect();
        var firstInbox = new Inbox { OnMessage = static (_, _) => { } };
        var here = run.Mailboxes(first);
        here.Open("target", 1, firstInbox.Receive, firstInbox.Failed);
        var there = await run.Process();
        await run.Settled();
        var sender = BrokerRun.Silent(there, "sender");
        sender.Tell("target", Inbox.Number(1));
        Assert.Equal([1], await firstInbox.Take(1));
        var secondInbox = new Inbox();
        var second = (BrokerLife)there.Open("target", 1, secondInbox.Receive, secondInbox.Failed);
        await second.FirstReady.WaitAsync(Inbox.Limit, Cancellation);
        sender.Tell("target", Inbox.Number(2));
        Assert.Equal([2], await firstInbox.Take(1));
        await BrokerRun.Cut(first);
        Assert.Equal([1, 2], await secondInbox.Take(2));
        sender.Tell("target", Inbox.Number(3));
        Assert.Equal([3], await secondInbox.Take(1));
        await BrokerRun.Until(() => Task.FromResult(run.Notices.Count == 2), "the first is back");
        await BrokerRun.OneConsumes(there, "target");
    }

    // The first process was given up and is alive: what it still takes must not be missed by the second.
    [Fact]
    public async Task A_later_life_takes_over_from_an_earlier_one_that_is_still_there()
    {
        await using var run = await Start();
        var here = await run.Process();
        var firstInbox = new Inbox();
        here.Open("target", 1, firstInbox.Receive, firstInbox.Failed);
        var there = await run.Process();
        await run.Settled();
        var sender = BrokerRun.Silent(there, "sender");
        sender.Tell("target", Inbox.Number(1));
        Assert.Equal([1], await firstInbox.Take(1));
        var secondInbox = new Inbox();
        there.Open("target", 2, secondInbox.Receive, secondInbox.Failed);
        var error = await firstInbox.Failure;
        Assert.Equal("target", Assert.IsType<FencedException>(error).Actor);
        sender.Tell("target", Inbox.Number(2));
        Assert.Equal([2], await secondInbox.Take(1));
        Assert.True(secondInbox.Restored > 0);
        await BrokerRun.OneConsumes(there, "target");
    }

    [Fact]
    public async Task A_refused_message_can_be_listed_delivered_again_and_thrown_away()
    {
        await using var run = await Start();
        var connection = await run.Connect();
        var mailboxes = run.Mailboxes(connection);
        bool refuses = true;
        var inbox = new Inbox
        {
            OnMessage = (message, handled) =>
            {
                if (refuses)
                    throw new ProtocolException("not now");
                handled();
            },
        };
        mailboxes.Open("target", 1, inbox.Receive, inbox.Failed);
        var sender = BrokerRun.Silent(mailboxes, "sender");
        await run.Settled();
        var dead = new DeadLetters(connection, run.Prefix);
        foreach (int n in new[] { 1, 2, 3 })
        {
            sender.Tell("target", Inbox.Number(n));
            await BrokerRun.Until(async () => (await dead.List(10)).Count == n, $"{n} dead letters");
        }
        var letters = await dead.List(2, Cancellation);
        Assert.Equal(2, letters.Count);
        var letter = letters[0];
        Assert.Equal(("target", "sender", "BufferQuery", "rejected"),
            (letter.Actor, letter.Sender, letter.Kind, letter.Reason));
        Assert.True(letter.Bytes > 0 && letter.Time > DateTimeOffset.UnixEpoch);
        refuses = false;
        Assert.Equal(1, await dead.Retry(letter => letter.Id == letters[1].Id, Cancellation));
        long first = Assert.Single(await inbox.Take(1));
        Assert.Equal(2, await dead.Retry(cancellation: Cancellation));
        Assert.Equal([1, 2, 3], (await inbox.Take(2)).Append(first).Order());
        Assert.Empty(await dead.List(10, Cancellation));
        refuses = true;
        sender.Tell("target", Inbox.Number(4));
        await BrokerRun.Until(async () => (await dead.List(10)).Count == 1, "a dead letter");
        Assert.Equal(1, await dead.Purge(cancellation: Cancellation));
        Assert.Empty(await dead.List(10, Cancellation));
    }

    [Fact]
    public async Task What_is_no_message_of_the_run_or_for_another_actor_is_refused_and_the_next_one_comes()
    {
        await using var run = await Start();
        var connection = await run.Connect();
        var mailboxes = run.Mailboxes(connection);
        var inbox = new Inbox();
        mailboxes.Open("target", 1, inbox.Receive, inbox.Failed);
        var envelope = Envelope.Create(run.Id, "sender", "other", 1, 1);
        envelope.BufferQuery = new BufferQuery { Epoch = 1 };
        byte[] forOther = envelope.ToByteArray();
        envelope.Recipient = "target";
        envelope.RunId = Envelope.RunIdBytes(Guid.NewGuid());
        byte[] ofOther = envelope.ToByteArray();
        foreach (byte[] body in new[] { forOther, ofOther, [1, 2, 3], [] })
            mailboxes.Send("target", body, Cancellation);
        BrokerRun.Silent(mailboxes, "sender").Tell("target", Inbox.Number(1));
        Assert.Equal([1], await inbox.Take(1));
        Assert.Equal(4, run.Refused.Count);
        Assert.Contains("BufferQuery 1 from sender is for other; it came to target.", run.Refused.First());
        await run.Settled();
        var dead = new DeadLetters(connection, run.Prefix);
        await BrokerRun.Until(async () => (await dead.List(10)).Count == 4, "four dead letters");
        Assert.Contains(await dead.List(10, Cancellation), letter => letter is { Bytes: 3, Sender: "" });
    }

    [Fact]
    public async Task Nobody_else_can_tell_an_actor_that_it_has_a_successor()
    {
        await using var run = await Start();
        var connection = await run.Connect();
        var mailboxes = run.Mailboxes(connection);
        var inbox = new Inbox();
        mailboxes.Open("target", 1, inbox.Receive, inbox.Failed);
        await run.Settled();
        await using var channel =
            await connection.SessionOrNull!.Outgoing.CreateChannelAsync(null, Cancellation);
        await channel.BasicPublishAsync(mailboxes.Topology.Exchange, "target", mandatory: true,
            new BasicProperties { Type = MailboxNotice.Type }, MailboxNotice.Of(2), Cancellation);
        await BrokerRun.Until(() => Task.FromResult(run.Refused.Count == 1), "it is refused");
        BrokerRun.Silent(mailboxes, "sender").Tell("target", Inbox.Number(1));
        Assert.Equal([1], await inbox.Take(1));
    }

    [Fact]
    public async Task A_message_that_its_recipient_dies_of_every_time_ends_among_the_dead_letters()
    {
        await using var run = await Start();
        var connection = await run.Connect();
        var mailboxes = run.Mailboxes(connection);
        mailboxes.Prepare("target");
        BrokerRun.Silent(mailboxes, "sender").Tell("target", Inbox.Number(1));
        await run.Settled();
        var dead = new DeadLetters(connection, run.Prefix);
        for (int life = 1; life <= BrokerTopology.DeliveryLimit + 1; life++)
        {
            var inbox = new Inbox { OnMessage = (_, _) => throw new InvalidOperationException("broken") };
            var mailbox = mailboxes.Open("target", life, inbox.Receive, inbox.Failed);
            await inbox.Failure;
            await mailbox.Completion.WaitAsync(Inbox.Limit, Cancellation);
        }
        await BrokerRun.Until(async () => (await dead.List(10)).Count == 1, "a dead letter");
        Assert.Equal("delivery_limit", Assert.Single(await dead.List(10, Cancellation)).Reason);
    }

    [Fact]
    public async Task While_a_queue_is_full_its_messages_are_sent_again_and_one_line_says_so()
    {
        await using var run = await Start();
        var server = await broker.Server;
        var mailboxes = await run.Process();
        mailboxes.Prepare("target");
        await run.Settled();
        await server.Control("set_policy", run.Prefix, $"^{run.Prefix}[.]target$",
            """{"max-length": 3, "overflow": "reject-publish"}""", "--apply-to", "queues");
        var sender = BrokerRun.Silent(mailboxes, "sender");
        int sent = 0;
        // The limit is soft: what is under way when it is reached still gets in.
        await BrokerRun.Until(() =>
        {
            sender.Tell("target", Inbox.Number(++sent));
            return Task.FromResult(!run.Notices.IsEmpty);
        }, "a line says so");
        Assert.StartsWith("the broker does not take a message to target: ", Assert.Single(run.Notices),
            StringComparison.Ordinal);
        var inbox = new Inbox();
        mailboxes.Open("target", 1, inbox.Receive, inbox.Failed);
        Inbox.AssertComplete(await inbox.TakeUntil(sent), sent);
        Assert.Single(run.Notices);
        await server.Control("clear_policy", run.Prefix);
    }

    [Fact]
    public async Task A_message_of_4_MB_comes_and_one_beyond_the_limit_is_refused_at_its_sender()
    {
        await using var run = await Start(options => options with { MaximumMessageBytes = 5 << 20 });
        var mailboxes = await run.Process();
        var came = new TaskCompletionSource<object>();
        mailboxes.Open("target", 1, (message, _) => came.TrySetResult(message),
            error => came.SetException(error));
        var sender = BrokerRun.Silent(mailboxes, "sender");
        var tooLarge = Assert.Throws<ProtocolException>(() => sender.Tell("target", Large(6 << 20)));
        Assert.Contains("at most 5,242,880 are allowed", tooLarge.Message);
        var large = Large(4 << 20);
        sender.Tell("target", large);
        Assert.Equal(large, await came.Task.WaitAsync(Inbox.Limit, Cancellation));
    }

    [Fact]
    public async Task A_transient_mailbox_is_gone_when_its_actor_is()
    {
        await using var run = await Start();
        var here = await run.Process();
        var there = await run.Process();
        var inbox = new Inbox();
        var mailbox = await here.OpenTransient("client", 1, inbox.Receive, inbox.Failed, Cancellation);
        var sender = BrokerRun.Silent(there, "sender");
        sender.Tell("client", Inbox.Number(1));
        Assert.Equal([1], await inbox.Take(1));
        mailbox.Close();
        await mailbox.Completion.WaitAsync(Inbox.Limit, Cancellation);
        await BrokerRun.Until(async () => await there.Consumers("client") == -1, "the queue is gone");
        sender.Tell("client", Inbox.Number(2));
        sender.Tell("sender", Inbox.Number(3));
    }

    [Fact]
    public async Task A_transient_mailbox_is_there_again_after_a_reconnect_before_anything_is_sent()
    {
        await using var run = await Start();
        var connection = await run.Connect();
        var here = run.Mailboxes(connection);
        var inbox = new Inbox();
        var mailbox = await here.OpenTransient("client", 1, inbox.Receive, inbox.Failed, Cancellation);
        for (int n = 1; n <= 5; n++)
        {
            await BrokerRun.Cut(connection);
            mailbox.Tell("client", Inbox.Number(n));
            // What was not confirmed before the cut comes again.
            Assert.All(await inbox.TakeUntil(n), number => Assert.InRange(number, n - 1, n));
        }
    }

    [Fact]
    public async Task A_queue_of_somebody_else_is_told_in_one_line_and_ends_those_who_need_it()
    {
        await using var run = await Start();
        var connection = await run.Connect();
        await using (var channel = await connection.SessionOrNull!.Outgoing.CreateChannelAsync(
            cancellationToken: Cancellation))
            await channel.QueueDeclareAsync($"{run.Prefix}.target", durable: true, exclusive: false,
                autoDelete: false, cancellationToken: Cancellation);
        var mailboxes = run.Mailboxes(connection);
        var inbox = new Inbox();
        mailboxes.Open("target", 1, inbox.Receive, inbox.Failed);
        string line = (await inbox.Failure).Message;
        Assert.Contains("belongs to something else on virtual host /", line);
        Assert.DoesNotContain('\n', line);
        // Others on the same connection go on.
        await using var other = await Start();
        var others = other.Mailboxes(connection);
        var otherInbox = new Inbox();
        others.Open("target", 1, otherInbox.Receive, otherInbox.Failed);
        BrokerRun.Silent(others, "sender").Tell("target", Inbox.Number(1));
        Assert.Equal([1], await otherInbox.Take(1));
    }

    private async Task<BrokerRun> Start(Func<BrokerOptions, BrokerOptions>? change = null)
    {
        var options = SharedBroker.Options(await broker.Server);
        return new BrokerRun(change?.Invoke(options) ?? options);
    }

    private static ParameterVersion Large(int bytes)
    {
        byte[] values = new byte[bytes];
        new Random(1).NextBytes(values);
        return new ParameterVersion
        {
            Sha256 = ByteString.CopyFrom(SHA256.HashData(values)),
            Values = ByteString.CopyFrom(values),
        };
    }
}
