using System.Runtime.InteropServices;
using Leaps.Model;
using Microsoft.Data.Sqlite;

namespace Leaps.Actors.Journal;

/// <summary>
/// A journal in one SQLite file: write-ahead log, a sync to disk at every commit, one connection, a SHA-256
/// checksum on each row. What is written together is one transaction, so a crash leaves all of it or nothing,
/// and what was not acknowledged is rolled back when the file is next opened.
/// </summary>
/// <remarks>
/// Copy a journal in use together with its "-wal" file, or the copy lacks its newest events. Two processes
/// may open one file; the second writer of an actor is refused by its expected sequence, and <see
/// cref="RunLock"/> keeps it from coming that far.
/// </remarks>
public sealed class SqliteJournal : IJournal
{
    private readonly string path;
    private readonly SqliteConnection connection;
    private readonly JournalOptions options;
    private readonly Lock gate = new();
    private bool disposed;

    private readonly record struct ActorRow(long Id, long Last, long PrunedThrough);

    private SqliteJournal(string path, string run, SqliteConnection connection, JournalOptions? options)
    {
        this.path = path;
        this.connection = connection;
        this.options = options ?? new JournalOptions();
        Run = run;
    }

    /// <summary>The run's identifier.</summary>
    public string Run { get; }

    /// <summary>Makes the journal of a new run.</summary>
    /// <param name="path">a file that does not exist, in a folder that does</param>
    /// <param name="run">the run's identifier, which <see cref="Open"/> must name again</param>
    /// <param name="options">by default two snapshots per actor and no notices</param>
    /// <exception cref="LeapsException">The file exists or can't be written.</exception>
    public static SqliteJournal Create(string path, string run, JournalOptions? options = null)
    {
        SqliteJournalFile.Create(path, run);
        return Open(path, run, options);
    }

    /// <summary>Opens the journal of a run; reads all of it once to check its structure.</summary>
    /// <exception cref="LeapsException">
    /// There is no such file, it is damaged, or it belongs to another program, format or run.
    /// </exception>
    public static SqliteJournal Open(string path, string run, JournalOptions? options = null) =>
        new(path, run, SqliteJournalFile.Open(path, run), options);

    /// <summary>
    /// Opens the journal of whatever run it is, to look at it: another process may be writing it. Writing is
    /// refused, and only what is read is checked.
    /// </summary>
    /// <exception cref="LeapsException">
    /// There is no such file, it is damaged, or it belongs to another program or format.
    /// </exception>
    public static SqliteJournal OpenForReading(string path, JournalOptions? options = null)
    {
        var (connection, run) = SqliteJournalFile.OpenForReading(path);
        return new SqliteJournal(path, run, connection, options);
    }

    public IReadOnlyList<string> Actors() => Transact(writes: false, () =>
    {
        using var command = SqliteJournalFile.Command(connection, "SELECT name FROM actors;");
        using var reader = command.ExecuteReader();
        var names = new List<string>();
        while (reader.Read())
            names.Add(reader.GetString(0));
        // SQLite compares UTF-8, which orders some names otherwise.
        names.Sort(StringComparer.Ordinal);
        return names;
    });

    public long LastSequence(string actor)
    {
        JournalRules.CheckActor(actor);
        return Transact(writes: false, () => Find(actor).Last);
    }

    public void Write(IReadOnlyList<JournalWrite> writes)
    {
        ArgumentNullException.ThrowIfNull(writes);
        if (writes.Count == 0)
            return;
        Transact(writes: writes.Any(write => write.ChangesSomething), () =>
        {
            foreach (var write in writes)
            {
                var row = Find(write.Actor);
                if (write is JournalAppend append)
                    Insert(row, append);
                else if (write is JournalSnapshot snapshot)
                    Insert(row, snapshot);
                else
                    Forget(row);
            }
            return writes.Count;
        });
    }

    public IReadOnlyList<JournalEvent> Read(string actor, long fromSequence)
    {
        JournalRules.CheckActor(actor);
        return Transact(writes: false, () =>
        {
            var row = Find(actor);
            JournalRules.CheckRead(actor, fromSequence, row.PrunedThrough);
            var events = new List<JournalEvent>();
            using var command = SqliteJournalFile.Command(connection, """
                SELECT sequence, checksum, payload FROM events
                WHERE actor = $actor AND sequence >= $from ORDER BY sequence;
                """, ("$actor", row.Id), ("$from", fromSequence));
            using var reader = command.ExecuteReader();
            long next = fromSequence;
            for (; reader.Read(); next++)
            {
                long sequence = reader.GetInt64(0);
                if (sequence > row.Last)
                    throw JournalRules.SurplusEvent(path, actor, sequence, row.Last);
                if (sequence != next)
                    throw JournalRules.MissingEvent(path, actor, next, row.Last);
                byte[] payload = reader.GetFieldValue<byte[]>(2);
                if (!Holds(reader, JournalChecksum.Event, actor, sequence, payload))
                    throw JournalRules.DamagedEvent(path, actor, sequence);
                events.Add(new JournalEvent(sequence, payload));
            }
            return next > row.Last ? events : throw JournalRules.MissingEvent(path, actor, next, row.Last);
        });
    }

    public Snapshot? LoadLatestSnapshot(string actor)
    {
        JournalRules.CheckActor(actor);
        var notices = new List<string>();
        try
        {
            return Transact(writes: false, () => LatestIntact(actor, notices));
        }
        finally
        {
            notices.ForEach(options.Notice);
        }
    }

    /// <summary>Closes the file; what was acknowledged is in it.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            disposed = true;
            connection.Dispose();
        }
    }

    /// <summary>A disk that is full at so many pages, for tests.</summary>
    internal void LimitPages(int pages) =>
        SqliteJournalFile.Execute(connection, $"PRAGMA max_page_count = {pages};");

    private T Transact<T>(bool writes, Func<T> body)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            try
            {
                using var transaction = connection.BeginTransaction(deferred: !writes);
                T result = body();
                transaction.Commit();
                return result;
            }
            catch (SqliteException cause)
            {
                throw SqliteErrors.Explain(path, cause);
            }
        }
    }

    private ActorRow Find(string actor)
    {
        using var command = SqliteJournalFile.Command(connection,
            "SELECT id, last_sequence, pruned_through FROM actors WHERE name = $name;", ("$name", actor));
        using var reader = command.ExecuteReader();
        return reader.Read()
            ? new ActorRow(reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2)) : default;
    }

    private ActorRow Advance(string actor, ActorRow row, long last)
    {
        using var command = SqliteJournalFile.Command(connection, """
            INSERT INTO actors (name, last_sequence, pruned_through) VALUES ($name, $last, 0)
            ON CONFLICT (name) DO UPDATE SET last_sequence = $last RETURNING id;
            """, ("$name", actor), ("$last", last));
        return row with { Id = (long)command.ExecuteScalar()!, Last = last };
    }

    private void Insert(ActorRow row, JournalAppend append)
    {
        JournalRules.CheckExpected(append.Actor, append.ExpectedSequence, row.Last);
        if (append.Events.Count == 0)
            return;
        row = Advance(append.Actor, row, row.Last + append.Events.Count);
        using var command = SqliteJournalFile.Command(connection,
            "INSERT INTO events VALUES ($actor, $sequence, $checksum, $payload);", ("$actor", row.Id));
        var sequence = command.Parameters.Add("$sequence", SqliteType.Integer);
        var checksum = command.Parameters.Add("$checksum", SqliteType.Blob);
        var payload = command.Parameters.Add("$payload", SqliteType.Blob);
        for (int i = 0; i < append.Events.Count; i++)
        {
            sequence.Value = append.ExpectedSequence + 1 + i;
            checksum.Value = append.Checksums[i];
            payload.Value = Array(append.Events[i]);
            command.ExecuteNonQuery();
        }
    }

    private void Insert(ActorRow row, JournalSnapshot snapshot)
    {
        JournalRules.CheckSnapshot(snapshot.Actor, snapshot.Sequence, row.PrunedThrough, row.Last);
        row = Advance(snapshot.Actor, row, row.Last);
        SqliteJournalFile.Execute(connection,
            "INSERT OR REPLACE INTO snapshots VALUES ($actor, $sequence, $checksum, $payload);",
            ("$actor", row.Id), ("$sequence", snapshot.Sequence), ("$checksum", snapshot.Checksum),
            ("$payload", Array(snapshot.State)));
        Prune(row.Id);
    }

    private void Forget(ActorRow row) => SqliteJournalFile.Execute(connection, """
        DELETE FROM events WHERE actor = $actor;
        DELETE FROM snapshots WHERE actor = $actor;
        DELETE FROM actors WHERE id = $actor;
        """, ("$actor", row.Id));

    // Events go only once all k snapshots are there: until then they can rebuild any state.
    private void Prune(long id) => SqliteJournalFile.Execute(connection, """
        DELETE FROM snapshots WHERE actor = $actor AND sequence NOT IN (
            SELECT sequence FROM snapshots WHERE actor = $actor ORDER BY sequence DESC LIMIT $keep);
        UPDATE actors SET pruned_through = (SELECT min(sequence) FROM snapshots WHERE actor = $actor)
            WHERE id = $actor AND (SELECT count(*) FROM snapshots WHERE actor = $actor) >= $keep;
        DELETE FROM events WHERE actor = $actor
            AND sequence <= (SELECT pruned_through FROM actors WHERE id = $actor);
        """, ("$actor", id), ("$keep", options.KeepSnapshots));

    private Snapshot? LatestIntact(string actor, List<string> notices)
    {
        var row = Find(actor);
        using var command = SqliteJournalFile.Command(connection,
            "SELECT sequence, checksum, payload FROM snapshots WHERE actor = $actor ORDER BY sequence DESC;",
            ("$actor", row.Id));
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            long sequence = reader.GetInt64(0);
            byte[] payload = reader.GetFieldValue<byte[]>(2);
            if (sequence <= row.Last && Holds(reader, JournalChecksum.Snapshot, actor, sequence, payload))
                return new Snapshot(sequence, payload);
            notices.Add(JournalRules.SkippedSnapshot(path, actor, sequence));
        }
        return row.PrunedThrough == 0
            ? null : throw JournalRules.NoSnapshotLeft(path, actor, row.PrunedThrough);
    }

    private static bool Holds(
        SqliteDataReader reader, byte kind, string actor, long sequence, byte[] payload) =>
        JournalChecksum.Holds(reader.GetFieldValue<byte[]>(1), kind, actor, sequence, payload);

    private static byte[] Array(ReadOnlyMemory<byte> bytes) =>
        MemoryMarshal.TryGetArray(bytes, out var segment) && segment.Offset == 0
            && segment.Count == segment.Array!.Length ? segment.Array : bytes.ToArray();
}
