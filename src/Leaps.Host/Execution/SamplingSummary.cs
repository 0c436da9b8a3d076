using System.Globalization;
using System.Reflection;
using Leaps.Host.Commands;
using Leaps.Host.Report;
using Leaps.Model.Devices;
using Leaps.Model.Observables;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Host.Execution;

/// <summary>An outcome and the truth about its target → the result that is printed and kept.</summary>
internal static class SamplingSummary
{
    /// <summary>The kind of device of a sampling without a network.</summary>
    public const string NoNetworkDevice = "cpu";

    public static SamplingResult Of(SamplingOutcome outcome, Truth truth, RateNetwork? network,
        AnnealerOptions options, IEnumerable<string> warnings, JobContext context)
    {
        var (target, ensemble, estimates) = (outcome.Target, outcome.Ensemble, outcome.Estimates);
        int replicas = ensemble.ReplicaLogZ.Length, walkers = outcome.Walkers.Count;
        double scatter = ensemble.LogZScatter;
        return new SamplingResult
        {
            LogZ = estimates.LogZ.Value,
            LogZStdErr = estimates.LogZ.StdErr,
            LogZReplicaStdErr = double.IsFinite(scatter) ? scatter : null,
            LogZExact = truth.LogZ?.Exact,
            RelativeEss = estimates.RelativeEss,
            FreeEnergyPerSite = estimates.FreeEnergyPerSite.Value,
            FreeEnergyPerSiteStdErr = estimates.FreeEnergyPerSite.StdErr,
            EnergyPerSite = estimates.EnergyPerSite.Value,
            EnergyPerSiteStdErr = estimates.EnergyPerSite.StdErr,
            EnergyPerSiteExact = truth.EnergyPerSite?.Exact,
            SpecificHeat = estimates.SpecificHeat.Value,
            SpecificHeatStdErr = estimates.SpecificHeat.StdErr,
            SpecificHeatExact = truth.SpecificHeat?.Exact,
            AbsMagnetisation = estimates.AbsMagnetisation.Value,
            AbsMagnetisationStdErr = estimates.AbsMagnetisation.StdErr,
            AbsMagnetisationExact = truth.AbsMagnetisation?.Exact,
            MagnetisationSquared = estimates.MagnetisationSquared.Value,
            MagnetisationSquaredStdErr = estimates.MagnetisationSquared.StdErr,
            MagnetisationSquaredExact = truth.MagnetisationSquared?.Exact,
            BinderCumulant = estimates.BinderCumulant?.Value,
            BinderCumulantStdErr = estimates.BinderCumulant?.StdErr,
            BinderCumulantExact = truth.BinderCumulant?.Exact,
            Walkers = options.Walkers,
            Windows = ensemble.Windows.Length,
            Replicas = replicas,
            Integrator = options.Integrator,
            EvaluationsPerWalker = (double)ensemble.Cost.Evaluations / walkers,
            JumpsPerWalker = (double)ensemble.Cost.Jumps / walkers,
            Resamplings = ensemble.Resamplings.Sum(),
            ResamplingThreshold = outcome.Threshold,
            FamilyStatistic = estimates.FamilyStatistic,
            SurvivingFamilies = estimates.SurvivingFamilies,
            Seconds = outcome.Seconds,
            WalkerStepsPerSecond = outcome.WalkerSteps / Math.Max(outcome.Seconds, 1e-9),
            Target = target.Name,
            Lattice = [target.Lattice.Rows, target.Lattice.Columns],
            States = target.States,
            Seed = options.Seed,
            Threads = options.Threads > 0 ? options.Threads : Environment.ProcessorCount,
            DeviceKind = network?.DeviceKind ?? NoNetworkDevice,
            Network = TargetDescription.Network(network?.Architecture),
            Warnings = [.. warnings, .. SamplingWarnings.Of(options, walkers, estimates)],
            References = References(truth),
            MagnetisationHistogram = Histogram(target, estimates, truth),
            Correlation = Correlation(estimates, truth),
            TwoPoint = estimates.TwoPoint is { } twoPoint
                ? new TwoPointResult(
                    [.. twoPoint.Select(row => row.Select(g => g.Value).ToArray())],
                    [.. twoPoint.Select(row => row.Select(g => g.StdErr).ToArray())])
                : null,
            Created =
                context.Clock.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
            Version = Version,
            Command = context.CommandLine,
        };
    }

    private static string Version => typeof(SamplingSummary).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    private static SortedDictionary<string, ReferenceValue> References(Truth truth)
    {
        var references = new SortedDictionary<string, ReferenceValue>(StringComparer.Ordinal);
        Add(ReferenceNames.LogZ, truth.LogZ);
        Add(ReferenceNames.EnergyPerSite, truth.EnergyPerSite);
        Add(ReferenceNames.SpecificHeat, truth.SpecificHeat);
        Add(ReferenceNames.AbsMagnetisation, truth.AbsMagnetisation);
        Add(ReferenceNames.MagnetisationSquared, truth.MagnetisationSquared);
        Add(ReferenceNames.BinderCumulant, truth.BinderCumulant);
        return references;

        void Add(string name, ReferenceValue? value)
        {
            if (value is not null)
                references.Add(name, value);
        }
    }

    private static Histogram Histogram(Target target, PopulationEstimates estimates, Truth truth)
    {
        var histogram = new Histogram
        {
            Edges = estimates.HistogramEdges,
            Density = [.. estimates.Histogram.Select(bin => bin.Value)],
            StdErr = [.. estimates.Histogram.Select(bin => bin.StdErr)],
            AxisLabel = target is IsingTarget ? "magnetisation m" : "order parameter m",
        };
        if (truth.Distribution is not { Count: > 0 } distribution)
            return histogram;
        var bins = MagnetisationBins.For(target);
        bool isExact = distribution[0].Probability.StdErr is null;
        return histogram with
        {
            Exact = bins.Density(distribution.Select(entry => (entry.Value, entry.Probability.Value))),
            ExactStdErr = isExact ? null : DensityErrors(bins, distribution),
            ExactSource = distribution[0].Probability.Source,
        };
    }

    // Errors of the values in a bin are added in squares: the density is linear in the probabilities.
    private static double[] DensityErrors(
        MagnetisationBins bins, IReadOnlyList<(double Value, ReferenceValue Probability)> distribution)
    {
        double[] scaled = bins.Density(distribution.Select(entry =>
            (entry.Value, entry.Probability.StdErr!.Value * entry.Probability.StdErr.Value)));
        return [.. scaled.Select((squares, bin) => Math.Sqrt(squares / bins.Width(bin)))];
    }

    private static CorrelationSeries Correlation(PopulationEstimates estimates, Truth truth)
    {
        var known = truth.Correlation;
        bool isExact = known?.All(value => value.StdErr is null) ?? false;
        // At distance 0 it is 1 by definition; what rounding leaves of it would look like a deviation.
        Model.Observables.Estimate[] values =
            [new(1, 0), .. estimates.Correlation.Skip(1)];
        double[]? exact = known is null ? null : [1, .. known.Skip(1).Select(value => value.Value)];
        return new CorrelationSeries
        {
            Distance = [.. Enumerable.Range(0, values.Length).Select(r => (double)r)],
            Value = [.. values.Select(value => value.Value)],
            StdErr = [.. values.Select(value => value.StdErr)],
            Exact = exact,
            ExactStdErr =
                known is null || isExact ? null : [0, .. known.Skip(1).Select(value => value.StdErr ?? 0)],
            ExactSource = known?[0].Source,
        };
    }
}
