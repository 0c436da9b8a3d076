using System.Collections.Concurrent;
using Leaps.Actors.Runtime;
using Leaps.Actors.Runtime.RabbitMq;

namespace Leaps.Actors.Tests.Runtime.RabbitMq;

/// <summary>A run at a broker, and the processes that take part in it.</summary>
internal sealed class BrokerRun(BrokerOptions options) : IAsyncDisposable
{
    private readonly List<BrokerConnection> _connections = [];

    public Guid Id { get; } = Guid.NewGuid();
    public string Prefix { get; } = SharedBroker.NewPrefix();
    public ConcurrentQueue<string> Refused { get; } = new();
    public ConcurrentQueue<string> Notices { get; } = new();

    public async Task<BrokerConnection> Connect()
    {
        var connection = await BrokerConnection.Connect(options, "test", Notices.Enqueue,
            cancellation: TestContext.Current.CancellationToken);
        _connections.Add(connection);
        return connection;
    }

    public BrokerMailboxes Mailboxes(BrokerConnection connection) =>
        connection.Mailboxes(Prefix, Id, Refused.Enqueue);

    /// <summary>The mailboxes of one more process.</summary>
    public async Task<BrokerMailboxes> Process() => Mailboxes(await Connect());

    public static IMailbox Silent(IMailboxes mailboxes, string actor)
    {
        var inbox = new Inbox();
        return mailboxes.Open(actor, 1, inbox.Receive, inbox.Failed);
    }

    /// <summary>Its connection is lost. It connects again by itself.</summary>
    public static async Task Cut(BrokerConnection connection)
    {
        var session = connection.SessionOrNull ?? throw new InvalidOperationException("not connected");
        try
        {
            await session.Incoming.CloseAsync(200, "cut", Inbox.Limit, abort: true,
                TestContext.Current.CancellationToken);
        }
        catch (ObjectDisposedException)
        {
            // It was quicker to clear away the rest.
        }
        await session.Over.WaitAsync(Inbox.Limit);
    }

    /// <summary>Ends when every process sees what any of them has prepared.</summary>
    public Task Settled() => Task.WhenAll(
        _connections.Select(connection => connection.Outbox.Drained.WaitAsync(Inbox.Limit)));

    /// <summary>Waits until something is so.</summary>
    public static async Task Until(Func<Task<bool>> holds, string what)
    {
        using var limit = new CancellationTokenSource(Inbox.Limit);
        while (!await holds())
        {
            Assert.False(limit.IsCancellationRequested, $"not within {Inbox.Limit}: {what}");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Waits until the broker knows so: one that is slow knows nothing at times.</summary>
    public static Task OneConsumes(BrokerMailboxes mailboxes, string actor) =>
        Until(async () => await mailboxes.Consumers(actor) == 1, $"one consumes {actor}");

    public async ValueTask DisposeAsync()
    {
        foreach (var connection in _connections)
            await connection.DisposeAsync();
        foreach (string notice in Notices)
            TestContext.Current.TestOutputHelper?.WriteLine(notice);
    }
}
