using Leaps.Model;

namespace Leaps.Host.Execution.Cluster;

/// <summary>A message that was refused, or delivered too often.</summary>
/// <param name="Run">
/// whose actor it was for: the beginning of its identifier; empty: the cluster's own
/// </param>
/// <param name="Actor">whom it was for</param>
/// <param name="Sender">empty where it can't be read</param>
/// <param name="Kind">of its body; empty where it can't be read</param>
/// <param name="Reason">in the broker's words; empty: not known</param>
/// <param name="Time">when it became a dead letter; null: not known</param>
/// <param name="Bytes">its size</param>
public sealed record ClusterDeadLetter(
    string Run, string Actor, string Sender, string Kind, string Reason, DateTimeOffset? Time, int Bytes);

/// <summary>The dead letters at a cluster's broker, which is asked directly: no node has to live.</summary>
public interface IDeadLetters : IAsyncDisposable
{
    /// <summary>The oldest ones. They stay where they are.</summary>
    /// <param name="run">of that run alone; null: all</param>
    /// <param name="cancellation">ends the wait</param>
    /// <exception cref="LeapsException">The broker can't be reached or refuses.</exception>
    Task<IReadOnlyList<ClusterDeadLetter>> List(Guid? run, CancellationToken cancellation);

    /// <summary>Delivers them to the mailboxes that they were for. One without mailbox stays.</summary>
    /// <returns>how many were delivered</returns>
    /// <inheritdoc cref="List"/>
    Task<int> Retry(Guid? run, CancellationToken cancellation);

    /// <summary>Throws them away.</summary>
    /// <returns>how many</returns>
    /// <inheritdoc cref="List"/>
    Task<int> Purge(Guid? run, CancellationToken cancellation);
}
