namespace Leaps.Model.Targets;

/// <summary>
/// The Potts model with q states on the periodic square lattice: U_t(x) = -β_t J_t Σ_&lt;ij&gt; δ(x_i, x_j).
/// </summary>
public sealed class PottsTarget : Target
{
    public PottsTarget(Lattice lattice, int states, CouplingSchedule schedule)
        : base(lattice, states, outputsPerSite: states, schedule)
    {
        if (states is < 2 or > 64)
            throw new LeapsException($"A Potts model with {states} states is not supported: use 2 to 64.");
        if (schedule.Start.Field * schedule.Start.Moment != 0
            || schedule.End.Field * schedule.End.Moment != 0)
            throw new LeapsException("The Potts model has no field: set h to 0.");
    }

    public override string Name => "potts";

    public override (int Bonds, int Field) Statistics(ReadOnlySpan<byte> state)
    {
        int[] right = Lattice.Right, down = Lattice.Down;
        int bonds = 0;
        for (int i = 0; i < state.Length; i++)
        {
            byte value = state[i];
            if (state[right[i]] == value) bonds++;
            if (state[down[i]] == value) bonds++;
        }
        return (bonds, 0);
    }

    /// <summary>Level = 4 + n_v(i) - n_{x_i}(i), n_v = neighbours with value v.</summary>
    public override int Levels => 9;

    public override void LocalLevels(ReadOnlySpan<byte> state, Span<byte> levels)
    {
        int[] right = Lattice.Right, down = Lattice.Down, left = Lattice.Left, up = Lattice.Up;
        int sites = state.Length;
        for (int i = 0; i < sites; i++)
        {
            byte r = state[right[i]], d = state[down[i]], l = state[left[i]], u = state[up[i]];
            byte own = state[i];
            int alike = Count(own, r, d, l, u);
            for (int v = 0; v < States; v++)
                levels[v * sites + i] = (byte)(4 + Count((byte)v, r, d, l, u) - alike);
        }
    }

    // ΔU_t = -β_t J_t (n_v - n_{x_i})
    public override void LevelEnergyDifferences(double t, Span<double> table)
    {
        double bond = Schedule.At(t).Bond;
        for (int level = 0; level < 9; level++)
            table[level] = -bond * (level - 4);
    }

    public override byte Successor(byte current, int output) => (byte)output;

    private static int Count(byte v, byte r, byte d, byte l, byte u) =>
        (v == r ? 1 : 0) + (v == d ? 1 : 0) + (v == l ? 1 : 0) + (v == u ? 1 : 0);
}
