namespace Leaps.Model.Sampling;

/// <summary>How a population is cut into groups of neighbouring slots, as even as possible.</summary>
public static class WalkerGroups
{
    /// <summary>Most groups of a population.</summary>
    public const int Most = 100_000;

    private const int UsualSize = 256, UsualMost = 64;

    /// <summary>Sizes, (groups): the first ones hold one more where the walkers don't divide.</summary>
    /// <param name="walkers">of the population</param>
    /// <param name="groups">how many; 0: one for every 256 walkers, at most 64</param>
    public static int[] Sizes(int walkers, int groups)
    {
        if (groups == 0)
            groups = Math.Clamp(walkers / UsualSize, 1, UsualMost);
        var sizes = new int[groups];
        for (int g = 0; g < groups; g++)
            sizes[g] = walkers / groups + (g < walkers % groups ? 1 : 0);
        return sizes;
    }
}
