using Leaps.Actors.Protocol;
using Leaps.Host.Commands;
using Leaps.Host.Commands.Cluster;
using Ask = Leaps.Actors.Protocol.ClusterRequest.Types.Command;
using Entry = Leaps.Actors.Protocol.ControlReply.Types.Entry;

namespace Leaps.Host.Execution.Cluster;

/// <summary>What `leaps ctl list --json` prints.</summary>
public sealed record ClusterList(
    string Cluster, IReadOnlyList<ListedRun> Runs, IReadOnlyList<ListedNode> Nodes);

/// <summary>What `leaps ctl status --json` prints of a cluster's run.</summary>
/// <param name="Cluster">its name</param>
/// <param name="Run">as it was named</param>
/// <param name="Text">in a line; may be empty</param>
/// <param name="Status">name → value, in the order to show</param>
public sealed record ClusterRunStatus(
    string Cluster, string Run, string Text, IReadOnlyDictionary<string, string> Status);

/// <param name="Key">of an event: its kind; of a setting: its name</param>
/// <param name="Value">what it says</param>
public sealed record ClusterEntry(string Key, string Value);

/// <summary>What `leaps ctl log --json` prints of a cluster's run.</summary>
public sealed record ClusterRunLog(string Cluster, string Run, IReadOnlyList<ClusterEntry> Events);

/// <summary>What the other actions of `leaps ctl` print with --json; run or node may be empty.</summary>
public sealed record ClusterAnswer(string Cluster, string Run, string Node, string Reply);

/// <summary>leaps ctl: one question to a cluster, and the reply as a person or a program wants it.</summary>
internal static class AskJob
{
    public static JobResult Run(AskRequest request, JobContext context, ClusterConnect connect)
    {
        using var session = ClusterSession.Open(connect, request.Cluster, context);
        var reply = session.AskAccepted(request.Request);
        string cluster = request.Cluster.Name, run = request.Request.Run;
        switch (request.Request.Command)
        {
            case Ask.List:
                return List(cluster, reply);
            case Ask.Status:
                List<string> status = reply.Entries.Count == 0 && reply.Text.Length > 0
                    ? [reply.Text] : Aligned(reply.Entries);
                return new JobResult(
                    new ClusterRunStatus(cluster, run, reply.Text, Unique(reply.Entries)), [], status);
            case Ask.Log:
                ClusterEntry[] events =
                    [.. reply.Entries.Select(item => new ClusterEntry(item.Key, item.Value))];
                return new JobResult(new ClusterRunLog(cluster, run, events), [], Aligned(reply.Entries));
            default:
                string node = request.Request.Command is Ask.Drain or Ask.Undrain ? request.Request.Key : "";
                return new JobResult(new ClusterAnswer(cluster, run, node, reply.Text), [],
                    reply.Text.Length > 0 ? [reply.Text] : []);
        }
    }

    private static JobResult List(string cluster, ClusterReply reply)
    {
        ListedRun[] runs = [.. reply.Runs.Select(ListedRun.Of)];
        ListedNode[] nodes = [.. reply.Nodes.Select(ListedNode.Of)];
        List<string> lines = [];
        if (runs.Length == 0)
            lines.Add($"cluster {cluster} has no runs; leaps submit gives it one");
        if (nodes.Length == 0)
            lines.Add($"cluster {cluster} tells of no nodes yet: ask again in a few seconds");
        return new JobResult(new ClusterList(cluster, runs, nodes), [], lines)
        {
            Tables =
            [
                .. runs.Length > 0 ? [ListedRun.Table(runs)] : Array.Empty<Terminal.ResultTable>(),
                .. nodes.Length > 0 ? [ListedNode.Table(nodes)] : Array.Empty<Terminal.ResultTable>(),
            ],
        };
    }

    private static List<string> Aligned(IReadOnlyCollection<Entry> entries)
    {
        int width = entries.Select(entry => entry.Key.Length).DefaultIfEmpty(0).Max() + 2;
        return [.. entries.Select(entry => entry.Key.PadRight(width) + entry.Value)];
    }

    // Should a key come twice, the last one is the newest.
    private static Dictionary<string, string> Unique(IEnumerable<Entry> entries)
    {
        var unique = new Dictionary<string, string>();
        foreach (var entry in entries)
            unique[entry.Key] = entry.Value;
        return unique;
    }
}
