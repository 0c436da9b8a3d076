using Leaps.Actors.Cluster;
using Leaps.Actors.Telemetry;
using Leaps.Host.Configuration.Cluster;
using Leaps.Model;

namespace Leaps.Host.Observability;

/// <summary>
/// All that can be seen of a node from outside: its log, metrics and traces by OTLP, and its health page.
/// Made before the node, which gets <see cref="Telemetry"/> and the log; disposed of after it.
/// </summary>
public sealed class NodeObservability : IDisposable
{
    private static readonly TimeSpan ExportComplaints = TimeSpan.FromMinutes(5);

    private readonly ExportWatch? _watch;
    private readonly TelemetryExport? _export;
    private readonly HealthEndpoint? _health;
    private volatile Func<NodeStatus>? _status;

    /// <param name="options">what is wanted</param>
    /// <exception cref="LeapsException">The health page's port is not to be had.</exception>
    public NodeObservability(ObservabilityOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Log = new NodeLog(options.LogWriter, options.Log, options.Node, options.Clock);
        if (options.HealthPort > 0)
            _health = new HealthEndpoint(options.HealthAddress, options.HealthPort,
                path => HealthPages.Answer(path, _status?.Invoke(), options.Clock.GetUtcNow()),
                options.Clock);
        Telemetry = new NodeTelemetry(options.Node, options.Clock) { DeviceMemory = options.DeviceMemory };
        if (options.Telemetry.Endpoint is null)
            return;
        _watch = new ExportWatch(
            Log.Notices(LogLevel.Warning, "telemetry"), ExportComplaints, options.Clock);
        _export = new TelemetryExport(options);
    }

    public NodeLog Log { get; }

    /// <summary>For <see cref="NodeOptions.Telemetry"/>.</summary>
    public NodeTelemetry Telemetry { get; }

    /// <summary>The node has joined its cluster.</summary>
    public void Watch(ClusterNode node)
    {
        ArgumentNullException.ThrowIfNull(node);
        Watch(() => node.Status);
    }

    /// <summary>Sends what there is, and ends.</summary>
    public void Dispose()
    {
        _health?.Dispose();
        _export?.Dispose();
        _watch?.Dispose();
        Telemetry.Dispose();
    }

    internal void Watch(Func<NodeStatus> status) => _status = status;
}
