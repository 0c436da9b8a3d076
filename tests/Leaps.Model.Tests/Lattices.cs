using Leaps.Model.Targets;

namespace Leaps.Model.Tests;

/// <summary>Small targets with a linear schedule whose couplings are βJ and βh at t = 1, and all their
/// states.</summary>
internal static class Lattices
{
    public static IsingTarget Ising(int rows, int columns, double bond, double field) =>
        new(new Lattice(rows, columns), Linear(new Couplings(bond, field, 1)));

    public static PottsTarget Potts(int rows, int columns, int states, double bond) =>
        new(new Lattice(rows, columns), states, Linear(new Couplings(bond, 0, 1)));

    /// <summary>Ising for q = 2 (with the field), else Potts.</summary>
    public static Target Make(int q, int rows, int columns, double bond, double field = 0) =>
        q == 2 ? Ising(rows, columns, bond, field) : Potts(rows, columns, q, bond);

    public static int Count(Target target) => (int)Math.Pow(target.States, target.Sites);

    /// <summary>State number k: its digits in base q, site 0 the lowest.</summary>
    public static byte[] State(Target target, int number)
    {
        var state = new byte[target.Sites];
        for (int i = 0; i < state.Length; i++, number /= target.States)
            state[i] = (byte)(number % target.States);
        return state;
    }

    public static int Number(Target target, ReadOnlySpan<byte> state)
    {
        int number = 0;
        for (int i = state.Length - 1; i >= 0; i--)
            number = number * target.States + state[i];
        return number;
    }

    private static CouplingSchedule Linear(Couplings end) =>
        new(ScheduleShape.Linear, new Couplings(0, 0, 1), end);

    /// <summary>ρ_t of every state, by brute force, (states).</summary>
    public static double[] Probabilities(Target target, double t)
    {
        var weights = new double[Count(target)];
        for (int k = 0; k < weights.Length; k++)
            weights[k] = Math.Exp(-target.Energy(State(target, k), t));
        double sum = weights.Sum();
        return [.. weights.Select(weight => weight / sum)];
    }
}
