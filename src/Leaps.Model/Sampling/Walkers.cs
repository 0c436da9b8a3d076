using Leaps.Model.Random;
using Leaps.Model.Targets;

namespace Leaps.Model.Sampling;

/// <summary>
/// A population of walkers: states, log-weights and families (every walker's initial ancestor).
/// A walker's slot numbers its random streams: slot = <see cref="FirstSlot"/> + index, whatever walker holds
/// it.
/// </summary>
public sealed class Walkers
{
    public Walkers(int count, int sites, long firstSlot = 0)
    {
        if (count < 1)
            throw new LeapsException($"{count} walkers are not possible: use at least 1.");
        RequireRoom(count, sites, "walkers");
        Count = count;
        Sites = sites;
        FirstSlot = firstSlot;
        States = new byte[count * sites];
        LogWeights = new double[count];
        Families = new int[count];
        for (int m = 0; m < count; m++)
            Families[m] = checked((int)(firstSlot + m));
    }

    public int Count { get; }
    public int Sites { get; }
    public long FirstSlot { get; }

    /// <summary>(walkers, sites), values 0 … q-1.</summary>
    public byte[] States { get; }

    /// <summary>Log-weight since the last resampling, (walkers).</summary>
    public double[] LogWeights { get; }

    /// <summary>Slot of the initial ancestor, (walkers).</summary>
    public int[] Families { get; }

    public Span<byte> State(int walker) => States.AsSpan(walker * Sites, Sites);

    /// <summary>Refuses more states than one array, a byte a site, can hold.</summary>
    /// <exception cref="LeapsException">
    /// They are too many; the message names <paramref name="what"/>.
    /// </exception>
    internal static void RequireRoom(long count, int sites, string what)
    {
        if (count * sites > Array.MaxLength)
        {
            throw new LeapsException(
                $"{what}: {count} states of {sites} sites don't fit into memory: use at most "
                + $"{Array.MaxLength / sites}.");
        }
    }

    /// <summary>
    /// Independent uniform states: an exact sample of ρ_0. Log-weights 0, every walker its own family.
    /// </summary>
    public static Walkers Uniform(Target target, int count, ulong seed, long firstSlot = 0)
    {
        var walkers = new Walkers(count, target.Sites, firstSlot);
        for (int m = 0; m < count; m++)
        {
            var stream = new RandomStream(seed, RandomPurpose.InitialState, firstSlot + m);
            foreach (ref byte value in walkers.State(m))
                value = (byte)stream.NextInt(target.States);
        }
        return walkers;
    }

    /// <summary>
    /// Slot m takes over the state and family of walker <c>ancestors[m]</c>; log-weights become 0.
    /// </summary>
    public void TakeAncestors(ReadOnlySpan<int> ancestors)
    {
        byte[] states = (byte[])States.Clone();
        int[] families = (int[])Families.Clone();
        for (int m = 0; m < Count; m++)
        {
            states.AsSpan(ancestors[m] * Sites, Sites).CopyTo(State(m));
            Families[m] = families[ancestors[m]];
        }
        Array.Clear(LogWeights);
    }
}
