using Leaps.Actors.Protocol;
using Leaps.Actors.Telemetry;
using Leaps.Actors.Tests.Telemetry;

namespace Leaps.Actors.Tests.Runtime.RabbitMq;

/// <summary>What a node tells of its messages at a real broker.</summary>
public sealed class BrokerTelemetryTests(SharedBroker broker)
{
    [Fact]
    public async Task Messages_are_counted_where_they_leave_and_where_they_come_and_so_are_refused_ones()
    {
        await using var run = new BrokerRun(SharedBroker.Options(await broker.Server));
        using var telemetry = new NodeTelemetry("n1");
        using var listener = new TelemetryListener(telemetry);
        var connection = await run.Connect();
        telemetry.WatchOutbox(() => connection.Outbox.Bytes, () => connection.OutboxAge);
        var mailboxes = connection.Mailboxes(
            run.Prefix, run.Id, run.Refused.Enqueue, telemetry: telemetry.Of(run.Id));
        var inbox = new Inbox
        {
            OnMessage = (message, handled) =>
            {
                if (message is BufferQuery { Epoch: 2 })
                    throw new ProtocolException("not two");
                handled();
            },
        };
        mailboxes.Open("target", 1, inbox.Receive, inbox.Failed);
        var sender = BrokerRun.Silent(mailboxes, "sender");
        await run.Settled();
        for (int n = 1; n <= 3; n++)
            sender.Tell("target", Inbox.Number(n));
        Assert.Equal([1, 3], await inbox.Take(2));
        await run.Settled();
        foreach (string name in (string[])[MetricNames.Messages, MetricNames.MessageBytes])
        {
            var sent = Of(name, "sent");
            Assert.Equal(3, sent.Count);
            Assert.Equal(sent, Of(name, "received"));
        }
        Assert.Equal(1, listener.Sum(MetricNames.DeadLetters));
        Assert.Equal(0, Assert.Single(listener.Ask(MetricNames.OutboxBytes)).Value);
        Assert.Equal(0, Assert.Single(listener.Ask(MetricNames.OutboxAge)).Value);

        List<double> Of(string name, string direction) => [.. listener.Measured.Where(one => one.Name == name
            && (string)one.Tags[MetricNames.Direction]! == direction
            && (string)one.Tags[MetricNames.Kind]! == "BufferQuery").Select(one => one.Value)];
    }
}
