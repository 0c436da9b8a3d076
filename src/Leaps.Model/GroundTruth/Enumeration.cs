using Leaps.Model.Targets;

namespace Leaps.Model.GroundTruth;

/// <summary>
/// Visits all states of a small lattice once and counts them by their integer statistics. All energies
/// here are unchanged when every site's value is relabelled alike, so the first site stays at value 0 and
/// the rest follows by symmetry: q^(sites-1) visits, at most 2^24 (Ising 5×5, Potts q = 3 4×4).
/// </summary>
/// <remarks>
/// The order is the loopless reflected mixed-radix Gray code (D. Knuth, The Art of Computer Programming 4A,
/// 7.2.1.1, algorithm H): one site changes a visit, by one, so the statistics follow from its neighbours.
/// </remarks>
public static class Enumeration
{
    public const int LargestVisits = 1 << 24;

    /// <summary>Whether the states are few enough.</summary>
    public static bool Covers(Target target) =>
        target is IsingTarget or PottsTarget
        && (target.Sites - 1) * Math.Log2(target.States) <= 24 + 1e-9;

    /// <summary>Exact averages at time t. For many times make one <see cref="DensityOfStates"/>.</summary>
    /// <exception cref="LeapsException">The states are too many.</exception>
    public static EnsembleAverages At(Target target, double t) => DensityOfStates.Of(target).At(t);

    /// <exception cref="LeapsException">The states are too many.</exception>
    internal static void Require(Target target)
    {
        if (Covers(target))
            return;
        int largest = (int)Math.Floor(1 + 24 / Math.Log2(target.States) + 1e-9);
        throw new LeapsException(
            $"Too many states to enumerate: {target.Name} with {target.States} values on "
            + $"{target.Lattice}. Use at most {largest} sites.");
    }

    /// <summary>
    /// Counts the states with value 0 at site 0 by (matching bonds, order): order = sites with value 1
    /// for Ising, the largest number of sites with one value for Potts.
    /// </summary>
    /// <param name="target">Ising or Potts</param>
    /// <param name="counts">(2 sites + 1, sites + 1)</param>
    /// <param name="equalPairs">
    /// How many of the states counted in that cell have x_0 = x_r, r = 0 … columns/2, along the first row,
    /// (2 sites + 1, sites + 1, columns/2 + 1)
    /// </param>
    internal static void Count(Target target, long[] counts, long[] equalPairs)
    {
        int q = target.States, sites = target.Sites, free = sites - 1;
        bool ising = target is IsingTarget;
        int distances = target.Lattice.Columns / 2 + 1;
        var lattice = target.Lattice;
        var state = new byte[sites];
        var rising = new bool[sites];
        Array.Fill(rising, true);
        var focus = new int[sites];
        for (int j = 0; j < sites; j++)
            focus[j] = j;
        var population = new int[q];
        population[0] = sites;
        int matches = 2 * sites, largest = sites;
        while (true)
        {
            int cell = matches * (sites + 1) + (ising ? population[1] : largest);
            counts[cell]++;
            for (int r = 0; r < distances; r++)
                equalPairs[cell * distances + r] += state[r] == 0 ? 1 : 0;

            int digit = focus[0];
            focus[0] = 0;
            if (digit == free)
                return;
            int site = digit + 1;
            byte old = state[site], now = (byte)(rising[digit] ? old + 1 : old - 1);
            matches += Gain(state[lattice.Right[site]], old, now) + Gain(state[lattice.Down[site]], old, now)
                + Gain(state[lattice.Left[site]], old, now) + Gain(state[lattice.Up[site]], old, now);
            state[site] = now;
            largest = Move(population, old, now, largest);
            if (now == 0 || now == q - 1)
            {
                rising[digit] = !rising[digit];
                focus[digit] = focus[digit + 1];
                focus[digit + 1] = digit + 1;
            }
        }
    }

    private static int Gain(byte neighbour, byte old, byte now) =>
        (neighbour == now ? 1 : 0) - (neighbour == old ? 1 : 0);

    // One site moves from a value to another; returns the largest population.
    private static int Move(int[] population, byte from, byte to, int largest)
    {
        int before = population[from]--;
        int after = ++population[to];
        if (after >= largest)
            return after;
        if (before < largest)
            return largest;
        foreach (int count in population)
        {
            if (count == largest)
                return largest;
        }
        return largest - 1;
    }
}
