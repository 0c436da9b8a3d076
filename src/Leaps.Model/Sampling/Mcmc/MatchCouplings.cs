using Leaps.Model.Targets;

namespace Leaps.Model.Sampling.Mcmc;

/// <summary>
/// Ising and Potts in one form: U_t(x) = const - κ Σ_&lt;ij&gt; δ(x_i, x_j) - φ Σ_i δ(x_i, 1).
/// Ising: κ = 2 β_t J_t, φ = 2 β_t h_t (from s_i s_j = 2 δ - 1); Potts: κ = β_t J_t, φ = 0.
/// Given its neighbours, a site takes v with probability ∝ exp(κ n_v + φ δ(v, 1)).
/// </summary>
/// <param name="Bond">κ</param>
/// <param name="Field">φ</param>
internal readonly record struct MatchCouplings(double Bond, double Field)
{
    /// <exception cref="LeapsException">Neither Ising nor Potts.</exception>
    public static MatchCouplings Of(Target target, double time)
    {
        var c = target.Schedule.At(time);
        return target switch
        {
            IsingTarget => new MatchCouplings(2 * c.Bond, 2 * c.Site),
            PottsTarget => new MatchCouplings(c.Bond, 0),
            _ => throw new LeapsException(
                $"MCMC kernels know Ising and Potts, not '{target.Name}': set the MCMC kernel to none."),
        };
    }

    /// <summary>The same for a cluster algorithm, which needs κ ≥ 0.</summary>
    /// <exception cref="LeapsException">κ is negative: bonds between equal values can't be kept.</exception>
    public static MatchCouplings OfFerromagnet(Target target, double time, string kernel)
    {
        var couplings = Of(target, time);
        if (couplings.Bond >= 0)
            return couplings;
        double bond = target.Schedule.At(time).Bond;
        throw new LeapsException(FormattableString.Invariant(
            $"{kernel} needs βJ ≥ 0, but it is {bond} at t = {time}: use the kernel heat-bath-sweep."));
    }

    /// <summary>Neighbours of every site, (sites, 4): right, down, left, up.</summary>
    public static int[] Neighbours(Lattice lattice)
    {
        var table = new int[4 * lattice.Sites];
        for (int i = 0; i < lattice.Sites; i++)
        {
            table[4 * i] = lattice.Right[i];
            table[4 * i + 1] = lattice.Down[i];
            table[4 * i + 2] = lattice.Left[i];
            table[4 * i + 3] = lattice.Up[i];
        }
        return table;
    }
}
