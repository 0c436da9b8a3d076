using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Model.Observables;

/// <summary>The integer statistics of every walker's state, taken in one pass over the population.</summary>
internal sealed class PopulationMeasurements
{
    public PopulationMeasurements(Target target, Walkers walkers)
    {
        if (walkers.Sites != target.Sites)
            throw new ArgumentException(
                $"The walkers have {walkers.Sites} sites, the target {target.Sites}.", nameof(walkers));
        var pairs = new EqualPairs(target.Lattice, largestRowShift: 0);
        Distances = target.Lattice.Columns / 2 + 1;
        Bonds = new int[walkers.Count];
        Field = new int[walkers.Count];
        Order = new int[walkers.Count];
        PairsInRow = new int[checked(walkers.Count * Distances)];
        bool ising = target is IsingTarget;
        Span<int> population = stackalloc int[target.States];
        for (int m = 0; m < walkers.Count; m++)
        {
            var state = walkers.State(m);
            (Bonds[m], Field[m]) = target.Statistics(state);
            Order[m] = ising ? (Field[m] + target.Sites) / 2 : LargestGroup(state, population);
            pairs.Load(state);
            for (int r = 0; r < Distances; r++)
                PairsInRow[m * Distances + r] = pairs.Count(0, r);
        }
    }

    /// <summary>Distances along a row: columns/2 + 1.</summary>
    public int Distances { get; }

    /// <summary><see cref="Target.Statistics"/>, (walkers).</summary>
    public int[] Bonds { get; }
    public int[] Field { get; }

    /// <summary>Sites with value 1 (Ising) or the most sites with one value (Potts), (walkers).</summary>
    public int[] Order { get; }

    /// <summary>Sites i with x_i = x_{i+r} along their row, (walkers, distances).</summary>
    public int[] PairsInRow { get; }

    private static int LargestGroup(ReadOnlySpan<byte> state, Span<int> population)
    {
        population.Clear();
        foreach (byte value in state)
            population[value]++;
        int largest = 0;
        foreach (int count in population)
            largest = Math.Max(largest, count);
        return largest;
    }
}
