using System.Globalization;
using Leaps.Actors.Protocol;
using Leaps.Host.Terminal;

namespace Leaps.Host.Execution.Cluster;

/// <summary>A node as --json prints it and tables show it.</summary>
/// <param name="Name">unique in the cluster</param>
/// <param name="Host">its machine</param>
/// <param name="Process">its number there</param>
/// <param name="Version">of Leaps</param>
/// <param name="Device">kind of its device</param>
/// <param name="Threads">that move walkers</param>
/// <param name="Speed">network evaluations a second of a fixed small network</param>
/// <param name="State">alive, draining, drained, leaving</param>
/// <param name="Actors">that live there</param>
/// <param name="Schedules">whether it is the one that schedules</param>
/// <param name="SilentSeconds">since its last heartbeat</param>
public sealed record ListedNode(string Name, string Host, int Process, string Version, string Device,
    int Threads, double Speed, string State, int Actors, bool Schedules, double SilentSeconds)
{
    public static ListedNode Of(NodeOverview node) => new(node.Node, node.Host, node.Process, node.Version,
        node.Device, node.Threads, node.Speed, node.State, node.Actors, node.Schedules, node.Silent);

    public static ResultTable Table(IEnumerable<ListedNode> nodes) => new("",
        ["node", "state", "device", " threads", " speed", " actors", " silent", "host", "version"],
        [.. nodes.Select(node => (IReadOnlyList<string>)
        [
            node.Name, node.Schedules ? $"{node.State}, schedules" : node.State, node.Device,
            ListedRun.Number(node.Threads), LineProgress.Rate(node.Speed),
            ListedRun.Number(node.Actors),
            string.Create(CultureInfo.InvariantCulture, $"{node.SilentSeconds:F1} s"),
            $"{node.Host}/{ListedRun.Number(node.Process)}", Short(node.Version),
        ])]);

    // 0.1.0+1b3c1d1: a commit's forty digits would take half of a terminal.
    private static string Short(string version) =>
        version.IndexOf('+', StringComparison.Ordinal) is int plus and >= 0
            ? version[..Math.Min(version.Length, plus + 8)]
            : version;
}
