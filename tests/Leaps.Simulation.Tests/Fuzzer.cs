using System.Collections.Concurrent;

namespace Leaps.Simulation.Tests;

/// <summary>Simulates many seeds, each by itself, on all cores.</summary>
internal static class Fuzzer
{
    /// <summary>The violation that a seed leads to; null: none.</summary>
    public static string? Violation(Scenario scenario, TextWriter? trace = null)
    {
        try
        {
            new Simulation(scenario, trace).Run();
            return null;
        }
        catch (Exception error)
        {
            string text = error is ViolationException ? error.Message : error.ToString();
            return $"seed {scenario.Seed}: {text}\nreplay it: make fuzz SEEDS=1 FROM={scenario.Seed}";
        }
    }

    /// <returns>the violations, by seed</returns>
    public static SortedDictionary<ulong, string> Run(ulong from, int seeds)
    {
        var violations = new ConcurrentDictionary<ulong, string>();
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount };
        Parallel.For(0, seeds, parallel, k =>
        {
            ulong seed = from + (ulong)k;
            if (Violation(Scenario.Draw(seed)) is { } violation)
                violations[seed] = violation;
        });
        return new SortedDictionary<ulong, string>(violations);
    }

    public static int Trace(ulong seed, TextWriter output)
    {
        string? violation = Violation(Scenario.Draw(seed), output);
        output.WriteLine(violation ?? "no violation");
        return violation is null ? 0 : 1;
    }

    /// <returns>exit status: 1 when a rule was violated</returns>
    public static int Report(ulong from, int seeds, TextWriter output)
    {
        var violations = Run(from, seeds);
        foreach (string violation in violations.Values)
            output.WriteLine(violation);
        output.WriteLine(FormattableString.Invariant($"{seeds} seeds, {violations.Count} violations"));
        return violations.Count > 0 ? 1 : 0;
    }
}
