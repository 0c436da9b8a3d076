using System.Net;

namespace Leaps.Host.Configuration.Cluster;

/// <summary>
/// What a process must know of a cluster: where its broker and database are, who we are there, and what a
/// node does. One YAML file says it, the same for all nodes and users; checked when it was read, by
/// <see cref="ClusterConfigurationReader"/>. Paths in it are those that the process can open.
/// </summary>
public sealed record ClusterConfiguration
{
    /// <summary>The name of a node: so many of A-Z a-z 0-9 . _ - at most.</summary>
    public const int LongestName = 60;

    /// <summary>The name of the cluster itself, which begins all names at its broker.</summary>
    public const int LongestClusterName = Actors.Runtime.RabbitMq.BrokerNames.LongestCluster;

    /// <summary>Of the cluster: 1 to 20 of A-Z a-z 0-9 . _ -</summary>
    public required string Name { get; init; }

    public required BrokerConfiguration Broker { get; init; }

    /// <summary>Null where the file was read for the command line: only nodes need the database.</summary>
    public DatabaseConfiguration? Database { get; init; }

    public NodeConfiguration Node { get; init; } = new();

    /// <summary>Whatever is silent for so long is gone: 1 s to 10 min.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Users of the broker who may do everything with everybody's runs.</summary>
    public IReadOnlyList<string> Administrators { get; init; } = [];

    public LimitsConfiguration Limits { get; init; } = new();
    public TelemetryConfiguration Telemetry { get; init; } = new();
    public LogConfiguration Log { get; init; } = new();
}

/// <summary>A password: nothing prints it by accident.</summary>
/// <param name="Text">the password itself; may be empty, on loopback</param>
public sealed record Secret(string Text)
{
    public override string ToString() => "(hidden)";
}

/// <param name="Host">a name or an address</param>
/// <param name="Port">1 to 65535</param>
public sealed record ServerAddress(string Host, int Port)
{
    public override string ToString() => FormattableString.Invariant($"{Host}:{Port}");
}

/// <summary>How a server is known, and we to it. All null: as the system trusts it.</summary>
public sealed record TlsConfiguration
{
    /// <summary>PEM file of the authorities to trust; null: the system's.</summary>
    public string? CaFile { get; init; }

    /// <summary>Name that the server's certificate must be for; null: the name of its host.</summary>
    public string? ServerName { get; init; }

    /// <summary>PEM certificate that we show; null: none.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>PEM key of that certificate; null: in the same file.</summary>
    public string? KeyFile { get; init; }
}

/// <summary>The RabbitMQ broker.</summary>
public sealed record BrokerConfiguration
{
    /// <summary>Its nodes, tried in turn; at least one.</summary>
    public required IReadOnlyList<ServerAddress> Hosts { get; init; }
    public string VirtualHost { get; init; } = "/";
    public required string User { get; init; }
    public required Secret Password { get; init; }

    /// <summary>Null: off, which only loopback may have.</summary>
    public TlsConfiguration? Tls { get; init; } = new();

    /// <summary>A connection that is silent for twice as long is lost: 1 s to 10 min, whole
    /// seconds.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(5);
}

/// <summary>The PostgreSQL database.</summary>
public sealed record DatabaseConfiguration
{
    /// <summary>A name, an address, or the folder of a socket of this machine.</summary>
    public required string Host { get; init; }
    public int Port { get; init; } = 5432;

    /// <summary>Of the database.</summary>
    public required string Name { get; init; }
    public required string User { get; init; }
    public required Secret Password { get; init; }

    /// <summary>Null: off, which only loopback may have. Of the rest only the authorities count.</summary>
    public TlsConfiguration? Tls { get; init; } = new();
}

/// <summary>What this process is in the cluster, where it is a node.</summary>
public sealed record NodeConfiguration
{
    public const string AnyDevice = "auto";

    /// <summary>Unique in the cluster: 1 to 60 of A-Z a-z 0-9 . _ -; by default the host's.</summary>
    public string Name { get; init; } = "";

    /// <summary>0: as many as the machine has.</summary>
    public int Threads { get; init; }

    /// <summary>Where networks are: "cpu", "cuda", "cuda:0,1", or "auto", the best there is; or the kind of
    /// device that the node must have, such as "simd-fma".</summary>
    public string Device { get; init; } = AnyDevice;

    /// <summary>For files that nobody needs after the process; null: the system's temporary folder.</summary>
    public string? WorkDirectory { get; init; }

    /// <summary>Port of the health page; 0: none.</summary>
    public int HealthPort { get; init; }

    /// <summary>Address of this machine on which the health page is; by default others can't ask for
    /// it.</summary>
    public IPAddress HealthAddress { get; init; } = IPAddress.Loopback;

    /// <summary>How long a node that is told to end waits for its actors to leave: 0 to 1 h.</summary>
    public TimeSpan LeavePatience { get; init; } = TimeSpan.FromSeconds(30);
}

public sealed record LimitsConfiguration
{
    /// <summary>The largest message, in bytes: 2 MiB to 512 MiB.</summary>
    public int Message { get; init; } = 64 << 20;

    /// <summary>
    /// Bytes that may wait for the broker's confirmation before a sender has to wait: at least a message,
    /// at most 64 GiB.
    /// </summary>
    public long Outbox { get; init; } = 256L << 20;
}

public sealed record TelemetryConfiguration
{
    /// <summary>Where metrics and traces go, by OTLP; null: nowhere.</summary>
    public Uri? OtlpEndpoint { get; init; }

    /// <summary>From one export of metrics to the next: 1 s to 1 h.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(10);
    public string ServiceName { get; init; } = "leaps";
}

public enum LogFormat
{
    Text,
    Json,
}

/// <summary>The least important lines that are written.</summary>
public enum LogLevel
{
    Debug,
    Info,
    Warning,
    Error,
}

public sealed record LogConfiguration
{
    public LogFormat Format { get; init; } = LogFormat.Text;
    public LogLevel Level { get; init; } = LogLevel.Info;
}
