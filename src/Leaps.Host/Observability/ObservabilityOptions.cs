using System.Net;
using Leaps.Host.Configuration.Cluster;
using OpenTelemetry.Exporter;

namespace Leaps.Host.Observability;

/// <summary>Where a node's metrics and traces go.</summary>
/// <param name="Endpoint">of an OTLP receiver, such as http://localhost:4317; null: nowhere</param>
/// <param name="Interval">from one export of metrics to the next</param>
/// <param name="ServiceName">under which they arrive</param>
public sealed record TelemetryOptions(Uri? Endpoint, TimeSpan Interval, string ServiceName)
{
    private const int UsualHttpPort = 4318;

    /// <summary>Null: HTTP on port 4318, else what the environment variable OTEL_EXPORTER_OTLP_PROTOCOL says,
    /// else gRPC.</summary>
    public OtlpExportProtocol? Protocol { get; init; }

    /// <summary>Of metrics and traces alike, for one of them.</summary>
    /// <param name="exporter">as the environment has it</param>
    /// <param name="signal">"metrics" or "traces"</param>
    internal void Apply(OtlpExporterOptions exporter, string signal)
    {
        var endpoint = Endpoint!;
        exporter.Protocol = Protocol
            ?? (endpoint.Port == UsualHttpPort ? OtlpExportProtocol.HttpProtobuf : exporter.Protocol);
        // The exporter takes a given endpoint as it is; over HTTP each signal has a path of its own.
        exporter.Endpoint = exporter.Protocol == OtlpExportProtocol.HttpProtobuf
            ? new Uri(endpoint.AbsoluteUri.TrimEnd('/') + "/v1/" + signal) : endpoint;
    }
}

/// <summary>What can be seen of a node from outside.</summary>
public sealed record ObservabilityOptions
{
    public required string Cluster { get; init; }

    /// <summary>The node's name.</summary>
    public required string Node { get; init; }

    /// <summary>Of the program.</summary>
    public required string Version { get; init; }

    public required TelemetryOptions Telemetry { get; init; }

    public LogConfiguration Log { get; init; } = new();

    /// <summary>Where the log goes; stays its owner's.</summary>
    public TextWriter LogWriter { get; init; } = Console.Error;

    /// <summary>Of the health page; 0: none.</summary>
    public int HealthPort { get; init; }

    /// <summary>Of this machine: who else may ask for the health page.</summary>
    public IPAddress HealthAddress { get; init; } = IPAddress.Loopback;

    /// <summary>Bytes that the device's memory holds; null: the device doesn't tell.</summary>
    public Func<long>? DeviceMemory { get; init; }

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>As a cluster's file has it.</summary>
    public static ObservabilityOptions Of(ClusterConfiguration cluster, string version, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        var telemetry = cluster.Telemetry;
        return new ObservabilityOptions
        {
            Cluster = cluster.Name,
            Node = cluster.Node.Name,
            Version = version,
            Telemetry = new TelemetryOptions(
                telemetry.OtlpEndpoint, telemetry.Interval, telemetry.ServiceName),
            Log = cluster.Log,
            HealthPort = cluster.Node.HealthPort,
            HealthAddress = cluster.Node.HealthAddress,
            Clock = clock,
        };
    }
}
