using System.Collections.Immutable;
using System.Reflection;
using Leaps.Actors.Cluster;
using Leaps.Host.Commands;
using Leaps.Host.Commands.Cluster;
using Leaps.Host.Configuration.Cluster;
using Leaps.Host.Observability;

namespace Leaps.Host.Execution.Cluster;

/// <param name="Name">of the node</param>
/// <param name="Cluster">that it was part of</param>
public sealed record NodeResult(string Name, string Cluster);

/// <summary>
/// leaps node: takes part in a cluster until it is told to end; then its actors leave first.
/// </summary>
internal static class NodeJob
{
    public static JobResult Run(NodeRequest request, JobContext context) =>
        RunAsync(request.Cluster.Configuration, context).GetAwaiter().GetResult();

    private static async Task<JobResult> RunAsync(ClusterConfiguration cluster, JobContext context)
    {
        var cancellation = context.Cancellation;
        var node = cluster.Node;
        var unused = new List<string>();
        var devices = NodeDevice.Open(node.Device, unused.Add);
        int threads = node.Threads > 0 ? node.Threads : Environment.ProcessorCount;
        using var observability = new NodeObservability(
            ObservabilityOptions.Of(cluster, Version, context.Clock) with
            {
                LogWriter = context.Log,
                DeviceMemory = devices.MemoryInUse,
            });
        Action<string> notice = observability.Log.Notices(LogLevel.Info, "node");
        unused.ForEach(notice);
        var options = new NodeOptions
        {
            Name = node.Name,
            Device = devices.Kind,
            Threads = threads,
            Speed = NodeDevice.MeasureSpeed(devices, threads),
            Version = Version,
            Times = new ClusterTimes { Lease = cluster.Lease },
            Clock = context.Clock,
            Notice = observability.Log.Notices(LogLevel.Warning, "notice"),
            Telemetry = observability.Telemetry,
        };
        string work = node.WorkDirectory ?? Path.Combine(Path.GetTempPath(), $"leaps-{node.Name}");
        try
        {
            await using var broker = await ClusterConnections.ConnectBroker(
                cluster, $"leaps node {node.Name}", notice, wait: true, cancellation);
            // Once it has joined, its actors have time to leave.
            using var joining = new CancellationTokenSource();
            await using var registration = cancellation.Register(joining.Cancel);
            using var database = ClusterConnections.OpenDatabase(cluster, notice, joining.Token);
            await using var joined = await ClusterNode.Join(cluster.Name, broker, database,
                new ClusterRunWork(work, devices, context.Clock), options,
                [.. cluster.Administrators], cancellation);
            await registration.DisposeAsync();
            observability.Watch(joined);
            string parallel = threads == 1 ? "1 thread" : $"{threads} threads";
            notice($"node {node.Name} is part of cluster {cluster.Name}: {parallel}, "
                + $"{devices.Kind} on {devices.Description}, "
                + FormattableString.Invariant($"{options.Speed:F0} evaluations/s of a small network"));
            await joined.Run(node.LeavePatience, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Before it was part of anything.
        }
        return new JobResult(new NodeResult(node.Name, cluster.Name), [],
            [$"node {node.Name} has left cluster {cluster.Name}"]);
    }

    private static string Version => typeof(NodeJob).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";
}
