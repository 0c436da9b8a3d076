using Leaps.Model;
using Npgsql;

namespace Leaps.Actors.Journal.PostgreSql;

/// <summary>
/// One part of a run's journal in the database that the nodes of a cluster share. A SHA-256 checksum on each
/// row; what is written together is one transaction, on the server's disk when it returns; an actor is
/// written by the object that claimed it last and by no other.
/// </summary>
/// <remarks>
/// <para>
/// An actor that this object has never claimed is claimed by its first write. One that another has claimed
/// since stays lost until <see cref="Claim"/> is called for it.
/// </para>
/// <para>
/// Every call waits while the server is away, its disk is full or it has too many connections; so it returns
/// late rather than throw what passes by itself. Disposal ends the waiting.
/// </para>
/// </remarks>
public sealed class PostgreSqlJournal : IFencedJournal
{
    /// <summary>64 MiB, in bytes: the largest event or snapshot.</summary>
    public const int LargestPayload = 64 << 20;

    private readonly PostgreSqlDatabase database;
    private readonly JournalScope scope;
    private readonly JournalOptions options;
    private readonly CancellationTokenSource stop;
    private readonly CancellationToken stopped;
    private readonly Guid owner = Guid.NewGuid();
    private readonly ClaimedActors claimed = new();

    // One write at a time: a write whose outcome is unknown must find its mark before the next overwrites it.
    private readonly Lock writing = new();
    private volatile bool disposed;
    private int disposals;

    internal PostgreSqlJournal(
        PostgreSqlDatabase database, JournalScope scope, JournalOptions options, CancellationTokenSource stop)
    {
        this.database = database;
        this.scope = scope;
        this.options = options;
        this.stop = stop;
        stopped = stop.Token;
    }

    /// <summary>The run's identity.</summary>
    public Guid Run => scope.Run;

    /// <summary>Which part of the run's journal.</summary>
    public string Part => scope.Part;

    private string Place => $"{database.Place}, {Part} of run {Run}";

    /// <summary>
    /// From now on only this object writes for the actor; waits for a write in progress, but not for ever:
    /// the server is told to end the session of a node that stopped inside one.
    /// </summary>
    /// <returns>
    /// The number of the claim, above all before. After a broken connection one may have been left out.
    /// </returns>
    /// <exception cref="LeapsException">The server refused.</exception>
    public long Claim(string actor)
    {
        JournalRules.CheckActor(actor);
        long fence = Transact(connection =>
        {
            using var eviction = database.EvictBlockersOf(connection.ProcessID);
            return (long)connection.Scalar("""
                INSERT INTO leaps_actors AS old (cluster, run, part, name, fence, owner)
                VALUES ($1, $2, $3, $4, 1, $5) ON CONFLICT (cluster, run, part, name)
                DO UPDATE SET fence = old.fence + 1, owner = EXCLUDED.owner RETURNING fence
                """, scope.Cluster, scope.Run, scope.Part, actor, owner)!;
        });
        claimed.Add([actor]);
        return fence;
    }

    public IReadOnlyList<string> Actors()
    {
        var names = Transact(connection => connection.Column<string>(
            "SELECT name FROM leaps_actors WHERE cluster = $1 AND run = $2 AND part = $3 AND written",
            scope.Cluster, scope.Run, scope.Part));
        // The server compares UTF-8, which orders some names otherwise.
        names.Sort(StringComparer.Ordinal);
        return names;
    }

    public long LastSequence(string actor)
    {
        JournalRules.CheckActor(actor);
        return Transact(connection => connection.Scalar("""
            SELECT last_sequence FROM leaps_actors
            WHERE cluster = $1 AND run = $2 AND part = $3 AND name = $4
            """, scope.Cluster, scope.Run, scope.Part, actor)) as long? ?? 0;
    }

    /// <inheritdoc/>
    /// <exception cref="FencedException">
    /// Another object has claimed one of the actors. Nothing has been written, for the others neither.
    /// </exception>
    public void Write(IReadOnlyList<JournalWrite> writes)
    {
        ArgumentNullException.ThrowIfNull(writes);
        if (writes.Count == 0)
            return;
        foreach (var write in writes)
            CheckSize(write);
        var whole = new PostgreSqlWrite(scope, writes, owner, claimed, options.KeepSnapshots);
        lock (writing)
        {
            Transact(connection =>
            {
                using var eviction = database.EvictBlockersOf(connection.ProcessID);
                return whole.Attempt(connection);
            });
        }
    }

    public IReadOnlyList<JournalEvent> Read(string actor, long fromSequence)
    {
        JournalRules.CheckActor(actor);
        return Transact(connection =>
        {
            // One statement, so that all of it is of one moment.
            using var batch = connection.Batch("""
                SELECT a.last_sequence, a.pruned_through, e.sequence, e.checksum, e.payload
                FROM leaps_actors a LEFT JOIN leaps_events e ON e.actor = a.id AND e.sequence >= $5
                WHERE a.cluster = $1 AND a.run = $2 AND a.part = $3 AND a.name = $4 ORDER BY e.sequence
                """, scope.Cluster, scope.Run, scope.Part, actor, fromSequence);
            using var reader = batch.ExecuteReader();
            return Events(reader, actor, fromSequence);
        });
    }

    public Snapshot? LoadLatestSnapshot(string actor)
    {
        JournalRules.CheckActor(actor);
        var notices = new List<string>();
        try
        {
            return Transact(connection =>
            {
                notices.Clear();
                return LatestIntact(connection, actor, notices);
            });
        }
        finally
        {
            notices.ForEach(options.Notice);
        }
    }

    public void ForgetRun(Guid run, string actor)
    {
        JournalRules.CheckActor(actor);
        Transact(connection =>
        {
            using var transaction = connection.BeginTransaction();
            // Waits for writes in progress, so that their rows are seen below.
            long[] actors = [.. connection.Column<long>(
                "SELECT id FROM leaps_actors WHERE cluster = $1 AND run = $2 ORDER BY part, name FOR UPDATE",
                scope.Cluster, run)];
            using var batch = connection.Batch("DELETE FROM leaps_events WHERE actor = ANY ($1)", actors);
            batch.Add("DELETE FROM leaps_snapshots WHERE actor = ANY ($1)", actors);
            batch.Add("DELETE FROM leaps_actors WHERE id = ANY ($1)", actors);
            batch.ExecuteNonQuery();
            // Last, as what the actor writes itself waits from here on; so does whoever claims it.
            if (connection.Scalar("""
                SELECT owner FROM leaps_actors
                WHERE cluster = $1 AND run = $2 AND part = $3 AND name = $4 FOR UPDATE
                """, scope.Cluster, scope.Run, scope.Part, actor) as Guid? != owner)
                throw new FencedException(actor);
            transaction.Commit();
            return actors.Length;
        });
    }

    /// <summary>Ends whatever waits for the server. What was acknowledged is stored; claims stay.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref disposals, 1) != 0)
            return;
        disposed = true;
        stop.Cancel();
        stop.Dispose();
    }

    private T Transact<T>(Func<NpgsqlConnection, T> attempt)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        try
        {
            return database.Run(attempt, stopped);
        }
        catch (OperationCanceledException cause) when (disposed)
        {
            throw new ObjectDisposedException("The journal was closed meanwhile.", cause);
        }
    }

    private void CheckSize(JournalWrite write)
    {
        long largest = write switch
        {
            JournalSnapshot snapshot => snapshot.State.Length,
            JournalAppend { Events.Count: > 0 } append => append.Events.Max(e => e.Length),
            _ => 0,
        };
        if (largest > LargestPayload)
            throw new LeapsException($"{Place}: actor '{write.Actor}' has {largest >> 20} MiB to keep, "
                + $"and {LargestPayload >> 20} MiB is the most: use more groups.");
    }

    private List<JournalEvent> Events(NpgsqlDataReader reader, string actor, long fromSequence)
    {
        var events = new List<JournalEvent>();
        long next = fromSequence, last = 0;
        bool first = true;
        while (reader.Read())
        {
            last = reader.GetInt64(0);
            if (first)
                JournalRules.CheckRead(actor, fromSequence, reader.GetInt64(1));
            first = false;
            if (reader.IsDBNull(2))
                break;
            long sequence = reader.GetInt64(2);
            if (sequence > last)
                throw JournalRules.SurplusEvent(Place, actor, sequence, last);
            if (sequence != next)
                throw JournalRules.MissingEvent(Place, actor, next, last);
            byte[] payload = reader.GetFieldValue<byte[]>(4);
            if (!JournalChecksum.Holds(
                reader.GetFieldValue<byte[]>(3), JournalChecksum.Event, actor, sequence, payload))
                throw JournalRules.DamagedEvent(Place, actor, sequence);
            events.Add(new JournalEvent(sequence, payload));
            next++;
        }
        if (first)
            JournalRules.CheckRead(actor, fromSequence, prunedThrough: 0);
        return next > last ? events : throw JournalRules.MissingEvent(Place, actor, next, last);
    }

    // One snapshot a question: they are large, and the newest is nearly always intact.
    private Snapshot? LatestIntact(NpgsqlConnection connection, string actor, List<string> notices)
    {
        for (long below = long.MaxValue; ;)
        {
            using var batch = connection.Batch("""
                SELECT a.last_sequence, a.pruned_through, s.sequence, s.checksum, s.payload
                FROM leaps_actors a LEFT JOIN LATERAL (
                    SELECT * FROM leaps_snapshots WHERE actor = a.id AND sequence < $5
                    ORDER BY sequence DESC LIMIT 1) s ON true
                WHERE a.cluster = $1 AND a.run = $2 AND a.part = $3 AND a.name = $4
                """, scope.Cluster, scope.Run, scope.Part, actor, below);
            using var reader = batch.ExecuteReader();
            if (!reader.Read())
                return null;
            if (reader.IsDBNull(2))
            {
                long prunedThrough = reader.GetInt64(1);
                return prunedThrough == 0
                    ? null : throw JournalRules.NoSnapshotLeft(Place, actor, prunedThrough);
            }
            below = reader.GetInt64(2);
            byte[] payload = reader.GetFieldValue<byte[]>(4);
            if (below <= reader.GetInt64(0) && JournalChecksum.Holds(
                reader.GetFieldValue<byte[]>(3), JournalChecksum.Snapshot, actor, below, payload))
                return new Snapshot(below, payload);
            notices.Add(JournalRules.SkippedSnapshot(Place, actor, below));
        }
    }
}
