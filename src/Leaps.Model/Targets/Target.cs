namespace Leaps.Model.Targets;

/// <summary>
/// A path of densities ρ_t(x) ∝ exp(-U_t(x)) on states of <see cref="Sites"/> sites with values {0 … q-1},
/// uniform at t = 0. Energies are dimensionless and linear in two integer statistics of the state:
/// U_t(x) = -β_t (J_t · bonds(x) + h_t · field(x)).
/// </summary>
/// <remarks>
/// A jump changes one site. Jumps are numbered like the outputs of a network, (outputs per site, sites):
/// one a site for Ising (the flip), q a site for Potts (the value taken; the present value is a null jump).
/// </remarks>
public abstract class Target
{
    protected Target(Lattice lattice, int states, int outputsPerSite, CouplingSchedule schedule)
    {
        Lattice = lattice;
        States = states;
        OutputsPerSite = outputsPerSite;
        Schedule = schedule;
        var start = schedule.At(0);
        if (start.Bond != 0 || start.Site != 0)
            throw new LeapsException(
                $"The density at t = 0 must be uniform, but the schedule starts with βJ = {start.Bond} "
                + $"and βh = {start.Site}: let J, h or β start at 0.");
    }

    /// <summary>"ising" or "potts".</summary>
    public abstract string Name { get; }

    public Lattice Lattice { get; }
    public CouplingSchedule Schedule { get; }

    /// <summary>q, the number of values a site can take.</summary>
    public int States { get; }
    public int Sites => Lattice.Sites;
    public int OutputsPerSite { get; }
    public int Outputs => OutputsPerSite * Sites;

    /// <summary>log Z_0 = d log q: ρ_0 is uniform.</summary>
    public double LogInitialNormalizer => Sites * Math.Log(States);

    /// <summary>
    /// Bonds: Σ_&lt;ij&gt; s_i s_j (Ising) or Σ_&lt;ij&gt; δ(x_i, x_j) (Potts). Field: Σ_i s_i (Ising) or 0.
    /// </summary>
    /// <param name="state">(sites)</param>
    public abstract (int Bonds, int Field) Statistics(ReadOnlySpan<byte> state);

    /// <summary>How many distinct values ΔU_t can take: the length of the table of a time.</summary>
    public abstract int Levels { get; }

    /// <summary>
    /// For every jump the index of its ΔU_t in the table of <see cref="LevelEnergyDifferences"/>.
    /// </summary>
    /// <param name="state">(sites)</param>
    /// <param name="levels">(outputs per site, sites)</param>
    public abstract void LocalLevels(ReadOnlySpan<byte> state, Span<byte> levels);

    /// <summary>The values of ΔU_t, (levels).</summary>
    public abstract void LevelEnergyDifferences(double t, Span<double> table);

    /// <summary>
    /// The value that a site with value <paramref name="current"/> takes in the jump numbered
    /// <paramref name="output"/> of its site.
    /// </summary>
    public abstract byte Successor(byte current, int output);

    /// <summary>U_t(x).</summary>
    public double Energy(ReadOnlySpan<byte> state, double t)
    {
        var (bonds, field) = Statistics(state);
        var c = Schedule.At(t);
        return -(c.Bond * bonds + c.Site * field);
    }

    /// <summary>∂_t U_t(x), analytic.</summary>
    public double EnergyTimeDerivative(ReadOnlySpan<byte> state, double t)
    {
        var (bonds, field) = Statistics(state);
        var c = Schedule.At(t);
        return -(c.BondDerivative * bonds + c.SiteDerivative * field);
    }

    /// <summary>ΔU_t(x; i→v) for every jump; zero for null jumps.</summary>
    /// <param name="state">(sites)</param>
    /// <param name="t">annealing time</param>
    /// <param name="differences">(outputs per site, sites)</param>
    public void EnergyDifferences(ReadOnlySpan<byte> state, double t, Span<double> differences)
    {
        Span<double> table = stackalloc double[Levels];
        LevelEnergyDifferences(t, table);
        var levels = new byte[Outputs];
        LocalLevels(state, levels);
        for (int o = 0; o < levels.Length; o++)
            differences[o] = table[levels[o]];
    }
}
