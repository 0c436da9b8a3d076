using Leaps.Actors.Journal;

namespace Leaps.Actors.Tests.Journal;

public sealed class MemoryJournalTests : JournalTests
{
    private readonly MemoryJournal journal;

    public MemoryJournalTests() => journal = new MemoryJournal(Options);

    private protected override IJournal Journal => journal;

    private protected override void Restart()
    {
    }

    private protected override void FlipSnapshotByte(string actor, long sequence, int index, byte mask) =>
        journal.StoredSnapshot(actor, sequence)[index] ^= mask;

    private protected override void FlipEventByte(string actor, long sequence, int index, byte mask) =>
        journal.StoredEvent(actor, sequence)[index] ^= mask;

    public override void Dispose() => journal.Dispose();
}
