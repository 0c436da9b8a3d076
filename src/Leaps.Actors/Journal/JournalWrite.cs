namespace Leaps.Actors.Journal;

/// <summary>
/// One thing to be written to an <see cref="IJournal"/>: a <see cref="JournalAppend"/>, a
/// <see cref="JournalSnapshot"/> or a <see cref="JournalForget"/>.
/// </summary>
/// <remarks>
/// Checked and given its checksums when it is made, on the thread of whoever makes it. Its bytes are not
/// copied: they must not change until it is written, and would be taken for damaged ones afterwards.
/// </remarks>
public abstract class JournalWrite
{
    /// <summary>Bytes that a row takes besides its payload, about.</summary>
    private protected const int RowBytes = 100;

    private protected JournalWrite(string actor)
    {
        JournalRules.CheckActor(actor);
        Actor = actor;
    }

    /// <summary>1 to 200 characters, none of them a control character.</summary>
    public string Actor { get; }

    /// <summary>Bytes that it holds in memory, about.</summary>
    public abstract long Bytes { get; }

    /// <summary>False when only an expectation is checked.</summary>
    internal abstract bool ChangesSomething { get; }
}

/// <summary>Events to be appended, all or none of them.</summary>
public sealed class JournalAppend : JournalWrite
{
    /// <param name="actor">1 to 200 characters, none of them a control character</param>
    /// <param name="expectedSequence">the number of the actor's last event, as its writer believes</param>
    /// <param name="events">in order; with none, only the expectation is checked</param>
    /// <exception cref="ArgumentException">A value outside these bounds.</exception>
    public JournalAppend(string actor, long expectedSequence, IReadOnlyList<ReadOnlyMemory<byte>> events)
        : base(actor)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(expectedSequence);
        ArgumentNullException.ThrowIfNull(events);
        ExpectedSequence = expectedSequence;
        Events = [.. events];
        Checksums = new byte[Events.Count][];
        Bytes = RowBytes;
        for (int i = 0; i < Events.Count; i++)
        {
            JournalRules.CheckPayload(Events[i]);
            Checksums[i] = JournalChecksum.Of(
                JournalChecksum.Event, actor, expectedSequence + 1 + i, Events[i].Span);
            Bytes += RowBytes + Events[i].Length;
        }
    }

    public long ExpectedSequence { get; }

    public IReadOnlyList<ReadOnlyMemory<byte>> Events { get; }

    public override long Bytes { get; }

    internal override bool ChangesSomething => Events.Count > 0;

    /// <summary>(events) of each event under the number it gets.</summary>
    internal byte[][] Checksums { get; }
}

/// <summary>The state of an actor after one of its events, to be saved.</summary>
public sealed class JournalSnapshot : JournalWrite
{
    /// <param name="actor">1 to 200 characters, none of them a control character</param>
    /// <param name="sequence">from the last pruned event to the actor's last event</param>
    /// <param name="state">at most 1,000,000,000 bytes</param>
    /// <exception cref="ArgumentException">A value outside these bounds.</exception>
    public JournalSnapshot(string actor, long sequence, ReadOnlyMemory<byte> state)
        : base(actor)
    {
        JournalRules.CheckPayload(state);
        Sequence = sequence;
        State = state;
        Checksum = JournalChecksum.Of(JournalChecksum.Snapshot, actor, sequence, state.Span);
    }

    public long Sequence { get; }

    public ReadOnlyMemory<byte> State { get; }

    public override long Bytes => RowBytes + State.Length;

    internal override bool ChangesSomething => true;

    internal byte[] Checksum { get; }
}

/// <summary>An actor of which nothing is needed any more: its events and snapshots go, as does its
/// name.</summary>
public sealed class JournalForget(string actor) : JournalWrite(actor)
{
    public override long Bytes => RowBytes;

    internal override bool ChangesSomething => true;
}
