using Leaps.Actors.Protocol;
using Leaps.Host.Terminal;
using Leaps.Model;
using Ask = Leaps.Actors.Protocol.ClusterRequest.Types.Command;

namespace Leaps.Host.Execution.Cluster;

/// <summary>Looks at a cluster again and again; where nobody answers, the former view stays with the
/// problem.</summary>
/// <param name="session">with the cluster</param>
/// <param name="run">name or identifier of the run to follow; null: all</param>
/// <param name="clock">for the time of a view, and rates</param>
/// <param name="withEvents">whether a run's events are asked for, too</param>
internal sealed class ClusterWatch(ClusterSession session, string? run, TimeProvider clock, bool withEvents)
{
    private ClusterView? _last;
    private RunProgress? _first;
    private long _start;
    private long _windows;
    private bool _isGone;

    /// <summary>Of the run that is followed; null: not known now.</summary>
    public RunProgress? Progress { get; private set; }

    /// <exception cref="LeapsException">At the first look: no node answers, or there is no such run. Later:
    /// the run is gone.</exception>
    public ClusterView Look()
    {
        try
        {
            return _last = Read();
        }
        catch (LeapsException error) when (_last is not null && !_isGone)
        {
            return _last = _last with { Time = clock.GetUtcNow(), Problem = error.Message };
        }
    }

    private ClusterView Read()
    {
        var list = session.List();
        var view = new ClusterView
        {
            Cluster = session.Cluster.Name,
            Time = clock.GetUtcNow(),
            Nodes = [.. list.Nodes.Select(ListedNode.Of)],
            Runs = [.. list.Runs.Select(ListedRun.Of)],
        };
        if (run is null)
            return view;
        // Whatever it was named by, it stays the same run.
        var followed = _last?.Run is { } known ? FindAgain(view, known) : ListedRun.Find(view.Runs, run);
        view = view with { Run = followed };
        if (withEvents)
            view = view with { Events = Entries(Ask.Log, followed) ?? _last?.Events ?? [] };
        if (followed.State != "running")
        {
            Progress = null;
            return view;
        }
        var status = Entries(Ask.Status, followed) ?? [];
        Measure(status);
        return view with { Status = status, Rate = Rate() };
    }

    private ListedRun FindAgain(ClusterView view, ListedRun known)
    {
        var found = view.Runs.FirstOrDefault(item => item.Id == known.Id);
        _isGone = found is null;
        return found ?? throw new LeapsException($"run {known.Name} was deleted from cluster {view.Cluster}");
    }

    // A home on its way to another node refuses; it is asked again at the next look.
    private ClusterEntry[]? Entries(Ask ask, ListedRun followed)
    {
        var reply = session.Ask(new ClusterRequest { Command = ask, Run = followed.Id });
        return !reply.Accepted ? null
            : [.. reply.Entries.Select(entry => new ClusterEntry(entry.Key, entry.Value))];
    }

    private void Measure(IReadOnlyList<ClusterEntry> status)
    {
        if (RunProgress.WindowsOf(status) is > 0 and var windows)
            _windows = windows;
        Progress = RunProgress.Of(status, _windows);
        if (Progress is not { } now
            || (_first is { } first && first.Stage == now.Stage && first.Done <= now.Done))
            return;
        (_first, _start) = (now, clock.GetTimestamp());
    }

    private string Rate()
    {
        if (Progress is not { } now || _first is not { } first || now.Done <= first.Done)
            return "";
        double rate = (now.Done - first.Done) / Math.Max(clock.GetElapsedTime(_start).TotalSeconds, 1e-3);
        string unit = now.Stage == "train" ? "updates" : "windows";
        var left = TimeSpan.FromSeconds(Math.Min((now.Total - now.Done) / rate, 1e9));
        return $"{LineProgress.Rate(rate)} {unit}/s, {LineProgress.Duration(left)} left";
    }
}
