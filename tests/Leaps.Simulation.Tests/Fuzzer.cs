using System.Collections.Concurrent;

namespace Leaps.Simulation.Tests;

/// <summary>Simulates many seeds, each by itself, on all cores.</summary>
internal static class Fuzzer
{
    /// <summary>The violation that a seed leads to; null: none.</summary>
    public static string? Violation(Scenario scenario)
    {
        try
        {
            new Simulation(scenario).Run();
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
        Parallel.For(0, seeds, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, k =>
        {
            ulong seed = from + (ulong)k;
            if (Violation(Scenario.Draw(seed)) is { } violation)
                violations[seed] = violation;
        });
        return new SortedDictionary<ulong, string>(violations);
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
