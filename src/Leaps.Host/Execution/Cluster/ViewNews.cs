using System.Globalization;

namespace Leaps.Host.Execution.Cluster;

/// <summary>What is new in a view of a cluster, a line each with the time (UTC): for a log.</summary>
internal static class ViewNews
{
    /// <param name="before">the view before; null: none</param>
    /// <param name="now">the view</param>
    public static IReadOnlyList<string> Of(ClusterView? before, ClusterView now)
    {
        string time = now.Time.UtcDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture);
        return [.. News(before, now).Select(line => $"{time} {line}")];
    }

    private static List<string> News(ClusterView? before, ClusterView now)
    {
        if (now.Problem.Length > 0)
            return now.Problem == before?.Problem ? [] : [$"{now.Problem}; trying again"];
        var lines = new List<string>();
        if (before?.Problem.Length > 0)
            lines.Add("the cluster answers again");
        lines.AddRange(OfNodes(before?.Nodes ?? [], now.Nodes));
        IReadOnlyList<ListedRun> runs = now.Run is { } run ? [run] : now.Runs;
        lines.AddRange(OfRuns(before?.Runs ?? [], runs));
        if (now.Run is null && before is not null)
            lines.AddRange(before.Runs.Where(old => !now.Runs.Any(item => item.Id == old.Id))
                .Select(old => $"run {old.Name} was deleted"));
        lines.AddRange(now.Status
            .Where(entry => entry.Key != "state" && before?.Status.Contains(entry) != true)
            .Select(entry => $"{entry.Key}: {entry.Value}"));
        lines.AddRange(NewEvents(before?.Events ?? [], now.Events)
            .Select(entry => $"event {entry.Key}: {entry.Value}"));
        return lines;
    }

    private static IEnumerable<string> OfNodes(
        IReadOnlyList<ListedNode> before, IReadOnlyList<ListedNode> now)
    {
        foreach (var node in now)
        {
            var known = before.FirstOrDefault(item => item.Name == node.Name);
            if (known is null)
                yield return FormattableString.Invariant(
                    $"node {node.Name} is {node.State} ({node.Device}, {node.Threads} threads)");
            else if (known.State != node.State)
                yield return $"node {node.Name} is {node.State}";
            if (node.Schedules && known is not null && !known.Schedules)
                yield return $"node {node.Name} schedules";
        }
        foreach (var gone in before.Where(old => !now.Any(node => node.Name == old.Name)))
            yield return $"node {gone.Name} is gone";
    }

    private static IEnumerable<string> OfRuns(IReadOnlyList<ListedRun> before, IReadOnlyList<ListedRun> now)
    {
        foreach (var run in now)
        {
            var known = before.FirstOrDefault(item => item.Id == run.Id);
            if (known?.StateText != run.StateText)
                yield return $"run {run.Name} is {run.StateText}";
            if (run.Home is { } home && known?.Home != home)
                yield return $"the home of run {run.Name} is on node {home}";
        }
    }

    // The longest end of what was known that the new list begins with is not new.
    private static IEnumerable<ClusterEntry> NewEvents(
        IReadOnlyList<ClusterEntry> before, IReadOnlyList<ClusterEntry> now)
    {
        int known = Math.Min(before.Count, now.Count);
        while (known > 0 && !before.TakeLast(known).SequenceEqual(now.Take(known)))
            known--;
        return now.Skip(known);
    }
}
