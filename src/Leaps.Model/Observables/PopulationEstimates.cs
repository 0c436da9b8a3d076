namespace Leaps.Model.Observables;

/// <summary>
/// What a weighted population says about ρ_1, every value with a standard error from families.
/// </summary>
public sealed record PopulationEstimates
{
    /// <summary>log Σ_x e^{-U_1(x)}.</summary>
    public required Estimate LogZ { get; init; }

    /// <summary>-log Z / sites.</summary>
    public required Estimate FreeEnergyPerSite { get; init; }
    public required double RelativeEss { get; init; }

    /// <summary>ρ_t = M Σ_f W_f².</summary>
    public required double FamilyStatistic { get; init; }
    public required int SurvivingFamilies { get; init; }

    /// <summary>-⟨bonds⟩ / sites, in units of J.</summary>
    public required Estimate EnergyPerSite { get; init; }

    /// <summary>Var(U_1) / sites.</summary>
    public required Estimate SpecificHeat { get; init; }

    /// <summary>
    /// ⟨|Σ s_i|⟩ / sites (Ising) or the mean order parameter (q max_v n_v / N - 1)/(q - 1) (Potts).
    /// </summary>
    public required Estimate AbsMagnetisation { get; init; }
    public required Estimate MagnetisationSquared { get; init; }

    /// <summary>1 - ⟨m⁴⟩ / (3⟨m²⟩²), Ising; null for Potts.</summary>
    public required Estimate? BinderCumulant { get; init; }

    /// <summary>
    /// Edges of the bins of m (Ising, -1 … 1) or of the order parameter (Potts, 0 … 1), (bins + 1), from
    /// <see cref="MagnetisationBins"/>: the outermost lie half a spacing of m beyond the outermost values.
    /// </summary>
    public required double[] HistogramEdges { get; init; }

    /// <summary>Probability density in each bin, (bins); the error of an empty bin is NaN.</summary>
    public required Estimate[] Histogram { get; init; }

    /// <summary>⟨s_i s_{i+r}⟩, or (q P(x_i = x_{i+r}) - 1)/(q - 1), along a row, r = 0 … columns/2.</summary>
    public required Estimate[] Correlation { get; init; }

    /// <summary>
    /// The two-point function at displacement (Δy, Δx), (rows/2 + 1)(columns/2 + 1), its first row being
    /// <see cref="Correlation"/>; null for lattices above 4096 sites.
    /// </summary>
    public required Estimate[][]? TwoPoint { get; init; }
}
