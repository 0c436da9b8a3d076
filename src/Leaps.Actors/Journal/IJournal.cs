using Leaps.Model;

namespace Leaps.Actors.Journal;

/// <summary>
/// The journal of one run: what each actor has decided, as numbered events, and its state now and then, as
/// snapshots. It is the port between pure actor states and storage.
/// </summary>
/// <remarks>
/// <para>
/// Rule: an event is in the journal before its effect leaves the actor. So <see cref="Append"/> and
/// <see cref="SaveSnapshot"/> return only once their bytes survive a crash of the process and of the machine.
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
    /// <summary>The number of the actor's last event; 0 when it has none.</summary>
    long LastSequence(string actor);

    /// <summary>
    /// Appends events all together or not at all; they are durable when this returns.
    /// </summary>
    /// <param name="actor">1 to 200 characters, none of them a control character</param>
    /// <param name="expectedSequence">the number of the actor's last event, as its writer believes</param>
    /// <param name="events">in order; with none, only the expectation is checked</param>
    /// <returns>the number of the last event appended</returns>
    /// <exception cref="SequenceConflictException">
    /// The actor's last event is another: somebody else writes for it. Nothing has been appended.
    /// </exception>
    /// <exception cref="LeapsException">The storage refused, for example because it is full.</exception>
    long Append(string actor, long expectedSequence, IReadOnlyList<ReadOnlyMemory<byte>> events);

    /// <summary>The actor's events from a number on, in order and without a gap.</summary>
    /// <param name="actor">1 to 200 characters, none of them a control character</param>
    /// <param name="fromSequence">1 or more; beyond the last event the answer is empty</param>
    /// <exception cref="LeapsException">An event is damaged or missing; it is named.</exception>
    /// <exception cref="ArgumentOutOfRangeException">Events from there on have been pruned.</exception>
    IReadOnlyList<JournalEvent> Read(string actor, long fromSequence);

    /// <summary>
    /// Saves the state after event <paramref name="sequence"/>, in place of a snapshot of the same number. In
    /// the same transaction the actor's snapshots beyond the newest k are deleted and, once it has k, its
    /// events up to the oldest of them. If it fails, the former snapshots stay.
    /// </summary>
    /// <param name="actor">1 to 200 characters, none of them a control character</param>
    /// <param name="sequence">from the last pruned event to the actor's last event</param>
    /// <param name="bytes">the state, at most 1,000,000,000 bytes</param>
    /// <exception cref="LeapsException">The storage refused, for example because it is full.</exception>
    void SaveSnapshot(string actor, long sequence, ReadOnlyMemory<byte> bytes);

    /// <summary>
    /// The newest snapshot whose checksum holds; damaged ones are skipped, each with a notice. Null when
    /// there is none and the events alone tell everything.
    /// </summary>
    /// <exception cref="LeapsException">No snapshot holds and the first events have been pruned.</exception>
    Snapshot? LoadLatestSnapshot(string actor);
}
