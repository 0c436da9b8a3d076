using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Leaps.Host.Execution.Cluster;

/// <summary>A view of a cluster for a terminal: nodes, runs or the run that is followed, its last
/// events.</summary>
internal static class ViewPicture
{
    private const int MostEvents = 8, MostRuns = 15, BarWidth = 40;

    public static IRenderable Draw(ClusterView view, RunProgress? progress)
    {
        var rows = new List<IRenderable>
        {
            new Rule(Markup.Escape($"cluster {view.Cluster}, "
                + view.Time.UtcDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture) + " UTC"))
            {
                Justification = Justify.Left,
            },
        };
        if (view.Problem.Length > 0)
            rows.Add(new Text($"{view.Problem}; trying again", new Style(Color.Red)));
        if (view.Nodes.Count > 0)
            rows.Add(ListedNode.Table(view.Nodes).Draw());
        if (view.Run is { } run)
            rows.AddRange(Followed(view, run, progress));
        else if (view.Runs.Count > 0)
            rows.Add(ListedRun.Table(view.Runs.Take(MostRuns)).Draw());
        else
            rows.Add(new Text("no runs"));
        return new Rows(rows);
    }

    private static IEnumerable<IRenderable> Followed(ClusterView view, ListedRun run, RunProgress? progress)
    {
        yield return new Text(Title(run), new Style(decoration: Decoration.Bold));
        if (progress is { Total: > 0 })
            yield return new Text(Bar(progress, view.Rate));
        if (view.Status.Count > 0)
        {
            var grid = new Grid().AddColumn().AddColumn();
            foreach (var entry in view.Status)
                grid.AddRow(new Text(entry.Key), new Text(entry.Value));
            yield return grid;
        }
        if (view.Events.Count == 0)
            yield break;
        yield return new Rule("last events") { Justification = Justify.Left };
        foreach (var entry in view.Events.TakeLast(MostEvents))
            yield return new Text($"{entry.Key}  {entry.Value}");
    }

    private static string Title(ListedRun run)
    {
        string title = FormattableString.Invariant($"run {run.Name} ({run.Id[..8]}) is {run.StateText}");
        if (run.Home is { } home)
            title += $", home {home}";
        return FormattableString.Invariant($"{title}, {run.Actors} actors");
    }

    private static string Bar(RunProgress progress, string rate)
    {
        int filled = (int)(BarWidth * Math.Min(progress.Done, progress.Total) / progress.Total);
        string line = FormattableString.Invariant($"{progress.Stage} {new string('━', filled)}")
            + new string('─', BarWidth - filled)
            + FormattableString.Invariant($" {progress.Done:N0}/{progress.Total:N0}");
        return rate.Length > 0 ? $"{line}, {rate}" : line;
    }
}
