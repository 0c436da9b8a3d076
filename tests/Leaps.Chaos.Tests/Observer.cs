using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Leaps.Actors;
using Leaps.Actors.Protocol;
using Command = Leaps.Actors.Protocol.ClusterRequest.Types.Command;

namespace Leaps.Chaos.Tests;

/// <summary>What is seen of a run at a moment.</summary>
/// <param name="At">seconds after the submission, when it was asked</param>
/// <param name="List">runs and nodes</param>
/// <param name="Progress">windows settled or updates done; null: the home did not say</param>
internal sealed record Sight(double At, ClusterReply List, long? Progress);

/// <summary>
/// Looks at a run ten times a second from its submission to its end, and tells for each node that was lost
/// when the run went on without it.
/// </summary>
/// <param name="user">asks</param>
/// <param name="run">that is watched</param>
/// <param name="clock">runs since the submission</param>
internal sealed partial class Observer(ChaosUser user, Guid run, Stopwatch clock)
{
    // Training comes before sampling, whatever its numbers.
    private const long Sampling = 1_000_000_000;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(80);
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(400);
    private static readonly string[] Ends = ["complete", "cancelled", "stopped"];

    private readonly List<Sight> _sights = [];

    public Sight? Last { get; private set; }

    public string Home => RunOf(Last)?.Home ?? "";

    public string Scheduler =>
        Last?.List.Nodes.FirstOrDefault(node => node.Schedules)?.Node ?? "";

    /// <summary>The run has ended, well or not.</summary>
    public bool IsOver => RunOf(Last) is { } found && Ends.Contains(found.State);

    /// <summary>Returns when the run is over, with its state and what is said of it.</summary>
    public async Task<string> Watch(CancellationToken cancellation)
    {
        while (true)
        {
            if (await Look(cancellation) is { } sight)
            {
                Last = sight;
                _sights.Add(sight);
                if (RunOf(sight) is { } found && Ends.Contains(found.State))
                    return found.State == "complete" ? found.State : $"{found.State}: {found.Text}";
            }
            await Task.Delay(Interval, cancellation);
        }
    }

    /// <summary>Seconds from a loss until all actors of the run lived on other nodes (or on this one, had it
    /// come back) and the run had got further; null: it was not seen to.</summary>
    /// <param name="at">seconds after the submission, when the node was lost</param>
    /// <param name="process">that was lost</param>
    /// <param name="cameBack">seconds after the submission; null: it did not</param>
    public double? RecoveryAfter(double at, int process, double? cameBack)
    {
        long? first = null;
        foreach (var sight in _sights.Where(sight => sight.At > at))
        {
            var found = RunOf(sight)!;
            if (Ends.Contains(found.State))
                return sight.At - at;
            bool hears = cameBack is { } back && sight.At > back;
            var nodes = sight.List.Nodes.Where(node => hears || node.Process != process).ToList();
            bool isListed = nodes.Count < sight.List.Nodes.Count;
            int hosted = nodes.Sum(node => node.Actors);
            if (found.State != "running" || isListed || hosted < found.Actors || found.Home.Length == 0
                || sight.Progress is not { } progress)
                continue;
            first ??= progress;
            if (progress > first)
                return sight.At - at;
        }
        return null;
    }

    private RunOverview? RunOf(Sight? sight) =>
        sight?.List.Runs.FirstOrDefault(item => item.RunId.Equals(Envelope.RunIdBytes(run)));

    private async Task<Sight?> Look(CancellationToken cancellation)
    {
        double at = clock.Elapsed.TotalSeconds;
        var asked = user.TryAsk(new ClusterRequest
        {
            Command = Command.Status,
            Run = run.ToString("N"),
        }, Patience, cancellation);
        var list = await user.TryAsk(
            new ClusterRequest { Command = Command.List }, Patience, cancellation);
        var status = await asked;
        return list is null ? null : new Sight(at, list, status is null ? null : ProgressOf(status));
    }

    private static long? ProgressOf(ClusterReply status)
    {
        var entries = status.Entries.ToDictionary(entry => entry.Key, entry => entry.Value);
        if (entries.TryGetValue("updates", out string? updates) && First(updates) is { } done)
            return done;
        if (!entries.TryGetValue("replicas", out string? replicas) || First(replicas) is not { } complete)
            return null;
        // A replica that is complete is no longer listed with its windows: it counts for more than they.
        long windows = entries.Where(entry => entry.Key.StartsWith("replica ", StringComparison.Ordinal))
            .Sum(entry => First(entry.Value) ?? 0);
        return Sampling * (1 + complete) + windows;
    }

    private static long? First(string text) => Number().Match(text) is { Success: true } match
        ? long.Parse(match.Value, CultureInfo.InvariantCulture) : null;

    [GeneratedRegex("[0-9]{1,9}")]
    private static partial Regex Number();
}
