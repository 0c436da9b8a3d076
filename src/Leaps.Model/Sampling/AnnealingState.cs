using Leaps.Model.Targets;

namespace Leaps.Model.Sampling;

/// <summary>Where a run of Algorithm 1 stands: everything that the next window needs.</summary>
public sealed class AnnealingState(Walkers walkers)
{
    public Walkers Walkers { get; } = walkers;

    /// <summary>Index of the next window.</summary>
    public int Window { get; set; }

    /// <summary>log(Z_t / Z_0) gathered at resamplings; the walkers' weights hold the rest.</summary>
    public double LogNormalizerRatio { get; set; }
    public int Resamplings { get; set; }
    public IntegrationCost Cost { get; set; }
}

/// <summary>What one window brought.</summary>
/// <param name="Window">the window</param>
/// <param name="RelativeEss">at the window's end, before any resampling</param>
/// <param name="LogZ">log Σ_x e^{-U_t(x)} at the window's end</param>
/// <param name="LogZStdErr">its standard error, from families</param>
/// <param name="Resampled">whether the walkers were resampled at the window's end</param>
/// <param name="Cost">of this window</param>
public sealed record WindowSummary(
    TimeWindow Window, double RelativeEss, double LogZ, double LogZStdErr, bool Resampled,
    IntegrationCost Cost)
{
    /// <param name="window">the window that ended</param>
    /// <param name="target">gives log Z_0</param>
    /// <param name="logNormalizerRatio">log(Z_t / Z_0) gathered at the resamplings before</param>
    /// <param name="groups">(groups), the whole population in group order</param>
    /// <param name="multinomialResamplings">before this window; 0 with the other schemes</param>
    /// <param name="resampled">whether the walkers are resampled now</param>
    /// <param name="cost">of the window</param>
    /// <exception cref="LeapsException">Every weight is zero.</exception>
    public static WindowSummary Of(TimeWindow window, Target target, double logNormalizerRatio,
        ReadOnlySpan<GroupStatistics> groups, int multinomialResamplings, bool resampled,
        IntegrationCost cost)
    {
        var weight = PopulationWeight.Of(groups);
        double logZ = target.LogInitialNormalizer + logNormalizerRatio + weight.LogMeanExp;
        double variance = Families.LogZVariance(groups, multinomialResamplings);
        return new WindowSummary(window, weight.RelativeEss, logZ, Math.Sqrt(variance), resampled, cost);
    }
}
