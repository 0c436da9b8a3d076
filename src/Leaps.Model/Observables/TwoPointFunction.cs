using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Model.Observables;

/// <summary>
/// ⟨s_i s_{i+r}⟩ (Ising) or (q P(x_i = x_{i+r}) - 1)/(q - 1) (Potts) for every displacement r = (Δy, Δx) with
/// 0 ≤ Δy ≤ rows/2, 0 ≤ Δx ≤ columns/2, averaged over sites and over the mirror image (Δy, -Δx).
/// </summary>
internal static class TwoPointFunction
{
    // Beyond it the double sum over sites costs more than the sampling.
    private const int MaxSites = 4096;

    /// <returns>(rows/2 + 1)(columns/2 + 1), or null for lattices above 4096 sites</returns>
    public static Estimate[][]? Of(Target target, Walkers walkers, FamilyBlocking blocking)
    {
        if (target.Sites > MaxSites) return null;
        int rows = target.Lattice.Rows / 2 + 1, columns = target.Lattice.Columns / 2 + 1;
        var pairs = new EqualPairs(target.Lattice, rows - 1);
        var equal = new int[columns][];     // twice Σ_i δ(x_i, x_{i+r}) of a row of displacements, (walkers)
        for (int dx = 0; dx < columns; dx++)
            equal[dx] = new int[walkers.Count];
        var values = new double[walkers.Count];
        var function = new Estimate[rows][];
        for (int dy = 0; dy < rows; dy++)
        {
            for (int m = 0; m < walkers.Count; m++)
            {
                pairs.Load(walkers.State(m));
                for (int dx = 0; dx < columns; dx++)
                    equal[dx][m] = pairs.Count(dy, dx) + pairs.CountMirrored(dy, dx);
            }
            function[dy] = new Estimate[columns];
            for (int dx = 0; dx < columns; dx++)
            {
                for (int m = 0; m < values.Length; m++)
                    values[m] = (target.States * (equal[dx][m] / (2.0 * target.Sites)) - 1)
                        / (target.States - 1);
                function[dy][dx] = blocking.Mean(values);
            }
        }
        return function;
    }
}
