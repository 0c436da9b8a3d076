using System.Globalization;
using Leaps.Host.Commands;
using Leaps.Model.GroundTruth;
using Leaps.Model.Targets;

namespace Leaps.Host.Execution;

/// <summary>A value that an estimate is compared with.</summary>
/// <param name="Value">the value</param>
/// <param name="StdErr">null: it is exact; else the standard error of a simulation</param>
/// <param name="Source">"Kaufman", "enumeration", "Swendsen–Wang, 20,000 sweeps"</param>
public sealed record ReferenceValue(double Value, double? StdErr, string Source)
{
    /// <summary>The value where it is exact.</summary>
    internal double? Exact => StdErr is null ? Value : null;
}

/// <summary>
/// What is known about a target at t = 1: exact values, and where there are none those of a short
/// Swendsen–Wang run, with their errors. Null where nothing is known.
/// </summary>
internal sealed record Truth
{
    // About four seconds of one core; below so many sweeps the errors would say nothing.
    private const long MostSiteUpdates = 200_000_000;
    private const int MostSweeps = 20_000, FewestSweeps = 1_000;
    private const int Chains = 8, BinsPerChain = 8;

    public ReferenceValue? LogZ { get; private init; }
    public ReferenceValue? EnergyPerSite { get; private init; }
    public ReferenceValue? SpecificHeat { get; private init; }
    public ReferenceValue? AbsMagnetisation { get; private init; }
    public ReferenceValue? MagnetisationSquared { get; private init; }
    public ReferenceValue? BinderCumulant { get; private init; }

    /// <summary>Values of the order parameter, ascending, and their probabilities.</summary>
    public IReadOnlyList<(double Value, ReferenceValue Probability)>? Distribution { get; private init; }

    /// <summary>Along a row, r = 0 … columns/2.</summary>
    public IReadOnlyList<ReferenceValue>? Correlation { get; private init; }

    /// <param name="target">what is sampled</param>
    /// <param name="threads">0: all; no value depends on it</param>
    /// <param name="context">for progress and cancellation</param>
    public static Truth Of(Target target, int threads, JobContext context)
    {
        var exact = ExactAnswer.For(target, 1);
        var known = new Truth
        {
            LogZ = Known(exact.LogNormalizer),
            EnergyPerSite = Known(exact.EnergyPerSite),
            SpecificHeat = Known(exact.SpecificHeat),
            AbsMagnetisation = Known(exact.OrderParameter),
            BinderCumulant = target is IsingTarget ? Known(exact.BinderCumulant) : null,
            MagnetisationSquared = exact.Distribution is { } distribution
                ? new ReferenceValue(
                    distribution.Value.Sum(entry => entry.Value * entry.Value * entry.Probability), null,
                    distribution.Source)
                : null,
            Distribution = exact.Distribution is { } values
                ? [.. values.Value.Select(entry =>
                    (entry.Value, new ReferenceValue(entry.Probability, null, values.Source)))]
                : null,
            Correlation = exact.Correlation is { } correlation
                ? [.. correlation.Value.Select(value => new ReferenceValue(value, null, correlation.Source))]
                : null,
        };
        return known.Distribution is null ? known.CompletedBySimulation(target, threads, context) : known;
    }

    private Truth CompletedBySimulation(Target target, int threads, JobContext context)
    {
        long sweeps = Math.Min(MostSweeps, MostSiteUpdates / target.Sites);
        if (sweeps < FewestSweeps || target.Schedule.At(1).Bond < 0)
            return this;
        const string stage = "reference";
        int perChain = (int)(sweeps / Chains);
        string source =
            string.Create(CultureInfo.InvariantCulture, $"Swendsen–Wang, {perChain * Chains:N0} sweeps");
        context.Progress.Report(stage, 0, 1, source);
        var averages = SwendsenWangReference.Run(target, new ReferenceRunOptions
        {
            SweepsPerChain = perChain,
            ThermalisationSweeps = perChain / 10,
            Chains = Chains,
            BinsPerChain = BinsPerChain,
            Threads = threads,
        }, context.Cancellation);
        context.Progress.Report(stage, 1, 1, source);
        ReferenceValue Estimated(ReferenceEstimate value) => new(value.Value, value.StandardError, source);
        return this with
        {
            EnergyPerSite = EnergyPerSite ?? Estimated(averages.EnergyPerSite),
            SpecificHeat = SpecificHeat ?? Estimated(averages.SpecificHeat),
            AbsMagnetisation = AbsMagnetisation ?? Estimated(averages.OrderParameter),
            MagnetisationSquared = MagnetisationSquared ?? Estimated(averages.SecondMoment),
            BinderCumulant = BinderCumulant
                ?? (target is IsingTarget ? Estimated(averages.BinderCumulant) : null),
            Distribution =
                [.. averages.Distribution.Select(entry => (entry.Value, Estimated(entry.Probability)))],
            Correlation = Correlation ?? [.. averages.Correlation.Select(Estimated)],
        };
    }

    private static ReferenceValue? Known(Sourced<double>? value) =>
        value is null ? null : new ReferenceValue(value.Value, null, value.Source);
}
