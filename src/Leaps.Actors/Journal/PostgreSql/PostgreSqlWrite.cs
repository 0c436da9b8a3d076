using System.Runtime.InteropServices;
using Npgsql;

namespace Leaps.Actors.Journal.PostgreSql;

/// <summary>
/// One call of <see cref="PostgreSqlJournal.Write"/>, with all its attempts. An attempt is one transaction of
/// two round trips: lock and read the actors' rows; store everything and commit.
/// </summary>
/// <remarks>
/// If the connection breaks over the commit, nobody tells whether it happened. So the transaction leaves the
/// write's identity in the rows of its actors, and the next attempt looks for it.
/// </remarks>
/// <param name="scope">whose actors</param>
/// <param name="writes">one or more</param>
/// <param name="owner">the journal object that writes</param>
/// <param name="claimed">actors that it has ever claimed; those that this write claims come to it</param>
/// <param name="keepSnapshots">of each actor</param>
internal sealed class PostgreSqlWrite(
    JournalScope scope, IReadOnlyList<JournalWrite> writes, Guid owner, ClaimedActors claimed,
    int keepSnapshots)
{
    /// <summary>Bytes of events in one command, about.</summary>
    private const int EventBytes = 16 << 20;

    private const string Where = "cluster = $1 AND run = $2 AND part = $3 AND name = ANY ($4)";

    private readonly Guid id = Guid.NewGuid();

    // The number of each claim that an earlier attempt may have made.
    private readonly Dictionary<string, long> attempted = new(StringComparer.Ordinal);

    /// <summary>Either all of it is stored when this returns, or nothing when it throws a refusal.</summary>
    /// <exception cref="FencedException"/>
    /// <exception cref="SequenceConflictException"/>
    /// <exception cref="ArgumentOutOfRangeException"/>
    public bool Attempt(NpgsqlConnection connection)
    {
        var rows = Lock(connection);
        if (rows.Values.Any(row => row.LastWrite == id))
        {
            // Also when somebody has claimed one of them since: the next write will tell.
            claimed.Add(attempted.Keys);
            return true;
        }
        CheckFences(rows);
        foreach (var write in writes)
        {
            if (!rows.TryGetValue(write.Actor, out var row))
                rows.Add(write.Actor, row = new ActorRow(write.Actor, 0, 0, 0, written: false));
            row.Apply(write, keepSnapshots);
        }
        ActorRow[] changed = [.. rows.Values.Where(row => row.Changed)];
        if (changed.Length == 0)
            return false;
        foreach (var row in changed.Where(row => !claimed.Contains(row.Name)))
        {
            if (row.Owner != owner)
                attempted[row.Name] = ++row.Fence;
        }
        Store(connection, changed);
        claimed.Add(changed.Select(row => row.Name));
        return true;
    }

    private void CheckFences(Dictionary<string, ActorRow> rows)
    {
        // What another claimed since an attempt may have been ours for a moment: then it was lost.
        claimed.Add(attempted.Where(claim => rows.TryGetValue(claim.Key, out var row)
            && row.Owner != owner && row.Fence >= claim.Value).Select(claim => claim.Key));
        foreach (string actor in writes.Select(write => write.Actor))
        {
            if (rows.GetValueOrDefault(actor)?.Owner != owner && claimed.Contains(actor))
                throw new FencedException(actor);
        }
    }

    private Dictionary<string, ActorRow> Lock(NpgsqlConnection connection)
    {
        string[] names = Names(writes);
        string[] born = Names(writes.Where(w => w.ChangesSomething && !claimed.Contains(w.Actor)));
        bool snapshots = writes.Any(write => write is JournalSnapshot);
        using var batch = connection.Batch("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
        if (born.Length > 0)
        {
            batch.Add("""
                INSERT INTO leaps_actors (cluster, run, part, name) SELECT $1, $2, $3, unnest($4)
                ON CONFLICT (cluster, run, part, name) DO NOTHING
                """, scope.Cluster, scope.Run, scope.Part, born);
        }
        // In order, so that two writes of the same actors don't wait for each other.
        batch.Add($"""
            SELECT name, id, last_sequence, pruned_through, written, fence, owner, last_write
            FROM leaps_actors WHERE {Where} ORDER BY name FOR UPDATE
            """, scope.Cluster, scope.Run, scope.Part, names);
        if (snapshots)
        {
            batch.Add($"""
                SELECT a.name, s.sequence FROM leaps_actors a JOIN leaps_snapshots s ON s.actor = a.id
                WHERE {Where}
                """, scope.Cluster, scope.Run, scope.Part, names);
        }
        using var reader = batch.ExecuteReader();
        return Rows(reader, snapshots);
    }

    private static Dictionary<string, ActorRow> Rows(NpgsqlDataReader reader, bool snapshots)
    {
        var rows = new Dictionary<string, ActorRow>(StringComparer.Ordinal);
        while (reader.Read())
        {
            string name = reader.GetString(0);
            rows.Add(name, new ActorRow(
                name, reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetBoolean(4))
            {
                Fence = reader.GetInt64(5),
                Owner = reader.GetFieldValue<Guid?>(6),
                LastWrite = reader.GetFieldValue<Guid?>(7),
            });
        }
        if (snapshots && reader.NextResult())
        {
            while (reader.Read())
                rows[reader.GetString(0)].Snapshots.Add(reader.GetInt64(1));
        }
        return rows;
    }

    private void Store(NpgsqlConnection connection, ActorRow[] rows)
    {
        using var batch = connection.CreateBatch();
        long[] forgotten = [.. rows.Where(row => row.Forgotten).Select(row => row.Id)];
        if (forgotten.Length > 0)
        {
            batch.Add("DELETE FROM leaps_events WHERE actor = ANY ($1)", forgotten);
            batch.Add("DELETE FROM leaps_snapshots WHERE actor = ANY ($1)", forgotten);
        }
        AddEvents(batch, rows);
        foreach (var row in rows)
            AddSnapshots(batch, row);
        batch.Add("""
            UPDATE leaps_actors SET owner = $1, last_write = $2, fence = new.fence, written = new.written,
                last_sequence = new.last_sequence, pruned_through = new.pruned_through
            FROM unnest($3, $4, $5, $6, $7) AS new (id, fence, written, last_sequence, pruned_through)
            WHERE leaps_actors.id = new.id
            """, owner, id, Of(rows, row => row.Id), Of(rows, row => row.Fence),
            Of(rows, row => row.Written), Of(rows, row => row.Last), Of(rows, row => row.PrunedThrough));
        batch.Add("COMMIT");
        batch.ExecuteNonQuery();
    }

    private static void AddEvents(NpgsqlBatch batch, ActorRow[] rows)
    {
        var actors = new List<long>();
        var sequences = new List<long>();
        var checksums = new List<byte[]>();
        var payloads = new List<byte[]>();
        long bytes = 0;
        foreach (var row in rows)
        {
            foreach (var (sequence, checksum, payload) in row.Events)
            {
                actors.Add(row.Id);
                sequences.Add(sequence);
                checksums.Add(checksum);
                payloads.Add(Array(payload));
                bytes += payload.Length;
                if (bytes >= EventBytes)
                    Flush();
            }
        }
        if (actors.Count > 0)
            Flush();

        void Flush()
        {
            batch.Add("INSERT INTO leaps_events SELECT * FROM unnest($1, $2, $3, $4)",
                actors.ToArray(), sequences.ToArray(), checksums.ToArray(), payloads.ToArray());
            actors.Clear();
            sequences.Clear();
            checksums.Clear();
            payloads.Clear();
            bytes = 0;
        }
    }

    private static void AddSnapshots(NpgsqlBatch batch, ActorRow row)
    {
        bool any = false;
        foreach (var snapshot in row.Saved)
        {
            any = true;
            batch.Add("""
                INSERT INTO leaps_snapshots VALUES ($1, $2, $3, $4) ON CONFLICT (actor, sequence)
                DO UPDATE SET checksum = EXCLUDED.checksum, payload = EXCLUDED.payload
                """, row.Id, snapshot.Sequence, snapshot.Checksum, Array(snapshot.State));
        }
        if (!any)
            return;
        batch.Add("DELETE FROM leaps_snapshots WHERE actor = $1 AND sequence < $2",
            row.Id, row.Snapshots.Min);
        batch.Add("DELETE FROM leaps_events WHERE actor = $1 AND sequence <= $2", row.Id, row.PrunedThrough);
    }

    private static string[] Names(IEnumerable<JournalWrite> of) =>
        [.. of.Select(write => write.Actor).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    private static T[] Of<T>(ActorRow[] rows, Func<ActorRow, T> value) => [.. rows.Select(value)];

    private static byte[] Array(ReadOnlyMemory<byte> bytes) =>
        MemoryMarshal.TryGetArray(bytes, out var segment) && segment.Offset == 0
            && segment.Count == segment.Array!.Length ? segment.Array : bytes.ToArray();
}
