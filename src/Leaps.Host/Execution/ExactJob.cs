using Leaps.Host.Commands;
using Leaps.Host.Terminal;

namespace Leaps.Host.Execution;

/// <summary>
/// What `leaps exact --json` prints. A standard error beside a value says that it is not exact.
/// </summary>
public sealed record ExactResult
{
    public required string Target { get; init; }

    /// <summary>[rows, columns]</summary>
    public required int[] Lattice { get; init; }
    public required int States { get; init; }

    /// <summary>log Σ_x e^{-U_1(x)}.</summary>
    public double? LogZ { get; init; }
    public string? LogZSource { get; init; }
    public double? FreeEnergyPerSite { get; init; }
    public double? EnergyPerSite { get; init; }
    public double? EnergyPerSiteStdErr { get; init; }
    public string? EnergyPerSiteSource { get; init; }
    public double? SpecificHeat { get; init; }
    public double? SpecificHeatStdErr { get; init; }
    public string? SpecificHeatSource { get; init; }
    public double? AbsMagnetisation { get; init; }
    public double? AbsMagnetisationStdErr { get; init; }
    public string? AbsMagnetisationSource { get; init; }
    public double? BinderCumulant { get; init; }
    public double? BinderCumulantStdErr { get; init; }
    public string? BinderCumulantSource { get; init; }
}

/// <summary>leaps exact: what is known about a target, each value with its source.</summary>
internal static class ExactJob
{
    public static JobResult Run(ExactRequest request, JobContext context)
    {
        var target = request.Target ?? ModelSource.Open(request.Model!).RequireTarget();
        var truth = Truth.Of(target, threads: 0, context);
        var result = new ExactResult
        {
            Target = target.Name,
            Lattice = [target.Lattice.Rows, target.Lattice.Columns],
            States = target.States,
            LogZ = truth.LogZ?.Value,
            LogZSource = truth.LogZ?.Source,
            FreeEnergyPerSite = -truth.LogZ?.Value / target.Sites,
            EnergyPerSite = truth.EnergyPerSite?.Value,
            EnergyPerSiteStdErr = truth.EnergyPerSite?.StdErr,
            EnergyPerSiteSource = truth.EnergyPerSite?.Source,
            SpecificHeat = truth.SpecificHeat?.Value,
            SpecificHeatStdErr = truth.SpecificHeat?.StdErr,
            SpecificHeatSource = truth.SpecificHeat?.Source,
            AbsMagnetisation = truth.AbsMagnetisation?.Value,
            AbsMagnetisationStdErr = truth.AbsMagnetisation?.StdErr,
            AbsMagnetisationSource = truth.AbsMagnetisation?.Source,
            BinderCumulant = truth.BinderCumulant?.Value,
            BinderCumulantStdErr = truth.BinderCumulant?.StdErr,
            BinderCumulantSource = truth.BinderCumulant?.Source,
        };
        (string Name, ReferenceValue? Value)[] values =
        [
            ("log Z", truth.LogZ), ("energy per site", truth.EnergyPerSite),
            ("specific heat per site", truth.SpecificHeat),
            (ResultRows.OrderParameter(target), truth.AbsMagnetisation),
            ("Binder cumulant", truth.BinderCumulant),
        ];
        List<string> lines = [$"{TargetDescription.Title(target)}: {TargetDescription.Subtitle(target)}"];
        if (truth.LogZ is null)
            lines.Add("no exact log Z is known for this target");
        if (values.Any(entry => entry.Value?.StdErr is not null))
            lines.Add("values with ± are not exact: they come from a simulation");
        return new JobResult(result, [.. values.Where(entry => entry.Value is not null).Select(entry =>
            new EstimateRow(entry.Name, entry.Value!.Value, entry.Value.StdErr)
            {
                Source = entry.Value.Source,
                Digits = 13,
            })], lines);
    }
}
