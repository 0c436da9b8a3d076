using System.Diagnostics.CodeAnalysis;
using Leaps.Actors.Journal;
using Leaps.Actors.Journal.PostgreSql;
using Leaps.Actors.Runtime;
using Leaps.Actors.Runtime.RabbitMq;
using Leaps.Actors.Telemetry;
using Leaps.Model;

namespace Leaps.Actors.Cluster;

/// <summary>A RabbitMQ broker and a PostgreSQL database.</summary>
/// <param name="cluster">the cluster's name</param>
/// <param name="broker">connected; its owner's</param>
/// <param name="database">open; its owner's</param>
/// <param name="notice">takes a line for each message that was refused</param>
/// <param name="telemetry">of the node; null: nobody wants to know</param>
[SuppressMessage("Reliability", "CA1001", Justification =
    "Lives as long as its process, and so does what its source holds.")]
internal sealed class ClusterServices(string cluster, BrokerConnection broker, PostgreSqlDatabase database,
    Action<string> notice, NodeTelemetry? telemetry = null) : IClusterServices
{
    private readonly CancellationTokenSource _leaving = new();
    private readonly BrokerMailboxes _watching = broker.Mailboxes(BrokerNames.Cluster(cluster),
        BrokerNames.IdOf(cluster), static _ => { }, BrokerNames.Root(cluster));

    public Guid Cluster => database.Cluster;

    /// <summary>Makes sure that nobody else's cluster has this name at the broker.</summary>
    /// <exception cref="LeapsException">There is one, with another database.</exception>
    public async Task CheckIdentity(CancellationToken cancellation)
    {
        if (!await broker.Mark(BrokerNames.Identity(cluster), Cluster.ToString("D"), cancellation)
            .ConfigureAwait(false))
            throw new LeapsException($"another cluster, with another database than {database.Place}, is "
                + $"called '{cluster}' on virtual host {broker.Options.VirtualHost}: give one of them "
                + "another name, or another virtual host");
    }

    public IMailboxes Mailboxes(Guid run, string part, bool signed = false) => run == Cluster
        ? broker.Mailboxes(BrokerNames.Cluster(cluster), BrokerNames.IdOf(cluster), notice,
            BrokerNames.Root(cluster), signed, telemetry: telemetry?.Of(run))
        : broker.Mailboxes(
            BrokerNames.Run(cluster, run, part), run, notice, BrokerNames.Root(cluster), signed,
            telemetry: telemetry?.Of(run));

    public IFencedJournal Journal(Guid run, string part) =>
        database.Journal(run, part, cancellation: _leaving.Token);

    public Task<int?> Consumers(string actor) => _watching.Consumers(actor);

    public Task Evict(string actor, Func<bool> isDue) => _watching.Evict(actor, isDue);

    public async Task<ServerTrouble?> Trouble(CancellationToken cancellation) =>
        broker.Host is null ? new ServerTrouble("no connection to the broker", IsOfDatabase: false)
            : await database.IsHealthy(TimeSpan.FromSeconds(2), cancellation).ConfigureAwait(false) ? null
            : new ServerTrouble("the database does not answer", IsOfDatabase: true);

    public void EndJournals(TimeSpan limit) => _leaving.CancelAfter(limit);
}
