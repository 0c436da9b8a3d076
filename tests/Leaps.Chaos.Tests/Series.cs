using System.Globalization;

namespace Leaps.Chaos.Tests;

/// <summary>Many cases, one after the other, and what they say together.</summary>
/// <param name="limit">how long a run may take</param>
/// <param name="output">takes a line for each case</param>
internal sealed class Series(TimeSpan limit, TextWriter output)
{
    // A broker keeps the queues of the clusters that it has served.
    private const int CasesOfServers = 20;

    private readonly List<CaseResult> _results = [];

    /// <returns>exit status: 1 when a run was not identical or hung</returns>
    public async Task<int> Run(IReadOnlyList<ChaosCase> cases, CancellationToken cancellation)
    {
        string folder = Directory.CreateTempSubdirectory("leaps-chaos-").FullName;
        try
        {
            var truth = new Truth(folder);
            using (var place = NodeNamespace.TryCreate(number: 0, folder))
            {
                await output.WriteLineAsync(place is not null
                    ? "every node in a network namespace: a cut pulls its cable"
                    : "a cut holds up what a node sends: a network namespace for each takes root and ip");
            }
            for (int first = 0; first < cases.Count; first += CasesOfServers)
            {
                await using var servers = await ChaosServers.Start(cancellation);
                var runner = new CaseRunner(servers, truth, folder, limit);
                for (int k = first; k < Math.Min(cases.Count, first + CasesOfServers); k++)
                {
                    var result = await runner.Play(cases[k], cancellation);
                    _results.Add(result);
                    foreach (string line in result.Evidence)
                        await output.WriteLineAsync(line);
                    await output.WriteLineAsync(FormattableString.Invariant($"case {k + 1} {result}"));
                }
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            await output.WriteLineAsync("interrupted");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        await Summarise();
        return cancellation.IsCancellationRequested
            || _results.Any(result => result.Outcome != CaseResult.Identical) ? 1 : 0;
    }

    private async Task Summarise()
    {
        foreach (var settings in _results.GroupBy(result => result.Case.IsTight).OrderBy(group => group.Key))
        {
            string name = settings.Key ? "tight settings (lease 1 s)" : "default settings (lease 10 s)";
            await Tell($"{name}, node losses", settings);
            await Tell(
                $"{name}, with no other fault", settings.Where(result => result.Case.Faults.Length == 1));
        }
        int identical = _results.Count(result => result.Outcome == CaseResult.Identical);
        int hung = _results.Count(
            result => result.Outcome.StartsWith(CaseResult.Hung, StringComparison.Ordinal));
        await output.WriteLineAsync(FormattableString.Invariant(
            $"{_results.Count} cases, {identical} identical, {hung} hung, {Recovery(_results)}"));
    }

    private async Task Tell(string what, IEnumerable<CaseResult> results)
    {
        int losses = results.Sum(result => result.Recoveries.Count);
        if (losses > 0)
            await output.WriteLineAsync(
                FormattableString.Invariant($"{what}: {losses}, {Recovery(results)}"));
    }

    private static string Recovery(IEnumerable<CaseResult> results)
    {
        double[] sorted = [.. results.SelectMany(result => result.Recoveries).Order()];
        if (sorted.Length == 0)
            return "recovery median - s, worst - s";
        double median = (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
        return string.Create(CultureInfo.InvariantCulture,
            $"recovery median {median:F1} s, worst {sorted[^1]:F1} s");
    }
}
