using Leaps.Actors.Cluster;
using Leaps.Actors.Journal.PostgreSql;
using Leaps.Actors.Runtime.RabbitMq;
using Leaps.Host.Configuration.Cluster;

namespace Leaps.Host.Execution.Cluster;

/// <summary>From what a cluster's file says to its servers.</summary>
internal static class ClusterConnections
{
    /// <summary>All that the commands need.</summary>
    public static readonly ClusterWiring Wiring = new()
    {
        Connect = Connect,
        OpenDeadLetters = async (cluster, cancellation) => new BrokerDeadLetters(
            await ConnectBroker(cluster, "leaps ctl", static _ => { }, wait: false, cancellation)
                .ConfigureAwait(false), cluster.Name),
        Node = NodeJob.Run,
    };

    /// <exception cref="Leaps.Model.LeapsException">The broker refuses, or can't be reached and is not to be
    /// waited for.</exception>
    public static Task<BrokerConnection> ConnectBroker(ClusterConfiguration cluster, string process,
        Action<string> notice, bool wait, CancellationToken cancellation) => BrokerConnection.Connect(
            OptionsOf(cluster), process, notice, wait, cancellation: cancellation);

    /// <exception cref="Leaps.Model.LeapsException">The database refuses.</exception>
    public static PostgreSqlDatabase OpenDatabase(
        ClusterConfiguration cluster, Action<string> notice, CancellationToken cancellation)
    {
        var database = cluster.Database!;
        return PostgreSqlDatabase.Open(new PostgreSqlOptions
        {
            Host = database.Host,
            Port = database.Port,
            Database = database.Name,
            User = database.User,
            Password = database.Password.Text,
            Tls = database.Tls is null ? PostgreSqlTls.Off : PostgreSqlTls.Require,
            CaFile = database.Tls?.CaFile,
        }, cluster.Name, notice, wait: true, cancellation);
    }

    private static async Task<IClusterClient> Connect(
        ClusterConfiguration cluster, CancellationToken cancellation)
    {
        var broker = await ConnectBroker(cluster, "leaps", static _ => { }, wait: false, cancellation)
            .ConfigureAwait(false);
        return await ClusterClient.Open(
            broker, cluster.Name, static _ => { }, TimeProvider.System, cancellation).ConfigureAwait(false);
    }

    private static BrokerOptions OptionsOf(ClusterConfiguration cluster)
    {
        var broker = cluster.Broker;
        return new BrokerOptions
        {
            Hosts = [.. broker.Hosts.Select(host => new BrokerHost(host.Host, host.Port))],
            VirtualHost = broker.VirtualHost,
            User = broker.User,
            Password = broker.Password.Text,
            Tls = broker.Tls is not { } tls ? null
                : new BrokerTls(tls.CaFile, tls.ServerName, tls.CertificateFile, tls.KeyFile),
            Heartbeat = broker.Heartbeat,
            OutboxBytes = cluster.Limits.Outbox,
            MaximumMessageBytes = cluster.Limits.Message,
        };
    }
}
