using Leaps.Model;
using Npgsql;

namespace Leaps.Actors.Journal.PostgreSql;

/// <summary>
/// The database that the nodes of a cluster share: its tables, which it makes itself, and the journals in it.
/// One database may hold several clusters, told apart by name. From any thread.
/// </summary>
/// <remarks>
/// Whatever is asked of it waits while the server is away, and tells so in one line; it is refused when
/// waiting would not help.
/// </remarks>
public sealed class PostgreSqlDatabase : IDisposable
{
    // The server gives up on a node that vanished. A commit is an answer only once it is on the disk.
    private const string SessionSettings = "-c synchronous_commit=on "
        + "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3 "
        + "-c tcp_user_timeout=20s -c idle_in_transaction_session_timeout=";

    private readonly PostgreSqlOptions options;
    private readonly NpgsqlDataSource source;
    private readonly PostgreSqlRetry retry;
    private readonly Action<string> notice;
    private readonly CancellationTokenSource stop;
    private volatile bool disposed;

    private PostgreSqlDatabase(PostgreSqlOptions options, Action<string>? notice, CancellationToken stop)
    {
        this.options = options;
        this.notice = notice ?? (static _ => { });
        this.stop = CancellationTokenSource.CreateLinkedTokenSource(stop);
        source = new NpgsqlDataSourceBuilder(ConnectionString(options)).Build();
        retry = new PostgreSqlRetry(options, source, this.notice);
    }

    /// <summary>The cluster's identity, made once and stored with its name.</summary>
    public Guid Cluster { get; private set; }

    /// <summary>What messages call it: host, port and database.</summary>
    public string Place => options.Place;

    /// <summary>Connects, and makes the tables or brings them up to date.</summary>
    /// <param name="options">which server, and who asks</param>
    /// <param name="cluster">the cluster's name, 1 to 200 characters</param>
    /// <param name="notice">one line when waiting begins and one when it ends; on any thread</param>
    /// <param name="wait">whether to wait for a server that can't be reached</param>
    /// <param name="cancellation">ends every waiting, now and later</param>
    /// <exception cref="LeapsException">The options or the server refuse; one line says why.</exception>
    /// <exception cref="OperationCanceledException"/>
    public static PostgreSqlDatabase Open(
        PostgreSqlOptions options, string cluster, Action<string>? notice = null, bool wait = true,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        JournalRules.CheckActor(cluster);
        options.Check();
        var database = new PostgreSqlDatabase(options, notice, cancellation);
        try
        {
            database.Cluster = database.retry.Run(connection =>
            {
                PostgreSqlSchema.Migrate(connection, options);
                return PostgreSqlSchema.Cluster(connection, cluster);
            }, wait, database.stop.Token);
            database.WarnOfLazyDisk();
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>A part of a run's journal; nothing is stored before something is written to it.</summary>
    /// <param name="run">the run's identity</param>
    /// <param name="part">such as "run" or "sampling-1"; 1 to 200 characters</param>
    /// <param name="options">by default two snapshots an actor, and this database's notices</param>
    /// <param name="cancellation">ends every waiting of this journal</param>
    public PostgreSqlJournal Journal(
        Guid run, string part, JournalOptions? options = null, CancellationToken cancellation = default)
    {
        JournalRules.CheckActor(part);
        ObjectDisposedException.ThrowIf(disposed, this);
        return new PostgreSqlJournal(this, new JournalScope(Cluster, run, part),
            options ?? new JournalOptions { Notice = notice },
            CancellationTokenSource.CreateLinkedTokenSource(stop.Token, cancellation));
    }

    /// <summary>The parts of a run in which something is written, in ordinal order.</summary>
    public IReadOnlyList<string> Parts(Guid run)
    {
        var parts = Run(connection => connection.Column<string>(
            "SELECT DISTINCT part FROM leaps_actors WHERE cluster = $1 AND run = $2 AND written",
            Cluster, run), stop.Token);
        parts.Sort(StringComparer.Ordinal);
        return parts;
    }

    /// <summary>Whether the server answers, and may be written to, within that time.</summary>
    public async Task<bool> IsHealthy(TimeSpan timeout, CancellationToken cancellation = default)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        var question = Task.Run(Ask, cancellation);
        try
        {
            return await question.WaitAsync(timeout, cancellation).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is TimeoutException or NpgsqlException or IOException
            or System.Net.Sockets.SocketException or ObjectDisposedException)
        {
            // An answer that comes too late, and be it a failure, is nobody's.
            _ = question.ContinueWith(late => _ = late.Exception, TaskScheduler.Default);
            return false;
        }
    }

    /// <summary>Ends what waits for the server, in its journals too, and closes the connections.</summary>
    public void Dispose()
    {
        if (disposed)
            return;
        disposed = true;
        stop.Cancel();
        source.Dispose();
        stop.Dispose();
    }

    internal T Run<T>(Func<NpgsqlConnection, T> attempt, CancellationToken stop)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        try
        {
            return retry.Run(attempt, wait: true, stop);
        }
        catch (OperationCanceledException cause) when (disposed)
        {
            throw new ObjectDisposedException("The database was closed meanwhile.", cause);
        }
    }

    /// <summary>
    /// Until it is disposed of, sessions that keep this one waiting are ended: those that say nothing within
    /// a transaction, soon; those that take too long over one, unless they wait for others themselves.
    /// </summary>
    /// <remarks>
    /// The server's own limit for idle transactions doesn't count while it expects the rest of a message, so
    /// that a node which stopped in the middle of one would keep its actors.
    /// </remarks>
    internal IDisposable EvictBlockersOf(int session) => new Timer(
        _ => Evict(session), null, options.TransactionSilence, options.TransactionSilence);

    private void Evict(int session)
    {
        try
        {
            using var connection = source.OpenConnection();
            connection.Execute("""
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE pid = ANY (pg_blocking_pids($1))
                AND (wait_event_type = 'Client' AND state_change < clock_timestamp() - $2
                OR wait_event_type IS DISTINCT FROM 'Lock' AND xact_start < clock_timestamp() - $3)
                """, session, options.TransactionSilence, options.TransactionTimeout);
        }
        catch (Exception failure) when (failure is NpgsqlException or ObjectDisposedException
            or IOException or System.Net.Sockets.SocketException)
        {
            // Whoever waits has lost the server too, and says so.
            return;
        }
    }

    private async Task<bool> Ask()
    {
        using var command = source.CreateCommand("SELECT NOT pg_is_in_recovery()");
        return (bool)(await command.ExecuteScalarAsync().ConfigureAwait(false))!;
    }

    private void WarnOfLazyDisk()
    {
        if (Run(connection => connection.Scalar("SELECT current_setting('fsync')"), stop.Token) is "off")
            notice($"{Place}: its fsync is off: a crash of its machine may lose what it confirmed.");
    }

    private static string ConnectionString(PostgreSqlOptions options)
    {
        int seconds = (int)Math.Ceiling(options.CommandTimeout.TotalSeconds);
        return new NpgsqlConnectionStringBuilder
        {
            Host = options.Host,
            Port = options.Port,
            Database = options.Database,
            Username = options.User,
            Password = options.Password,
            SslMode = options.Tls == PostgreSqlTls.Require ? SslMode.VerifyFull : SslMode.Disable,
            RootCertificate = options.Tls == PostgreSqlTls.Require ? options.CaFile : null,
            GssEncryptionMode = GssEncryptionMode.Disable,
            CommandTimeout = seconds,
            Timeout = Math.Min(seconds, 15),
            MaxPoolSize = options.MaxConnections,
            Options = SessionSettings + (int)options.TransactionTimeout.TotalMilliseconds,
            ApplicationName = "leaps",
        }.ConnectionString;
    }
}
