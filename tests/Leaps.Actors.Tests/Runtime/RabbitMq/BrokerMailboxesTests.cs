using Leaps.Actors.Runtime;
using Leaps.Actors.Runtime.RabbitMq;

namespace Leaps.Actors.Tests.Runtime.RabbitMq;

/// <summary>The contract, between two connections to a real broker.</summary>
public sealed class BrokerMailboxesTests(SharedBroker broker) : MailboxesContract
{
    private readonly List<BrokerConnection> _connections = [];

    private protected override async Task<(IMailboxes Here, IMailboxes There)> Start()
    {
        var options = SharedBroker.Options(await broker.Server);
        var run = Guid.NewGuid();
        string prefix = SharedBroker.NewPrefix();
        var mailboxes = new List<IMailboxes>();
        for (int n = 0; n < 2; n++)
        {
            var connection = await BrokerConnection.Connect(options, $"test {n}", _ => { },
                cancellation: TestContext.Current.CancellationToken);
            _connections.Add(connection);
            mailboxes.Add(connection.Mailboxes(prefix, run, Refused.Enqueue));
        }
        return (mailboxes[0], mailboxes[1]);
    }

    protected override Task Settled() => Task.WhenAll(
        _connections.Select(connection => connection.Outbox.Drained.WaitAsync(Inbox.Limit)));

    protected override async ValueTask Release()
    {
        foreach (var connection in _connections)
            await connection.DisposeAsync();
    }
}
