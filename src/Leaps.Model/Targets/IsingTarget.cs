namespace Leaps.Model.Targets;

/// <summary>
/// The Ising model on the periodic square lattice:
/// U_t(x) = β_t [ -J_t Σ_&lt;ij&gt; s_i s_j - h_t Σ_i s_i ], with s_i = 2 x_i - 1, x_i in {0, 1}.
/// </summary>
public sealed class IsingTarget(Lattice lattice, CouplingSchedule schedule)
    : Target(lattice, states: 2, outputsPerSite: 1, schedule)
{
    public override string Name => "ising";

    public override (int Bonds, int Field) Statistics(ReadOnlySpan<byte> state)
    {
        int[] right = Lattice.Right, down = Lattice.Down;
        int bonds = 0, field = 0;
        for (int i = 0; i < state.Length; i++)
        {
            int spin = 2 * state[i] - 1;
            bonds += spin * (2 * (state[right[i]] + state[down[i]]) - 2);
            field += spin;
        }
        return (bonds, field);
    }

    /// <summary>Level = 5 x_i + number of up neighbours.</summary>
    public override int Levels => 10;

    public override void LocalLevels(ReadOnlySpan<byte> state, Span<byte> levels)
    {
        int[] right = Lattice.Right, down = Lattice.Down, left = Lattice.Left, up = Lattice.Up;
        for (int i = 0; i < state.Length; i++)
        {
            int upNeighbours = state[right[i]] + state[down[i]] + state[left[i]] + state[up[i]];
            levels[i] = (byte)(5 * state[i] + upNeighbours);
        }
    }

    // ΔU_t = 2 s_i (β_t J_t Σ_j s_j + β_t h_t)
    public override void LevelEnergyDifferences(double t, Span<double> table)
    {
        var c = Schedule.At(t);
        for (int level = 0; level < 10; level++)
            table[level] = 2 * (2 * (level / 5) - 1) * (c.Bond * (2 * (level % 5) - 4) + c.Site);
    }

    public override byte Successor(byte current, int output) => (byte)(1 - current);
}
