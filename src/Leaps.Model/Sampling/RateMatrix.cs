using Leaps.Model.Targets;

namespace Leaps.Model.Sampling;

/// <summary>The rates out of one state and into it, each summed over all jumps.</summary>
/// <param name="Outgoing">λ_f = Σ relu(G).</param>
/// <param name="Incoming">λ_b = Σ relu(-G) e^{-ΔU}: inflow, relative to the density here.</param>
public readonly record struct TotalRates(double Outgoing, double Incoming)
{
    /// <summary>λ_f - λ_b, the network's part of K.</summary>
    public double Corrector => Outgoing - Incoming;
}

/// <summary>
/// The rate matrix that the signed outputs G of a locally equivariant network stand for, for one walker:
/// <code>
/// Q_t(x → x^{i→v}) = relu(G_t(x; i→v))        Q_t(x^{i→v} → x) = relu(-G_t(x; i→v))
/// K_t(x) = -∂_t U_t(x) + Σ_{i,v} [ relu(G) - relu(-G) e^{-ΔU_t(x; i→v)} ]
/// </code>
/// ∫ K dt is the walker's log-weight. Source: Holderrieth, Albergo, Jaakkola, "LEAPS", ICML 2025.
/// </summary>
/// <remarks>
/// Sums run in double in the order of the outputs, so that a walker's weight does not depend on its device's
/// vector width or on its batch. Nothing is allocated.
/// </remarks>
public static class RateMatrix
{
    /// <summary>e^{-ΔU_t} of every level of the target at time t.</summary>
    /// <param name="target">gives the levels</param>
    /// <param name="t">annealing time</param>
    /// <param name="factors">(levels)</param>
    public static void BoltzmannFactors(Target target, double t, Span<double> factors)
    {
        target.LevelEnergyDifferences(t, factors);
        foreach (ref double factor in factors[..target.Levels])
            factor = Math.Exp(-factor);
    }

    /// <summary>λ_f and λ_b.</summary>
    /// <param name="outputs">G, (outputs per site, sites)</param>
    /// <param name="levels">of <see cref="Target.LocalLevels"/>, (outputs per site, sites)</param>
    /// <param name="factors">of <see cref="BoltzmannFactors"/>, (levels)</param>
    public static TotalRates Totals(
        ReadOnlySpan<float> outputs, ReadOnlySpan<byte> levels, ReadOnlySpan<double> factors)
    {
        double outgoing = 0, incoming = 0;
        for (int o = 0; o < outputs.Length; o++)
        {
            double g = outputs[o];
            if (g < 0)
                incoming -= g * factors[levels[o]];
            else
                outgoing += g;      // a NaN lands here, and shows
        }
        return new TotalRates(outgoing, incoming);
    }

    /// <inheritdoc cref="Totals(ReadOnlySpan{float}, ReadOnlySpan{byte}, ReadOnlySpan{double})"/>
    public static TotalRates Totals(
        ReadOnlySpan<double> outputs, ReadOnlySpan<byte> levels, ReadOnlySpan<double> factors)
    {
        double outgoing = 0, incoming = 0;
        for (int o = 0; o < outputs.Length; o++)
        {
            double g = outputs[o];
            if (g < 0)
                incoming -= g * factors[levels[o]];
            else
                outgoing += g;
        }
        return new TotalRates(outgoing, incoming);
    }

    /// <summary>K_t(x) = -∂_t U_t(x) + λ_f - λ_b: the log-weight gained per annealing time.</summary>
    /// <param name="energyTimeDerivative">∂_t U_t(x), of <see cref="Target.EnergyTimeDerivative"/></param>
    /// <param name="rates">λ_f and λ_b</param>
    public static double LogWeightRate(double energyTimeDerivative, TotalRates rates) =>
        -energyTimeDerivative + rates.Corrector;

    /// <summary>scale · dK/dG: dK/dG is 1 where G &gt; 0, e^{-ΔU} where G &lt; 0, and 0 at G = 0.</summary>
    /// <param name="outputs">G, (outputs per site, sites)</param>
    /// <param name="levels">(outputs per site, sites)</param>
    /// <param name="factors">e^{-ΔU}, (levels)</param>
    /// <param name="scale">factor of the whole, dL/dK in a loss L</param>
    /// <param name="gradient">(outputs per site, sites); overwritten</param>
    public static void LogWeightRateGradient(ReadOnlySpan<float> outputs, ReadOnlySpan<byte> levels,
        ReadOnlySpan<double> factors, double scale, Span<float> gradient)
    {
        for (int o = 0; o < outputs.Length; o++)
            gradient[o] = (float)(scale * Slope(outputs[o], factors[levels[o]]));
    }

    /// <summary>scale · dK/dG, in double.</summary>
    public static void LogWeightRateGradient(ReadOnlySpan<double> outputs, ReadOnlySpan<byte> levels,
        ReadOnlySpan<double> factors, double scale, Span<double> gradient)
    {
        for (int o = 0; o < outputs.Length; o++)
            gradient[o] = scale * Slope(outputs[o], factors[levels[o]]);
    }

    private static double Slope(double g, double factor) => g > 0 ? 1 : g < 0 ? factor : 0;
}
