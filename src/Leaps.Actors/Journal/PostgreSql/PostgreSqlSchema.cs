using Leaps.Model;
using Npgsql;

namespace Leaps.Actors.Journal.PostgreSql;

/// <summary>
/// The tables: made and brought up to date by whichever node comes first, under a lock, so that many may
/// start at once.
/// </summary>
internal static class PostgreSqlSchema
{
    /// <summary>What this program writes; a database beyond it is refused.</summary>
    public const int Version = 1;

    /// <summary>"LEAP" in ASCII: the advisory lock of whoever changes the tables.</summary>
    private const long LockKey = 0x4C454150;

    // "owner" is the journal object that claimed an actor last; "last_write" the write that changed it last,
    // by which a write finds out whether it happened, should the connection have broken over its commit.
    // A forgotten actor keeps its row, so that the claims of its name go on rising. Payloads are packed bits:
    // compressing them is time lost.
    private static readonly string[] Migrations =
    [
        """
        CREATE TABLE leaps_clusters (id uuid PRIMARY KEY, name text COLLATE "C" NOT NULL UNIQUE);
        CREATE TABLE leaps_actors (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            cluster uuid NOT NULL, run uuid NOT NULL, part text COLLATE "C" NOT NULL,
            name text COLLATE "C" NOT NULL,
            fence bigint NOT NULL DEFAULT 0, owner uuid, last_write uuid,
            written boolean NOT NULL DEFAULT false,
            last_sequence bigint NOT NULL DEFAULT 0, pruned_through bigint NOT NULL DEFAULT 0,
            UNIQUE (cluster, run, part, name)) WITH (fillfactor = 50);
        CREATE TABLE leaps_events (
            actor bigint NOT NULL, sequence bigint NOT NULL, checksum bytea NOT NULL, payload bytea NOT NULL,
            PRIMARY KEY (actor, sequence));
        CREATE TABLE leaps_snapshots (
            actor bigint NOT NULL, sequence bigint NOT NULL, checksum bytea NOT NULL, payload bytea NOT NULL,
            PRIMARY KEY (actor, sequence));
        ALTER TABLE leaps_events ALTER COLUMN payload SET STORAGE EXTERNAL;
        ALTER TABLE leaps_snapshots ALTER COLUMN payload SET STORAGE EXTERNAL;
        """,
    ];

    /// <summary>Brings the tables up to date, if they aren't.</summary>
    /// <param name="connection">idle</param>
    /// <param name="options">which database, for messages</param>
    /// <exception cref="LeapsException">A newer program made the tables, or text can't be stored.</exception>
    public static void Migrate(NpgsqlConnection connection, PostgreSqlOptions options)
    {
        string encoding = (string)connection.Scalar("SELECT current_setting('server_encoding')")!;
        if (encoding is not ("UTF8" or "SQL_ASCII"))
            throw new LeapsException($"{options.Place}: the database stores text as {encoding}: "
                + "create it with ENCODING 'UTF8'.");
        using var transaction = connection.BeginTransaction();
        connection.Execute("SELECT pg_advisory_xact_lock($1)", LockKey);
        int found = Found(connection);
        if (found > Version)
            throw new LeapsException($"{options.Place}: the database has tables of version {found}, and this "
                + $"Leaps knows versions up to {Version}: update Leaps on this node.");
        if (found == Version)
            return;
        if (found == 0)
            connection.Execute("CREATE TABLE leaps_schema (version integer NOT NULL)");
        foreach (string migration in Migrations[found..])
        {
            // Several commands in one text: only without parameters.
            using var command = new NpgsqlCommand(migration, connection);
            command.ExecuteNonQuery();
        }
        connection.Execute("DELETE FROM leaps_schema");
        connection.Execute("INSERT INTO leaps_schema VALUES ($1)", Version);
        transaction.Commit();
    }

    /// <summary>The cluster of this name; made when there is none.</summary>
    public static Guid Cluster(NpgsqlConnection connection, string name)
    {
        const string find = "SELECT id FROM leaps_clusters WHERE name = $1";
        if (connection.Scalar(find, name) is Guid known)
            return known;
        connection.Execute(
            "INSERT INTO leaps_clusters VALUES ($1, $2) ON CONFLICT (name) DO NOTHING", Guid.NewGuid(), name);
        return (Guid)connection.Scalar(find, name)!;
    }

    private static int Found(NpgsqlConnection connection) =>
        connection.Scalar("SELECT to_regclass('leaps_schema')::text") is null
            ? 0 : connection.Scalar("SELECT max(version) FROM leaps_schema") as int? ?? 0;
}
