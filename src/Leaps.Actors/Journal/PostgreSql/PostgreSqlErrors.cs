using System.Net.Sockets;
using System.Security.Authentication;
using Leaps.Model;
using Npgsql;

namespace Leaps.Actors.Journal.PostgreSql;

/// <summary>
/// Which failures of the server pass by themselves, and the others as one line that says what to do. Codes:
/// postgresql.org/docs/current/errcodes-appendix.html.
/// </summary>
internal static class PostgreSqlErrors
{
    /// <summary>Worth another attempt: the server is away, busy, full or was in the way of itself.</summary>
    public static bool IsTransient(Exception failure) => failure switch
    {
        PostgresException refusal => IsTransient(refusal.SqlState),
        NpgsqlException { InnerException: { } cause } => IsTransient(cause),
        AggregateException { InnerException: { } cause } => IsTransient(cause),
        _ => failure is SocketException or IOException or TimeoutException,
    };

    private static bool IsTransient(string code) => code is
        PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown
        or PostgresErrorCodes.CannotConnectNow or "57P05"
        or PostgresErrorCodes.QueryCanceled or PostgresErrorCodes.LockNotAvailable
        or PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected
        or PostgresErrorCodes.ReadOnlySqlTransaction or "25P03"
        or PostgresErrorCodes.IoError
        || code.StartsWith("53", StringComparison.Ordinal)
        || code.StartsWith("08", StringComparison.Ordinal);

    /// <summary>The connections in the pool are likely gone too.</summary>
    public static bool LostConnection(Exception failure) => failure is not PostgresException refusal
        || refusal.SqlState.StartsWith("57P", StringComparison.Ordinal)
        || refusal.SqlState is PostgresErrorCodes.ReadOnlySqlTransaction;

    /// <summary>What one waits for, as part of a line.</summary>
    public static string Reason(Exception failure) => failure switch
    {
        PostgresException { SqlState: PostgresErrorCodes.DiskFull } => "its disk is full: free some space",
        PostgresException { SqlState: PostgresErrorCodes.TooManyConnections } =>
            "it has too many connections: raise max_connections",
        PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction } =>
            "it is a standby or read-only: name the primary",
        PostgresException refusal => $"{OneLine(refusal.MessageText)} ({refusal.SqlState})",
        _ when IsTimeout(failure) => "it does not answer in time",
        _ => "it can't be reached",
    };

    public static LeapsException Unreachable(PostgreSqlOptions options, Exception failure) => new(
        $"{options.Place}: {Reason(failure)}. Check host and port, and that the server runs.", failure);

    /// <summary>One line about a failure that would come again.</summary>
    public static LeapsException Explain(PostgreSqlOptions options, Exception failure) =>
        new($"{options.Place}: {Remedy(options, failure)}", failure);

    private static string Remedy(PostgreSqlOptions options, Exception failure) =>
        failure switch
        {
            PostgresException refusal => Remedy(options, refusal),
            NpgsqlException { InnerException: AuthenticationException cause } =>
                ServerCertificate.Finding(options)
                    ?? $"TLS failed ({OneLine(cause.Message)}): check the server's certificate.",
            NpgsqlException when failure.Message.Contains("No SSL", StringComparison.Ordinal) =>
                "the server speaks no TLS: give it a certificate (ssl = on), or name another server.",
            _ => $"it failed ({OneLine(failure.Message)}).",
        };

    private static string Remedy(PostgreSqlOptions options, PostgresException refusal) =>
        refusal.SqlState switch
        {
            PostgresErrorCodes.InvalidPassword =>
                $"wrong password for user '{options.User}', or there is no such user: correct it.",
            PostgresErrorCodes.InvalidAuthorizationSpecification =>
                $"user '{options.User}' is not let in ({OneLine(refusal.MessageText)}): "
                + "correct user and tls, or pg_hba.conf of the server.",
            PostgresErrorCodes.InvalidCatalogName =>
                $"there is no database '{options.Database}': create it, or name another.",
            PostgresErrorCodes.InsufficientPrivilege =>
                $"user '{options.User}' lacks a right ({OneLine(refusal.MessageText)}): grant it, for "
                + $"example by GRANT CREATE, USAGE ON SCHEMA public TO \"{options.User}\".",
            PostgresErrorCodes.UndefinedTable =>
                "its tables are gone: restore the database from a copy, or start the run anew.",
            _ => $"it refused ({OneLine(refusal.MessageText)}, {refusal.SqlState}): see the server's log.",
        };

    private static bool IsTimeout(Exception? failure) =>
        failure is not null && (failure is TimeoutException || IsTimeout(failure.InnerException));

    private static string OneLine(string text) => text.ReplaceLineEndings(" ").TrimEnd('.', ' ');
}
