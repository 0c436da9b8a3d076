using Leaps.Model;

namespace Leaps.Actors.Journal;

/// <summary>
/// Writes of one thing to an <see cref="IJournal"/>, each a transaction with a sync of its own.
/// </summary>
public static class JournalExtensions
{
    /// <summary>
    /// Appends events all together or not at all; they are durable when this returns.
    /// </summary>
    /// <param name="journal">where to</param>
    /// <param name="actor">1 to 200 characters, none of them a control character</param>
    /// <param name="expectedSequence">the number of the actor's last event, as its writer believes</param>
    /// <param name="events">in order; with none, only the expectation is checked</param>
    /// <returns>the number of the last event appended</returns>
    /// <exception cref="SequenceConflictException">
    /// The actor's last event is another: somebody else writes for it. Nothing has been appended.
    /// </exception>
    /// <exception cref="LeapsException">The storage refused, for example because it is full.</exception>
    public static long Append(
        this IJournal journal, string actor, long expectedSequence,
        IReadOnlyList<ReadOnlyMemory<byte>> events)
    {
        journal.Write([new JournalAppend(actor, expectedSequence, events)]);
        return expectedSequence + events.Count;
    }

    /// <summary>
    /// Saves the state after event <paramref name="sequence"/>. If it fails, the former snapshots stay.
    /// </summary>
    /// <param name="journal">where to</param>
    /// <param name="actor">1 to 200 characters, none of them a control character</param>
    /// <param name="sequence">from the last pruned event to the actor's last event</param>
    /// <param name="state">at most 1,000,000,000 bytes</param>
    /// <exception cref="ArgumentOutOfRangeException">The sequence is outside its bounds.</exception>
    /// <exception cref="LeapsException">The storage refused, for example because it is full.</exception>
    public static void SaveSnapshot(
        this IJournal journal, string actor, long sequence, ReadOnlyMemory<byte> state) =>
        journal.Write([new JournalSnapshot(actor, sequence, state)]);
}
