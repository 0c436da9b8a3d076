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
        var lattice = target.Lattice;
        var values = new double[walkers.Count];
        var function = new Estimate[lattice.Rows / 2 + 1][];
        for (int dy = 0; dy < function.Length; dy++)
        {
            function[dy] = new Estimate[lattice.Columns / 2 + 1];
            for (int dx = 0; dx < function[dy].Length; dx++)
            {
                for (int m = 0; m < values.Length; m++)
                {
                    int equal = EqualPairs(lattice, walkers.State(m), dy, dx)
                        + EqualPairs(lattice, walkers.State(m), dy, (lattice.Columns - dx) % lattice.Columns);
                    values[m] = (target.States * (equal / (2.0 * target.Sites)) - 1) / (target.States - 1);
                }
                function[dy][dx] = blocking.Mean(values);
            }
        }
        return function;
    }

    // Σ_i δ(x_i, x_{i+(dy, dx)}): each row against the shifted row below it, in two pieces.
    private static int EqualPairs(Lattice lattice, ReadOnlySpan<byte> state, int dy, int dx)
    {
        int columns = lattice.Columns, different = 0;
        for (int y = 0; y < lattice.Rows; y++)
        {
            var row = state.Slice(y * columns, columns);
            var other = state.Slice((y + dy) % lattice.Rows * columns, columns);
            different += Differences(row[..(columns - dx)], other[dx..]) + Differences(row[(columns - dx)..], other[..dx]);
        }
        return lattice.Sites - different;
    }

    private static int Differences(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        int count = 0;
        for (int i = 0; i < left.Length; i++)
            count += left[i] == right[i] ? 0 : 1;
        return count;
    }
}
