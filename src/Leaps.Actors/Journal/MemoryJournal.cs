namespace Leaps.Actors.Journal;

/// <summary>
/// A journal without a disk, for tests and the simulator: the same rules and refusals as the stored ones. It
/// lasts as long as the object; an actor that "crashes" and restarts finds in it whatever was acknowledged.
/// </summary>
public sealed class MemoryJournal(JournalOptions? options = null) : IJournal
{
    private const string Place = "the journal in memory";

    private readonly JournalOptions options = options ?? new JournalOptions();
    private readonly Lock gate = new();
    private readonly Dictionary<string, Rows> actors = new(StringComparer.Ordinal);

    private sealed class Rows
    {
        public SortedDictionary<long, Row> Events { get; } = [];

        public SortedDictionary<long, Row> Snapshots { get; } = [];

        public long Last { get; set; }

        public long PrunedThrough { get; set; }
    }

    private readonly record struct Row(byte[] Checksum, byte[] Payload);

    public long LastSequence(string actor)
    {
        JournalRules.CheckActor(actor);
        lock (gate)
            return Find(actor).Last;
    }

    public long Append(string actor, long expectedSequence, IReadOnlyList<ReadOnlyMemory<byte>> events)
    {
        JournalRules.CheckAppend(actor, expectedSequence, events);
        lock (gate)
        {
            var rows = Find(actor);
            JournalRules.CheckExpected(actor, expectedSequence, rows.Last);
            foreach (var bytes in events)
                rows.Events.Add(++rows.Last, Store(JournalChecksum.Event, actor, rows.Last, bytes));
            return rows.Last;
        }
    }

    public IReadOnlyList<JournalEvent> Read(string actor, long fromSequence)
    {
        JournalRules.CheckActor(actor);
        lock (gate)
        {
            var rows = Find(actor);
            JournalRules.CheckRead(actor, fromSequence, rows.PrunedThrough);
            var events = new List<JournalEvent>();
            for (long sequence = fromSequence; sequence <= rows.Last; sequence++)
            {
                if (!Holds(JournalChecksum.Event, actor, sequence, rows.Events[sequence]))
                    throw JournalRules.DamagedEvent(Place, actor, sequence);
                events.Add(new JournalEvent(sequence, rows.Events[sequence].Payload));
            }
            return events;
        }
    }

    public void SaveSnapshot(string actor, long sequence, ReadOnlyMemory<byte> bytes)
    {
        JournalRules.CheckActor(actor);
        JournalRules.CheckPayload(bytes);
        lock (gate)
        {
            var rows = Find(actor);
            JournalRules.CheckSnapshot(actor, sequence, rows.PrunedThrough, rows.Last);
            rows.Snapshots[sequence] = Store(JournalChecksum.Snapshot, actor, sequence, bytes);
            while (rows.Snapshots.Count > options.KeepSnapshots)
                rows.Snapshots.Remove(rows.Snapshots.Keys.First());
            if (rows.Snapshots.Count < options.KeepSnapshots)
                return;
            long oldest = rows.Snapshots.Keys.First();
            while (rows.PrunedThrough < oldest)
                rows.Events.Remove(++rows.PrunedThrough);
        }
    }

    public Snapshot? LoadLatestSnapshot(string actor)
    {
        JournalRules.CheckActor(actor);
        var notices = new List<string>();
        try
        {
            lock (gate)
            {
                var rows = Find(actor);
                foreach (var (sequence, row) in rows.Snapshots.Reverse())
                {
                    if (Holds(JournalChecksum.Snapshot, actor, sequence, row))
                        return new Snapshot(sequence, row.Payload);
                    notices.Add(JournalRules.SkippedSnapshot(Place, actor, sequence));
                }
                return rows.PrunedThrough == 0
                    ? null : throw JournalRules.NoSnapshotLeft(Place, actor, rows.PrunedThrough);
            }
        }
        finally
        {
            notices.ForEach(options.Notice);
        }
    }

    /// <summary>Nothing to release: what is in memory stays readable.</summary>
    public void Dispose()
    {
    }

    /// <summary>The stored bytes themselves, for tests that damage them.</summary>
    internal byte[] StoredSnapshot(string actor, long sequence) => Find(actor).Snapshots[sequence].Payload;

    /// <inheritdoc cref="StoredSnapshot"/>
    internal byte[] StoredEvent(string actor, long sequence) => Find(actor).Events[sequence].Payload;

    private Rows Find(string actor)
    {
        if (!actors.TryGetValue(actor, out var rows))
            actors.Add(actor, rows = new Rows());
        return rows;
    }

    private static Row Store(byte kind, string actor, long sequence, ReadOnlyMemory<byte> bytes) =>
        new(JournalChecksum.Of(kind, actor, sequence, bytes.Span), bytes.ToArray());

    private static bool Holds(byte kind, string actor, long sequence, Row row) =>
        JournalChecksum.Holds(row.Checksum, kind, actor, sequence, row.Payload);
}
