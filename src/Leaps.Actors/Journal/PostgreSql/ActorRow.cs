namespace Leaps.Actors.Journal.PostgreSql;

/// <summary>
/// One actor within a write: its row as it was found and locked, and what the writes so far make of it. The
/// rules are checked here; the database is asked and told once for all writes together.
/// </summary>
internal sealed class ActorRow(string name, long id, long last, long prunedThrough, bool written)
{
    private readonly List<(JournalAppend Append, int Index)> events = [];
    private readonly SortedDictionary<long, JournalSnapshot> saved = [];

    public string Name { get; } = name;

    public long Id { get; } = id;

    /// <summary>How often the actor has been claimed.</summary>
    public long Fence { get; set; }

    /// <summary>The journal object that claimed it last.</summary>
    public Guid? Owner { get; init; }

    /// <summary>The write that changed it last.</summary>
    public Guid? LastWrite { get; init; }

    public long Last { get; private set; } = last;

    public long PrunedThrough { get; private set; } = prunedThrough;

    /// <summary>False for one that was claimed or forgotten only.</summary>
    public bool Written { get; private set; } = written;

    /// <summary>Whether there is anything to store.</summary>
    public bool Changed { get; private set; }

    /// <summary>What was stored before is to be deleted.</summary>
    public bool Forgotten { get; private set; }

    /// <summary>The numbers of its snapshots.</summary>
    public SortedSet<long> Snapshots { get; } = [];

    /// <summary>Snapshots to store, if they still count.</summary>
    public IEnumerable<JournalSnapshot> Saved => saved.Values.Where(s => Snapshots.Contains(s.Sequence));

    /// <summary>Events to store, if they aren't pruned already.</summary>
    public IEnumerable<(long Sequence, byte[] Checksum, ReadOnlyMemory<byte> Bytes)> Events => events
        .Select(e => (e.Append.ExpectedSequence + 1 + e.Index, e.Append.Checksums[e.Index],
            e.Append.Events[e.Index]))
        .Where(e => e.Item1 > PrunedThrough);

    /// <exception cref="SequenceConflictException"/>
    /// <exception cref="ArgumentOutOfRangeException"/>
    public void Apply(JournalWrite write, int keepSnapshots)
    {
        Changed |= write.ChangesSomething;
        if (write is JournalAppend append)
            Apply(append);
        else if (write is JournalSnapshot snapshot)
            Apply(snapshot, keepSnapshots);
        else
            Forget();
    }

    private void Apply(JournalAppend append)
    {
        JournalRules.CheckExpected(Name, append.ExpectedSequence, Last);
        Last += append.Events.Count;
        Written |= append.Events.Count > 0;
        for (int i = 0; i < append.Events.Count; i++)
            events.Add((append, i));
    }

    // Events go only once all k snapshots are there: until then they can rebuild any state.
    private void Apply(JournalSnapshot snapshot, int keep)
    {
        JournalRules.CheckSnapshot(Name, snapshot.Sequence, PrunedThrough, Last);
        Written = true;
        Snapshots.Add(snapshot.Sequence);
        saved[snapshot.Sequence] = snapshot;
        while (Snapshots.Count > keep)
            Snapshots.Remove(Snapshots.Min);
        if (Snapshots.Count == keep)
            PrunedThrough = Snapshots.Min;
    }

    private void Forget()
    {
        (Last, PrunedThrough, Written, Forgotten) = (0, 0, false, true);
        events.Clear();
        saved.Clear();
        Snapshots.Clear();
    }
}
