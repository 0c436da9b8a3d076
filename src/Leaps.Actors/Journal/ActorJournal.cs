using Google.Protobuf;

namespace Leaps.Actors.Journal;

/// <summary>One actor's part of the journal: it numbers the actor's events. From any thread.</summary>
internal sealed class ActorJournal(IJournal journal, JournalWriter writer, string actor)
{
    private readonly Lock _gate = new();
    private long _sequence = journal.LastSequence(actor);

    /// <summary>An event; <paramref name="completed"/> is called once it is durable.</summary>
    public void Append(IMessage item, Action<Exception?> completed)
    {
        lock (_gate)
            writer.Enqueue(new JournalAppend(actor, _sequence++, [item.ToByteArray()]), completed);
    }

    /// <summary>A snapshot of the actor as it is now, under an event of its own, so that the ones before it
    /// stay for a while.</summary>
    public void Save(IMessage state, Action<Exception?> completed) => Mark().Save(state, completed);

    /// <summary>A place for a snapshot of the actor as it is now, to be made later: events from now on are
    /// not part of it.</summary>
    public SnapshotPlace Mark()
    {
        lock (_gate)
        {
            var place = new SnapshotPlace(this, _sequence + 1);
            writer.Enqueue(new JournalAppend(actor, _sequence++, [ReadOnlyMemory<byte>.Empty]),
                failure => place.Refused = failure);
            return place;
        }
    }

    internal sealed class SnapshotPlace(ActorJournal journal, long sequence)
    {
        private readonly ActorJournal _journal = journal;

        internal Exception? Refused { get; set; }

        public void Save(IMessage state, Action<Exception?> completed) => _journal.Write(
            sequence, state.ToByteArray(), failure => completed(Refused ?? failure));
    }

    private void Write(long sequence, byte[] state, Action<Exception?> completed) =>
        writer.Enqueue(new JournalSnapshot(actor, sequence, state), completed);
}

/// <summary>To an actor from its journal: what it was to keep was refused.</summary>
internal sealed record SaveFailed(Exception Cause);
