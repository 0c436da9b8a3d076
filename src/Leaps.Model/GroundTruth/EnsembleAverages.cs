namespace Leaps.Model.GroundTruth;

/// <summary>
/// Exact averages in ρ_t. The order parameter m is Σ_i s_i / N for Ising and (q max_v n_v / N - 1) / (q - 1)
/// for Potts, n_v sites having value v.
/// </summary>
public sealed record EnsembleAverages
{
    /// <summary>log Z_t, Z_t = Σ_x exp(-U_t(x)).</summary>
    public required double LogNormalizer { get; init; }

    /// <summary>-⟨bonds⟩ / N, the interaction energy in units of J; the field's part is not in it.</summary>
    public required double EnergyPerSite { get; init; }

    /// <summary>Var(U_t) / N, in units of k_B; without a field (βJ)² Var(bonds) / N.</summary>
    public required double SpecificHeat { get; init; }

    /// <summary>⟨m⟩ with its sign (Ising), or the same as <see cref="OrderParameter"/> (Potts).</summary>
    public required double SignedOrderParameter { get; init; }

    /// <summary>⟨|m|⟩.</summary>
    public required double OrderParameter { get; init; }

    /// <summary>⟨m²⟩.</summary>
    public required double SecondMoment { get; init; }

    /// <summary>⟨m⁴⟩.</summary>
    public required double FourthMoment { get; init; }

    /// <summary>Binder's cumulant U_4 = 1 - ⟨m⁴⟩ / (3 ⟨m²⟩²).</summary>
    public double BinderCumulant => 1 - FourthMoment / (3 * SecondMoment * SecondMoment);

    /// <summary>Values of m that some state has, ascending, and their probabilities.</summary>
    public required IReadOnlyList<(double Value, double Probability)> Distribution { get; init; }

    /// <summary>
    /// Correlation along a row at distance r = 0 … columns/2: ⟨s_i s_{i+r}⟩ for Ising,
    /// (q P(x_i = x_{i+r}) - 1) / (q - 1) for Potts. The mean order parameter is not subtracted.
    /// </summary>
    public required double[] Correlation { get; init; }
}
