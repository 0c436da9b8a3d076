using System.Net;
using Leaps.Model;

namespace Leaps.Actors.Journal.PostgreSql;

/// <summary>How to reach a database, and how patiently.</summary>
public sealed record PostgreSqlOptions
{
    /// <summary>A name or an address.</summary>
    public required string Host { get; init; }

    public int Port { get; init; } = 5432;

    public required string Database { get; init; }

    public required string User { get; init; }

    public required string Password { get; init; }

    public PostgreSqlTls Tls { get; init; } = PostgreSqlTls.Require;

    /// <summary>A PEM file of the authorities to trust; null for those of the system.</summary>
    public string? CaFile { get; init; }

    /// <summary>How long the server may take over a command before it counts as gone; 1 s or more.</summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The wait before the first repetition; each one after it waits twice as long.</summary>
    public TimeSpan FirstBackOff { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>The longest wait between repetitions.</summary>
    public TimeSpan LongestBackOff { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Connections of one process at most.</summary>
    public int MaxConnections { get; init; } = 8;

    /// <summary>How long a node that stopped inside a transaction keeps those from its actors that claim
    /// them.</summary>
    internal TimeSpan TransactionSilence { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>How long a transaction may take that others wait for.</summary>
    internal TimeSpan TransactionTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>What messages call the database.</summary>
    internal string Place => $"PostgreSQL {Host}:{Port}/{Database}";

    /// <summary>Never the password.</summary>
    public override string ToString() => Place;

    /// <exception cref="LeapsException">A value that can't be or is not safe.</exception>
    internal void Check()
    {
        Demand(!string.IsNullOrWhiteSpace(Host), "a host is missing: name the server");
        Demand(Port is > 0 and < 65536, "a port is 1 to 65535");
        Demand(!string.IsNullOrWhiteSpace(Database), "the database is missing: name it");
        Demand(!string.IsNullOrWhiteSpace(User), "the user is missing: name one");
        Demand(CommandTimeout >= TimeSpan.FromSeconds(1), "the time for a command is 1 second or more");
        Demand(FirstBackOff > TimeSpan.Zero && LongestBackOff >= FirstBackOff,
            "the first wait between attempts is more than 0 and no longer than the longest");
        Demand(MaxConnections > 0, "at least one connection is needed");
        bool local = IsLoopback(Host);
        Demand(local || Tls == PostgreSqlTls.Require,
            "TLS is off, and only for loopback that is allowed: set tls to require, and name the CA file");
        Demand(local || !IsWellKnown(Password),
            $"the password of user '{User}' is empty or one that everybody tries: set another");
        Demand(Tls == PostgreSqlTls.Off || CaFile is null || File.Exists(CaFile),
            $"the CA file {CaFile} does not exist: name the certificate of the server's authority");
    }

    private void Demand(bool holds, string refusal)
    {
        if (!holds)
            throw new LeapsException($"{Place}: {refusal}.");
    }

    private static bool IsLoopback(string host) => host.StartsWith('/')
        || string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));

    private bool IsWellKnown(string password) => string.IsNullOrWhiteSpace(password)
        || new[] { "postgres", "leaps", "guest", "password", "changeme", User }.Any(
            known => string.Equals(known, password, StringComparison.OrdinalIgnoreCase));
}

/// <summary>Whether the way to the database is encrypted.</summary>
public enum PostgreSqlTls
{
    /// <summary>No: for loopback only.</summary>
    Off,

    /// <summary>Yes, and the server's certificate must be trusted and bear the host's name.</summary>
    Require,
}
