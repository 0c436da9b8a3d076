using Leaps.Actors.Journal;
using Leaps.Model;
using Leaps.Model.Training;

namespace Leaps.Host.Execution;

/// <summary>
/// The state of a training as snapshots of the actor "trainer", each under an event of its own, so that the
/// one before it stays for a while.
/// </summary>
internal sealed class TrainingCheckpoints(IJournal journal)
{
    private const string Actor = "trainer";

    /// <summary>The newest one; null before the first.</summary>
    /// <exception cref="LeapsException">It can't be read.</exception>
    public TrainerSnapshot? Load()
    {
        if (journal.LoadLatestSnapshot(Actor) is not { } stored)
            return null;
        try
        {
            return TrainerSnapshot.FromBytes(stored.Bytes.Span);
        }
        catch (InvalidDataException error)
        {
            throw new LeapsException(
                $"the journal's checkpoint of the training can't be read: {error.Message}", error);
        }
    }

    /// <summary>Durable when this returns.</summary>
    /// <exception cref="LeapsException">The storage refused, for example because it is full.</exception>
    public void Save(TrainerSnapshot snapshot)
    {
        long last = journal.LastSequence(Actor);
        journal.Write(
        [
            new JournalAppend(Actor, last, [ReadOnlyMemory<byte>.Empty]),
            new JournalSnapshot(Actor, last + 1, snapshot.ToBytes()),
        ]);
    }
}
