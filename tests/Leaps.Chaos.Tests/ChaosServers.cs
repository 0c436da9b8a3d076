using Leaps.Actors.Runtime.RabbitMq;
using Leaps.Servers;

namespace Leaps.Chaos.Tests;

/// <summary>A broker and a database for some cases, each of which is a cluster with a name of its own. Both
/// keep what they confirm: they are killed too.</summary>
internal sealed class ChaosServers : IAsyncDisposable
{
    private readonly SemaphoreSlim _brokerGate = new(1), _databaseGate = new(1);

    private ChaosServers(RabbitMqServer broker, PostgreSqlServer database) =>
        (Broker, Database) = (broker, database);

    public RabbitMqServer Broker { get; }
    public PostgreSqlServer Database { get; }

    /// <exception cref="ServerMissingException">RabbitMQ or PostgreSQL is not installed.</exception>
    /// <exception cref="InvalidOperationException">A server does not start.</exception>
    public static async Task<ChaosServers> Start(CancellationToken cancellation)
    {
        var broker = await RabbitMqServer.Start(new RabbitMqOptions(), cancellation);
        try
        {
            return new ChaosServers(broker, new PostgreSqlServer(durable: true,
                extraSettings: ["max_connections=200"]));
        }
        catch
        {
            await broker.DisposeAsync();
            throw;
        }
    }

    public Task<BrokerConnection> Connect(CancellationToken cancellation) => BrokerConnection.Connect(
        new BrokerOptions
        {
            Hosts = [new BrokerHost("127.0.0.1", Broker.Port)],
            Heartbeat = TimeSpan.FromSeconds(2),
        }, "chaos", static _ => { }, cancellation: cancellation);

    /// <summary>The broker ends, and after a while is there again.</summary>
    public Task LoseBroker(FaultKind kind, TimeSpan pause, CancellationToken cancellation) =>
        Alone(_brokerGate, async () =>
        {
            if (kind == FaultKind.StopBroker)
                await Broker.Stop(cancellation);
            else
                await Broker.Kill();
            if (kind == FaultKind.LoseBroker)
                Broker.LoseData();
            await Pause(pause, cancellation);
            await Broker.Start(cancellation);
        }, cancellation);

    /// <summary>The database is killed, and after a while is there again.</summary>
    public Task LoseDatabase(TimeSpan pause, CancellationToken cancellation) =>
        Alone(_databaseGate, async () =>
        {
            Database.Kill();
            await Pause(pause, cancellation);
            Database.Start();
        }, cancellation);

    /// <summary>The database answers nothing for a while.</summary>
    public Task FreezeDatabase(TimeSpan length, CancellationToken cancellation) =>
        Alone(_databaseGate, async () =>
        {
            Database.Pause();
            try
            {
                await Task.Delay(length, cancellation);
            }
            finally
            {
                Database.Continue();
            }
        }, cancellation);

    public async ValueTask DisposeAsync()
    {
        await Broker.DisposeAsync();
        Database.Dispose();
        _brokerGate.Dispose();
        _databaseGate.Dispose();
    }

    // Whatever else is cancelled, the next case finds a server.
    private static Task Pause(TimeSpan pause, CancellationToken cancellation) =>
        Task.Delay(pause, cancellation).ContinueWith(static _ => { }, TaskScheduler.Default);

    // Two faults of one server come one after the other.
    private static async Task Alone(SemaphoreSlim gate, Func<Task> fault, CancellationToken cancellation)
    {
        await gate.WaitAsync(cancellation);
        try
        {
            await Task.Run(fault, CancellationToken.None);
        }
        finally
        {
            gate.Release();
        }
    }
}
