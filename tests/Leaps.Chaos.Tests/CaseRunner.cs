using System.Diagnostics;
using System.Globalization;
using Leaps.Actors.Protocol;
using Command = Leaps.Actors.Protocol.ClusterRequest.Types.Command;

namespace Leaps.Chaos.Tests;

/// <summary>How a case ended.</summary>
/// <param name="Case">that was played</param>
/// <param name="Outcome">"identical", or in what it is not, or that it hung</param>
/// <param name="Seconds">from the submission to the end of the run</param>
/// <param name="Recoveries">seconds, one for each loss of a node from which the run went on by itself</param>
/// <param name="Evidence">what is known where it went wrong</param>
internal sealed record CaseResult(ChaosCase Case, string Outcome, double Seconds,
    IReadOnlyList<double> Recoveries, IReadOnlyList<string> Evidence)
{
    public const string Identical = "identical", Hung = "hung";

    public override string ToString()
    {
        string recovered = Recoveries.Count == 0 ? "" : ", recovered in " + string.Join(" and ",
            Recoveries.Select(value => value.ToString("0.0 s", CultureInfo.InvariantCulture)));
        string lease = Case.IsTight ? "tight" : "default";
        string end = Outcome == Identical ? "" : FormattableString.Invariant(
            $"; reproduce with: make chaos CASES=1 SEED={Case.Seed} LEASE={lease}");
        return string.Create(CultureInfo.InvariantCulture,
            $"(seed {Case.Seed}): {Case}: {Outcome} in {Seconds:F1} s{recovered}{end}");
    }
}

/// <summary>Plays cases: a cluster, a run, and what happens to them.</summary>
/// <param name="servers">of all cases</param>
/// <param name="truth">what the runs must give</param>
/// <param name="folder">for files of the cases</param>
/// <param name="limit">how long a run may take</param>
internal sealed class CaseRunner(ChaosServers servers, Truth truth, string folder, TimeSpan limit)
{
    private const int LogLines = 40;

    private int _cases;

    public async Task<CaseResult> Play(ChaosCase played, CancellationToken cancellation)
    {
        // Beforehand: it would take the machine from the cluster.
        var expected = truth.Of(played.Shape);
        string name = FormattableString.Invariant($"c{_cases++}");
        string place = Directory.CreateDirectory(Path.Combine(folder, name)).FullName;
        var clock = Stopwatch.StartNew();
        using var cluster = new ChaosCluster(servers, name, place, played.IsTight, clock);
        await using var user = await ChaosUser.Connect(servers, name, cancellation);
        try
        {
            await AllThere(user, cancellation);
            return await Play(played, expected, cluster, user, clock, cancellation);
        }
        catch (TimeoutException hang)
        {
            return new CaseResult(played, CaseResult.Hung, clock.Elapsed.TotalSeconds, [],
                [hang.Message, .. cluster.Logs(LogLines)]);
        }
        finally
        {
            cluster.Dispose();
            Directory.Delete(place, recursive: true);
        }
    }

    private async Task<CaseResult> Play(ChaosCase played, IReadOnlyDictionary<string, string> expected,
        ChaosCluster cluster, ChaosUser user, Stopwatch clock, CancellationToken cancellation)
    {
        Guid run = Guid.NewGuid(), visitor = Guid.NewGuid();
        clock.Restart();
        await Limited(user.Submit(run, "chaos", played.Shape, cancellation), "the submission");
        clock.Restart();
        var observer = new Observer(user, run, clock);
        var maker = new FaultMaker(servers, cluster, user, observer, run, visitor, clock);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var faults = played.Faults.Select(fault => maker.Make(fault, over.Token)).ToList();
        using var hanging = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        hanging.CancelAfter(limit);
        string outcome;
        double seconds;
        IReadOnlyList<string> evidence = [];
        try
        {
            string state = await observer.Watch(hanging.Token);
            seconds = clock.Elapsed.TotalSeconds;
            outcome = state != "complete" ? state
                : await Limited(Differences(user, run, expected, cancellation), "the fetching of files");
            if (outcome == CaseResult.Identical && maker.Visited)
                outcome = await Visitor(user, visitor, clock, hanging.Token, cancellation);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            (outcome, seconds) = (CaseResult.Hung, clock.Elapsed.TotalSeconds);
        }
        catch (TimeoutException hang)
        {
            (outcome, seconds) = ($"{CaseResult.Hung} in {hang.Message}", clock.Elapsed.TotalSeconds);
        }
        if (outcome != CaseResult.Identical)
            evidence = await Evidence(cluster, user, run, observer, cancellation);
        await End(faults, over);
        return new CaseResult(played, outcome, seconds, Recoveries(played, maker, observer), evidence);
    }

    // Faults that come after the end of the run are let go; servers are back when this returns.
    private static async Task End(IReadOnlyList<Task> faults, CancellationTokenSource over)
    {
        await over.CancelAsync();
        try
        {
            await Task.WhenAll(faults);
        }
        catch (OperationCanceledException)
        {
            // As meant.
        }
    }

    private static List<double> Recoveries(ChaosCase played, FaultMaker maker, Observer observer)
    {
        if (played.Faults.Any(fault => fault.HoldsTheRun))
            return [];
        return [.. maker.Losses.Select(loss => observer.RecoveryAfter(loss.At, loss.Process, loss.CameBack))
            .OfType<double>()];
    }

    private async Task<string> Visitor(ChaosUser user, Guid visitor, Stopwatch clock,
        CancellationToken hanging, CancellationToken cancellation)
    {
        string state = await new Observer(user, visitor, clock).Watch(hanging);
        string found = state != "complete" ? state : await Limited(
            Differences(user, visitor, truth.Of(RunShape.Visitor), cancellation), "the fetching of files");
        return found == CaseResult.Identical ? found : $"the visitor's run: {found}";
    }

    private static async Task<string> Differences(ChaosUser user, Guid run,
        IReadOnlyDictionary<string, string> expected, CancellationToken cancellation)
    {
        var names = await user.FileNames(run, cancellation);
        var different = new List<string>();
        foreach (var (name, fingerprint) in expected)
        {
            if (!names.Contains(name))
                different.Add($"{name} is missing");
            else if (Truth.Fingerprint(name, await user.Fetch(run, name, cancellation)) is var found
                && found != fingerprint)
                different.Add(name.EndsWith(".json", StringComparison.Ordinal)
                    ? $"{name} differs: {found} instead of {fingerprint}" : $"{name} differs");
        }
        return different.Count == 0 ? CaseResult.Identical : string.Join("; ", different);
    }

    private static async Task AllThere(ChaosUser user, CancellationToken cancellation)
    {
        var begun = Stopwatch.StartNew();
        var list = new ClusterRequest { Command = Command.List };
        while ((await user.TryAsk(list, TimeSpan.FromMilliseconds(500), cancellation))?.Nodes.Count
            is null or < ChaosCase.Nodes)
        {
            if (begun.Elapsed > TimeSpan.FromSeconds(60))
                throw new TimeoutException("the nodes did not come together within a minute");
            await Task.Delay(50, cancellation);
        }
    }

    private static async Task<IReadOnlyList<string>> Evidence(ChaosCluster cluster, ChaosUser user, Guid run,
        Observer observer, CancellationToken cancellation)
    {
        var lines = new List<string> { $"last seen: {observer.Last}" };
        foreach (var command in (Command[])[Command.List, Command.Status, Command.Log])
        {
            var request = new ClusterRequest
            {
                Command = command,
                Run = command == Command.List ? "" : run.ToString("N"),
            };
            var reply = await user.TryAsk(request, TimeSpan.FromSeconds(5), cancellation);
            lines.Add($"{command}: {reply?.ToString() ?? "no answer"}");
        }
        return [.. lines, .. cluster.Logs(LogLines)];
    }

    private Task<bool> Limited(Task work, string what) => Limited(Task.Run(async () =>
    {
        await work;
        return true;
    }), what);

    private async Task<T> Limited<T>(Task<T> work, string what)
    {
        try
        {
            return await work.WaitAsync(limit);
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException(what, late);
        }
    }
}
