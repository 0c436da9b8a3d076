using System.Globalization;
using Leaps.Model;
using Microsoft.Data.Sqlite;

namespace Leaps.Actors.Journal;

/// <summary>
/// The file of an <see cref="SqliteJournal"/>: made whole or not at all, and let in only when it is a Leaps
/// journal of this format, of this run, and without damage to its structure.
/// </summary>
internal static class SqliteJournalFile
{
    /// <summary>"LEAP" in ASCII, at byte 68 of the file, where file(1) and SQLite look for it.</summary>
    public const int ApplicationId = 0x4C454150;

    /// <summary>Number of the layout below; another number is refused.</summary>
    public const int FormatVersion = 1;

    /// <summary>Seconds to wait for another connection's transaction.</summary>
    private const int BusyTimeoutSeconds = 10;

    // Few and large rows in snapshots: an ordinary table. Many and small ones in events: clustered by key.
    private const string Layout = $"""
        CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE actors (
            id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
            last_sequence INTEGER NOT NULL, pruned_through INTEGER NOT NULL) STRICT;
        CREATE TABLE events (
            actor INTEGER NOT NULL, sequence INTEGER NOT NULL, checksum BLOB NOT NULL, payload BLOB NOT NULL,
            PRIMARY KEY (actor, sequence)) STRICT, WITHOUT ROWID;
        CREATE TABLE snapshots (
            actor INTEGER NOT NULL, sequence INTEGER NOT NULL, checksum BLOB NOT NULL, payload BLOB NOT NULL,
            PRIMARY KEY (actor, sequence)) STRICT;
        """;

    /// <summary>Makes the file under a temporary name, then renames it: what exists is complete.</summary>
    public static void Create(string path, string run)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(run);
        foreach (string name in new[] { path, path + "-wal", path + "-shm", path + "-journal" })
        {
            if (Path.Exists(name))
                throw new LeapsException(
                    $"{name} exists already: resume that run, or choose another directory.");
        }
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is not { } folder || !Directory.Exists(folder))
            throw new LeapsException($"{path}: its folder does not exist.");
        string temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var connection = Connect(temporary, SqliteOpenMode.ReadWriteCreate))
            {
                Execute(connection, "PRAGMA synchronous = EXTRA;");
                using var transaction = connection.BeginTransaction();
                Execute(connection, $"PRAGMA application_id = {ApplicationId};");
                Execute(connection, $"PRAGMA user_version = {FormatVersion};");
                Execute(connection, Layout);
                Execute(connection, "INSERT INTO meta VALUES ('run', $run);", ("$run", run));
                transaction.Commit();
            }
            File.Move(temporary, path, overwrite: false);
        }
        catch (SqliteException cause)
        {
            throw SqliteErrors.Explain(path, cause);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw new LeapsException($"{path} can't be written: {cause.Message}", cause);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>An open, checked connection in WAL mode that syncs to disk at every commit.</summary>
    public static SqliteConnection Open(string path, string run)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(run);
        return Open(path, SqliteOpenMode.ReadWrite, connection =>
        {
            CheckStructure(connection, path);
            string found = RunOf(connection, path);
            if (found != run)
                throw new LeapsException($"{path} is the journal of run '{found}', not of '{run}': name the "
                    + "directory of this run.");
            Configure(connection, path);
        });
    }

    /// <summary>A connection that can't write, beside one that may, and the run.</summary>
    public static (SqliteConnection Connection, string Run) OpenForReading(string path)
    {
        string run = "";
        var connection = Open(path, SqliteOpenMode.ReadOnly, opened => run = RunOf(opened, path));
        return (connection, run);
    }

    private static SqliteConnection Open(string path, SqliteOpenMode mode, Action<SqliteConnection> check)
    {
        if (Directory.Exists(path))
            throw new LeapsException($"{path} is a folder: name the journal's file.");
        if (!File.Exists(path))
            throw new LeapsException($"{path}: there is no such journal.");
        SqliteConnection? connection = null;
        try
        {
            // While another process writes it, it may look damaged.
            if (mode == SqliteOpenMode.ReadWrite)
                WriteAheadLog.Check(path);
            connection = Connect(path, mode);
            CheckIdentity(connection, path);
            check(connection);
            return connection;
        }
        catch (Exception cause)
        {
            connection?.Dispose();
            throw cause switch
            {
                SqliteException refused => SqliteErrors.Explain(path, refused),
                IOException or UnauthorizedAccessException =>
                    new LeapsException($"{path} can't be read: {cause.Message}", cause),
                LeapsException known => known,
                _ => new InvalidOperationException($"Opening {path} failed.", cause),
            };
        }
    }

    public static void Execute(
        SqliteConnection connection, string sql, params (string Name, object Value)[] values)
    {
        using var command = Command(connection, sql, values);
        command.ExecuteNonQuery();
    }

    public static SqliteCommand Command(
        SqliteConnection connection, string sql, params (string Name, object Value)[] values)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in values)
            command.Parameters.AddWithValue(name, value);
        return command;
    }

    // A reader of a file that nobody writes leaves no write-ahead log behind when it is told so.
    private static SqliteConnection Connect(string path, SqliteOpenMode mode)
    {
        bool atRest = mode == SqliteOpenMode.ReadOnly && !File.Exists(path + "-wal");
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = atRest ? AtRest(path) : path,
            Mode = mode,
            Pooling = false,
            DefaultTimeout = BusyTimeoutSeconds,
        }.ToString());
        try
        {
            connection.Open();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    // sqlite.org/uri.html
    private static string AtRest(string path) => "file://" + string.Join('/', Path.GetFullPath(path)
        .Replace('\\', '/').Split('/').Select(Uri.EscapeDataString)) + "?immutable=1";

    private static void CheckIdentity(SqliteConnection connection, string path)
    {
        long application = Number(connection, "PRAGMA application_id;");
        if (application != ApplicationId)
            throw new LeapsException(application == 0 && Number(connection, "PRAGMA page_count;") == 0
                ? $"{path} is empty: restore it from a copy, or start the run anew."
                : $"{path} belongs to another program (application id 0x{application:X8}; a Leaps journal "
                    + $"has 0x{ApplicationId:X8}): name a Leaps journal.");
        long version = Number(connection, "PRAGMA user_version;");
        if (version != FormatVersion)
            throw new LeapsException($"{path} is a Leaps journal of format {version}, and this version of "
                + $"Leaps reads format {FormatVersion}: use the version that wrote it.");
    }

    // Reads every page, so that a damaged structure is met here and not by a write that spreads it.
    private static void CheckStructure(SqliteConnection connection, string path)
    {
        string finding = Text(connection, "PRAGMA integrity_check(1);") ?? "no answer";
        if (finding != "ok")
            throw SqliteErrors.Damaged(path, finding);
    }

    private static string RunOf(SqliteConnection connection, string path) =>
        Text(connection, "SELECT value FROM meta WHERE key = 'run';")
            ?? throw SqliteErrors.Damaged(path, "it does not say of which run it is");

    private static void Configure(SqliteConnection connection, string path)
    {
        string? mode = Text(connection, "PRAGMA journal_mode = WAL;");
        if (mode != "wal")
            throw new LeapsException($"{path} can't use a write-ahead log (it stays in mode '{mode}'): "
                + "put the run directory on a local disk.");
        // fullfsync makes macOS flush the drive's own cache too; elsewhere it does nothing.
        Execute(connection, """
            PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;
            PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF;
            """);
    }

    private static long Number(SqliteConnection connection, string sql)
    {
        using var command = Command(connection, sql);
        return Convert.ToInt64(command.ExecuteScalar(), CultureInfo.InvariantCulture);
    }

    private static string? Text(SqliteConnection connection, string sql)
    {
        using var command = Command(connection, sql);
        return command.ExecuteScalar() as string;
    }
}
