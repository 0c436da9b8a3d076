using Leaps.Actors.Runtime.RabbitMq;

namespace Leaps.Host.Execution.Cluster;

/// <summary>The dead letters of a cluster, as its commands see them.</summary>
/// <param name="connection">this object's from now on</param>
/// <param name="cluster">the cluster's name</param>
internal sealed class BrokerDeadLetters(BrokerConnection connection, string cluster) : IDeadLetters
{
    private const int MostListed = 1000;

    private readonly DeadLetters _letters = new(connection, BrokerNames.Root(cluster));

    public async Task<IReadOnlyList<ClusterDeadLetter>> List(Guid? run, CancellationToken cancellation) =>
    [
        .. (await _letters.List(MostListed, cancellation).ConfigureAwait(false))
            .Where(letter => IsOf(letter, run))
            .Select(letter => new ClusterDeadLetter(BrokerNames.RunOf(cluster, letter.Exchange), letter.Actor,
                letter.Sender, letter.Kind, letter.Reason, letter.Time, letter.Bytes)),
    ];

    public Task<int> Retry(Guid? run, CancellationToken cancellation) =>
        _letters.Retry(letter => IsOf(letter, run), cancellation);

    public Task<int> Purge(Guid? run, CancellationToken cancellation) =>
        _letters.Purge(letter => IsOf(letter, run), cancellation);

    public ValueTask DisposeAsync() => connection.DisposeAsync();

    private bool IsOf(DeadLetter letter, Guid? run) => run is not { } wanted
        || BrokerNames.RunOf(cluster, letter.Exchange) == BrokerNames.Short(wanted);
}
