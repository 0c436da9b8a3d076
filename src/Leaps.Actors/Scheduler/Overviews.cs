using Leaps.Actors.Protocol;

namespace Leaps.Actors.Scheduler;

/// <summary>What the scheduler shows of runs and nodes.</summary>
internal static class Overviews
{
    /// <summary>The newest first.</summary>
    public static IEnumerable<RunOverview> Runs(SchedulerState state) =>
        state.Runs.Values.OrderByDescending(run => run.Submitted).ThenBy(run => run.Run)
            .Select(run => Of(state, run));

    /// <summary>Those that live, by name.</summary>
    public static IEnumerable<NodeOverview> Nodes(SchedulerState state) => state.Alive.Select(node =>
        new NodeOverview
        {
            Node = node.Name,
            Host = node.Beat.Host,
            Process = node.Beat.Process,
            Version = node.Beat.Version,
            Device = node.Beat.Device,
            Threads = node.Beat.Threads,
            Speed = node.Beat.Speed,
            State = StateOf(state, node),
            Actors = node.Hosted.Count,
            Schedules = node.Name == state.Host,
            Silent = (state.Now - node.Heard).TotalSeconds,
        });

    public static RunOverview Of(SchedulerState state, RunRecord run)
    {
        var (name, text) = StateOf(state, run);
        return new RunOverview
        {
            RunId = Envelope.RunIdBytes(run.Run),
            Name = run.Name,
            Owner = run.Owner,
            State = name,
            Text = text,
            Submitted = run.Submitted,
            Home = run.IsOver ? "" : state.NodeOf(run.Home)?.Name ?? "",
            Actors = state.Alive.Sum(node => node.Places.Count(
                item => item.Key.Run == run.Run && item.Value.Kind != PlaceKind.Dropped)),
            Scale = run.Scale,
        };
    }

    public static (string State, string Text) StateOf(SchedulerState state, RunRecord run)
    {
        if (run.EndState is { } end)
            return (end, run.Concluded!.Text);
        if (state.Waits(run))
            return ("waiting", run.Device.Length > 0 ? $"for a node with device {run.Device}" : "for a node");
        if (state.NodeOf(run.Home) is not null)
            return ("running", "");
        return ("waiting", state.IsListening
            ? "for the nodes to tell what lives there" : "for its home to end where it was");
    }

    private static string StateOf(SchedulerState state, NodeRecord node)
    {
        if (node.Beat.Leaving) return "leaving";
        if (!state.Drained.Contains(node.Name)) return "alive";
        return node.Hosted.IsEmpty && node.Places.IsEmpty ? "drained" : "draining";
    }
}
