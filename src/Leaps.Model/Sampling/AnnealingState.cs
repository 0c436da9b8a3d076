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
    IntegrationCost Cost);
