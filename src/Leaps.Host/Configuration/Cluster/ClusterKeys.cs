namespace Leaps.Host.Configuration.Cluster;

/// <summary>The keys that a cluster file may have, by their dotted paths.</summary>
internal static class ClusterKeys
{
    /// <summary>The keys of a section, "" being the whole; none where the path is not a section.</summary>
    public static IReadOnlyList<string> Under(string section) => section switch
    {
        "" =>
        [
            "cluster", "broker", "database", "node", "lease", "administrators", "limits", "telemetry", "log",
        ],
        "broker" =>
        [
            "hosts", "virtual-host", "user", "password", "password-file", "password-env", "tls", "heartbeat",
        ],
        "broker.tls" => ["ca-file", "server-name", "certificate-file", "key-file"],
        "database" =>
            ["host", "port", "name", "user", "password", "password-file", "password-env", "tls"],
        "database.tls" => ["ca-file"],
        "node" => ["name", "threads", "device", "work-directory", "health-port", "leave-patience"],
        "limits" => ["message", "outbox"],
        "telemetry" => ["otlp-endpoint", "interval", "service-name"],
        "log" => ["format", "level"],
        _ => [],
    };
}
