using System.Globalization;
using Leaps.Model.Observables;
using Leaps.Model.Sampling;

namespace Leaps.Host.Execution;

/// <summary>What a reader must know before trusting the numbers of a sampling.</summary>
internal static class SamplingWarnings
{
    private const int FewFamilies = 20;
    private const double LargeFamilies = 0.05;
    private const double SmallRelativeEss = 0.05;

    public static IEnumerable<string> Of(AnnealerOptions options, int walkers, PopulationEstimates estimates)
    {
        var culture = CultureInfo.InvariantCulture;
        if (options.Integrator == IntegratorKind.Euler)
            yield return "The euler integrator is biased: its estimates have an error that more walkers do "
                + "not cure and that no error bar shows. Use more windows, or the exact integrator.";
        bool resampled = estimates.SurvivingFamilies < walkers;
        if (estimates.SurvivingFamilies < FewFamilies
            || (resampled && estimates.FamilyStatistic / walkers > LargeFamilies))
            yield return string.Create(culture,
                $"Too few families: {estimates.SurvivingFamilies:N0} of {walkers:N0} are left, ρ/M = ")
                + string.Create(culture, $"{estimates.FamilyStatistic / walkers:F3}. ")
                + "The error bars cannot be trusted. Use more walkers, or resample less often.";
        if (estimates.RelativeEss < SmallRelativeEss)
            yield return string.Create(culture, $"The relative ESS is {estimates.RelativeEss:G2}: ")
                + "few walkers hold most of the weight, and the error bars cannot be trusted. Train longer, "
                + "use more windows or MCMC between them, or resample.";
    }
}
