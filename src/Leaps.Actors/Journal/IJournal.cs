using Leaps.Model;

namespace Leaps.Actors.Journal;

/// <summary>
/// The journal of one run: what each actor has decided, as numbered events, and its state now and then, as
/// snapshots. It is the port between pure actor states and storage.
/// </summary>
/// <remarks>
/// <para>
/// Rule: an event is in the journal before its effect leaves the actor. So <see cref="Write"/>
/// returns only once its bytes survive a crash of the process and of the machine.
/// </para>
/// <para>
/// The events of an actor are numbered 1, 2, 3, … An actor's sequence is the number of its last event, 0
/// before the first. A snapshot at sequence n is the state after events 1 … n, so that recovery is: load the
/// newest snapshot, then apply the events from n + 1 on.
/// </para>
/// <para>Every member may be called from any thread.</para>
/// </remarks>
public interface IJournal : IDisposable
{
    /// <summary>Names of the actors that have written something, in ordinal order.</summary>
    IReadOnlyList<string> Actors();

    /// <summary>The number of the actor's last event; 0 when it has none.</summary>
    long LastSequence(string actor);

    /// <summary>
    /// Appends and snapshots of any actors, in this order and all together or not at all; they are durable
    /// when this returns. One transaction and one sync to disk, however many they are.
    /// </summary>
    /// <remarks>
    /// A snapshot replaces one of the same number. In the same transaction the actor's snapshots beyond the
    /// newest k are deleted and, once it has k, its events up to the oldest of them.
    /// </remarks>
    /// <param name="writes">an actor may occur several times; with none, nothing happens</param>
    /// <exception cref="SequenceConflictException">
    /// An actor's last event is another than an append expects: somebody else writes for it.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">
    /// A snapshot beyond its actor's last event or before its last pruned one.
    /// </exception>
    /// <exception cref="LeapsException">The storage refused, for example because it is full.</exception>
    void Write(IReadOnlyList<JournalWrite> writes);

    /// <summary>The actor's events from a number on, in order and without a gap.</summary>
    /// <param name="actor">1 to 200 characters, none of them a control character</param>
    /// <param name="fromSequence">1 or more; beyond the last event the answer is empty</param>
    /// <exception cref="LeapsException">An event is damaged or missing; it is named.</exception>
    /// <exception cref="ArgumentOutOfRangeException">Events from there on have been pruned.</exception>
    IReadOnlyList<JournalEvent> Read(string actor, long fromSequence);

    /// <summary>
    /// The newest snapshot whose checksum holds; damaged ones are skipped, each with a notice. Null when
    /// there is none and the events alone tell everything.
    /// </summary>
    /// <exception cref="LeapsException">No snapshot holds and the first events have been pruned.</exception>
    Snapshot? LoadLatestSnapshot(string actor);
}
