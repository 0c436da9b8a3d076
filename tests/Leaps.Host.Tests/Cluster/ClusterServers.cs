using Leaps.Actors.Cluster;
using Leaps.Actors.Journal.PostgreSql;
using Leaps.Actors.Runtime.RabbitMq;
using Leaps.Servers;

namespace Leaps.Host.Tests.Cluster;

/// <summary>A broker and a database for all clusters of these tests, each under a name of its own.</summary>
public sealed class ClusterServers : IAsyncLifetime
{
    private static int s_clusters;
    private PostgreSqlServer? _database;
    private RabbitMqServer? _broker;
    private string? _missing;

    public PostgreSqlServer Database => Required(_database);
    public RabbitMqServer Broker => Required(_broker);

    public static string NewName() =>
        FormattableString.Invariant($"t{Interlocked.Increment(ref s_clusters)}");

    public async ValueTask InitializeAsync()
    {
        try
        {
            _database = new PostgreSqlServer();
            _broker = await RabbitMqServer.Start(new RabbitMqOptions(), CancellationToken.None);
        }
        catch (ServerMissingException missing)
        {
            _missing = missing.Message;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_broker is not null)
            await _broker.DisposeAsync();
        _database?.Dispose();
    }

    public Task<BrokerConnection> Connect(Action<string> notice) => BrokerConnection.Connect(new BrokerOptions
    {
        Hosts = [new BrokerHost("localhost", Broker.Port)],
        Heartbeat = TimeSpan.FromSeconds(2),
    }, "test", notice);

    public PostgreSqlDatabase OpenDatabase(string cluster, Action<string> notice) =>
        PostgreSqlDatabase.Open(new PostgreSqlOptions
        {
            Host = "localhost",
            Port = Database.Port,
            Database = PostgreSqlServer.Database,
            User = PostgreSqlServer.User,
            Password = Database.Password,
            Tls = PostgreSqlTls.Off,
        }, cluster, notice);

    private T Required<T>(T? server) where T : class
    {
        if (_missing is not null)
            Assert.Skip(_missing);
        return server!;
    }
}

[CollectionDefinition(Name)]
public sealed class ClusterCollection : ICollectionFixture<ClusterServers>
{
    public const string Name = "cluster";
}
