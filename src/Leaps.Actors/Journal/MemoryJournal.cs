using System.Collections.Immutable;
using System.Diagnostics;

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
    private ImmutableDictionary<string, Rows> actors =
        ImmutableDictionary.Create<string, Rows>(StringComparer.Ordinal);

    private sealed record Rows(
        ImmutableSortedDictionary<long, Row> Events, ImmutableSortedDictionary<long, Row> Snapshots,
        long Last, long PrunedThrough)
    {
        public static readonly Rows None = new(
            ImmutableSortedDictionary<long, Row>.Empty, ImmutableSortedDictionary<long, Row>.Empty, 0, 0);
    }

    private readonly record struct Row(byte[] Checksum, byte[] Payload);

    public IReadOnlyList<string> Actors()
    {
        lock (gate)
            return [.. actors.Keys.Order(StringComparer.Ordinal)];
    }

    public long LastSequence(string actor)
    {
        JournalRules.CheckActor(actor);
        lock (gate)
            return Find(actor).Last;
    }

    public void Write(IReadOnlyList<JournalWrite> writes)
    {
        ArgumentNullException.ThrowIfNull(writes);
        lock (gate)
        {
            var written = actors.ToBuilder();
            foreach (var write in writes)
            {
                var rows = written.GetValueOrDefault(write.Actor, Rows.None);
                rows = write switch
                {
                    JournalAppend append => With(rows, append),
                    JournalSnapshot snapshot => With(rows, snapshot),
                    _ => Rows.None,
                };
                if (write is JournalForget)
                    written.Remove(write.Actor);
                else if (write.ChangesSomething)
                    written[write.Actor] = rows;
            }
            actors = written.ToImmutable();
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

    private Rows Find(string actor) => actors.GetValueOrDefault(actor, Rows.None);

    private static Rows With(Rows rows, JournalAppend append)
    {
        JournalRules.CheckExpected(append.Actor, append.ExpectedSequence, rows.Last);
        var events = rows.Events.ToBuilder();
        long last = rows.Last;
        for (int i = 0; i < append.Events.Count; i++)
            events.Add(++last, new Row(append.Checksums[i], append.Events[i].ToArray()));
        return rows with { Events = events.ToImmutable(), Last = last };
    }

    private Rows With(Rows rows, JournalSnapshot snapshot)
    {
        JournalRules.CheckSnapshot(snapshot.Actor, snapshot.Sequence, rows.PrunedThrough, rows.Last);
        var snapshots = rows.Snapshots.SetItem(
            snapshot.Sequence, new Row(snapshot.Checksum, snapshot.State.ToArray()));
        while (snapshots.Count > options.KeepSnapshots)
            snapshots = snapshots.Remove(snapshots.Keys.First());
        if (snapshots.Count < options.KeepSnapshots)
            return rows with { Snapshots = snapshots };
        long oldest = snapshots.Keys.First();
        var events = rows.Events.ToBuilder();
        for (long sequence = rows.PrunedThrough + 1; sequence <= oldest; sequence++)
            events.Remove(sequence);
        return rows with { Events = events.ToImmutable(), Snapshots = snapshots, PrunedThrough = oldest };
    }

    private static bool Holds(byte kind, string actor, long sequence, Row row) =>
        JournalChecksum.Holds(row.Checksum, kind, actor, sequence, row.Payload);
}
