using Google.Protobuf;

namespace Leaps.Actors.Journal;

/// <summary>One actor's part of the journal: it numbers the actor's events. From any thread.</summary>
internal sealed class ActorJournal(IJournal journal, JournalWriter writer, string actor)
{
    private readonly Lock _gate = new();
    private long _sequence = journal.LastSequence(actor);

    public string Actor => actor;

    /// <summary>An event; <paramref name="completed"/> is called once it is durable.</summary>
    public void Append(IMessage item, Action<Exception?> completed)
    {
        lock (_gate)
            writer.Enqueue(new JournalAppend(actor, _sequence++, [item.ToByteArray()]), completed);
    }

    /// <summary>A snapshot, under an event of its own, so that the ones before it stay for a while.</summary>
    public void Save(IMessage state, Action<Exception?> completed)
    {
        Exception? refused = null;
        byte[] bytes = state.ToByteArray();
        lock (_gate)
        {
            writer.Enqueue(new JournalAppend(actor, _sequence++, [ReadOnlyMemory<byte>.Empty]),
                failure => refused = failure);
            writer.Enqueue(new JournalSnapshot(actor, _sequence, bytes),
                failure => completed(refused ?? failure));
        }
    }
}

/// <summary>To an actor from its journal: what it was to keep was refused.</summary>
internal sealed record SaveFailed(Exception Cause);
