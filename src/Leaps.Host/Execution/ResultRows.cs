using System.Globalization;
using Leaps.Host.Configuration;
using Leaps.Host.Report;
using Leaps.Host.Terminal;
using Leaps.Model.Targets;

namespace Leaps.Host.Execution;

/// <summary>The names under which <see cref="SamplingResult.References"/> holds its values.</summary>
internal static class ReferenceNames
{
    public const string LogZ = "logZ", EnergyPerSite = "energyPerSite", SpecificHeat = "specificHeat";
    public const string AbsMagnetisation = "absMagnetisation", MagnetisationSquared = "magnetisationSquared";
    public const string BinderCumulant = "binderCumulant";
}

/// <summary>The estimates of a result as the rows of a table, for the terminal and for the report.</summary>
internal static class ResultRows
{
    public static string OrderParameter(Target target) =>
        target is IsingTarget ? "absolute magnetisation" : "order parameter";

    public static IEnumerable<Estimate> Of(SamplingResult result)
    {
        bool potts = result.Target == "potts";
        string m = potts ? "order parameter" : "absolute magnetisation";
        double sites = result.Lattice[0] * (double)result.Lattice[1];
        var logZ = result.References.GetValueOrDefault(ReferenceNames.LogZ);
        yield return Row("log partition function", "log Z", result.LogZ, result.LogZStdErr, logZ);
        yield return Row("free energy per site", "F/N", result.FreeEnergyPerSite,
            result.FreeEnergyPerSiteStdErr,
            logZ is null ? null : logZ with { Value = -logZ.Value / sites });
        yield return Row("energy per site", "E/N", result.EnergyPerSite, result.EnergyPerSiteStdErr,
            result.References.GetValueOrDefault(ReferenceNames.EnergyPerSite));
        yield return Row("specific heat per site", "C_V", result.SpecificHeat, result.SpecificHeatStdErr,
            result.References.GetValueOrDefault(ReferenceNames.SpecificHeat));
        yield return Row(m, potts ? "⟨m⟩" : "⟨|m|⟩", result.AbsMagnetisation, result.AbsMagnetisationStdErr,
            result.References.GetValueOrDefault(ReferenceNames.AbsMagnetisation));
        yield return Row(potts ? "mean square order parameter" : "mean square magnetisation", "⟨m^2⟩",
            result.MagnetisationSquared, result.MagnetisationSquaredStdErr,
            result.References.GetValueOrDefault(ReferenceNames.MagnetisationSquared));
        if (result.BinderCumulant is { } binder)
            yield return Row("Binder cumulant", "U_4", binder, result.BinderCumulantStdErr ?? double.NaN,
                result.References.GetValueOrDefault(ReferenceNames.BinderCumulant));
    }

    /// <summary>For the terminal.</summary>
    public static IReadOnlyList<EstimateRow> Table(SamplingResult result) => [.. Of(result).Select(row =>
        new EstimateRow(row.Symbol == "log Z" ? "log Z" : row.Name, row.Value, row.StdErr, row.Exact,
            row.ExactStdErr)
        { Source = row.ExactSource })];

    /// <summary>The cost of the sampling, in a line.</summary>
    public static string Cost(SamplingResult result)
    {
        var culture = CultureInfo.InvariantCulture;
        string replicas =
            result.Replicas > 1 ? string.Create(culture, $"{result.Replicas:N0} replicas of ") : "";
        string resamplings =
            result.Resamplings == 0 ? "no resampling" : Count(result.Resamplings, "resampling");
        string integrator = $"{Choice.NameOf(result.Integrator)} integrator, ";
        string evaluations =
            string.Create(culture, $"; {result.EvaluationsPerWalker:F1} evaluations a walker");
        if (result.EvaluationsPerWalker == 0)
            integrator = evaluations = ""; // no network: nothing is integrated
        return string.Create(culture, $"relative ESS {result.RelativeEss:F3}; {replicas}")
            + $"{Count(result.Walkers, "walker")}, {Count(result.Windows, "window")}, "
            + $"{integrator}{resamplings}{evaluations}; "
            + string.Create(culture, $"{result.Seconds:F2} s ({result.WalkerStepsPerSecond:N0} ")
            + "walker steps/s)";
    }

    private static string Count(int count, string noun) =>
        string.Create(CultureInfo.InvariantCulture, $"{count:N0} {noun}{(count == 1 ? "" : "s")}");

    /// <summary>A training, in a line.</summary>
    public static string Training(TrainingResult result)
    {
        var culture = CultureInfo.InvariantCulture;
        string line = string.Create(culture, $"trained {result.Updates:N0} updates in {result.Seconds:F1} s ")
            + $"({LineProgress.Rate(result.UpdatesPerSecond)} updates/s)";
        return result.BestRelativeEss is { } best
            ? line
                + string.Create(culture, $"; best relative ESS {best:F3} after update {result.BestUpdate:N0}")
            : line;
    }

    private static Estimate Row(
        string name, string symbol, double value, double stdErr, ReferenceValue? reference) =>
        new(name, symbol, value, stdErr, reference?.Value, reference?.StdErr, reference?.Source);
}
