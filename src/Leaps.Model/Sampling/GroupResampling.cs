using Leaps.Model.Random;

namespace Leaps.Model.Sampling;

/// <summary>What turns a group's own weights e^{a - max_g} into expected offspring.</summary>
/// <param name="Slots">M, of the new population</param>
/// <param name="Scale">s_g = e^{max_g - max}</param>
/// <param name="Total">Σ e^{a - max} over the population</param>
public readonly record struct GroupScale(int Slots, double Scale, double Total);

/// <summary>
/// A group's part in the first half of residual resampling. A walker has ⌊M W_k⌋ certain copies, and the
/// fraction M W_k - ⌊M W_k⌋ is its weight in the multinomial draw of the rest.
/// </summary>
/// <param name="Certain">Σ_k ⌊M W_k⌋ over the group</param>
/// <param name="Fractions">Σ_k (M W_k - ⌊M W_k⌋) over the group, in order</param>
public readonly record struct GroupResidual(int Certain, double Fractions)
{
    /// <param name="logWeights">(walkers of the group)</param>
    /// <param name="scale">of the group</param>
    public static GroupResidual Of(ReadOnlySpan<double> logWeights, GroupScale scale)
    {
        var copies = new int[logWeights.Length];
        var fractions = new double[logWeights.Length];
        GroupResampling.Split(logWeights, scale, copies, fractions);
        int certain = 0;
        double sum = 0;
        for (int k = 0; k < copies.Length; k++)
        {
            certain += copies[k];
            sum += fractions[k];
        }
        return new GroupResidual(certain, sum);
    }
}

/// <summary>All that a group must know of the others to find the offspring of its walkers.</summary>
/// <param name="Scheme">the scheme</param>
/// <param name="Scale">of the group</param>
/// <param name="FirstSlot">new slot of its first offspring</param>
/// <param name="Offspring">how many slots its walkers are ancestors of</param>
/// <param name="Before">what the groups before add up to: scaled weights, or residual's fractions</param>
/// <param name="Total">the same of all groups</param>
/// <param name="Points">the points that fall to this group</param>
public readonly record struct GroupShare(
    ResamplingScheme Scheme, GroupScale Scale, int FirstSlot, int Offspring,
    double Before, double Total, PointRange Points);

/// <summary>
/// A group's part in the resampling of a population: the scan of <see cref="Resampling"/> over its own
/// walkers. All groups' parts together are the ancestors of the whole, bit for bit.
/// </summary>
public static class GroupResampling
{
    /// <summary>Ancestors of the slots that fall to this group.</summary>
    /// <param name="logWeights">(walkers of the group), the same of which the summary was sent</param>
    /// <param name="share">what the group must know</param>
    /// <param name="stream">the stream of the resampling, from its start</param>
    /// <returns>(offspring), numbers of walkers within the group, non-decreasing; entry j is for the new
    /// slot FirstSlot + j</returns>
    public static int[] Ancestors(ReadOnlySpan<double> logWeights, in GroupShare share, RandomStream stream)
    {
        var ancestors = new int[share.Offspring];
        if (ancestors.Length == 0) return ancestors;
        var weights = new double[logWeights.Length];
        if (share.Scheme != ResamplingScheme.Residual)
        {
            GroupWeight.Shifted(logWeights, LogWeights.MaxOfGroup(logWeights, 0), weights);
            Scan(weights, share.Scale.Scale, share, stream, ancestors);
            return ancestors;
        }
        var copies = new int[logWeights.Length];
        Split(logWeights, share.Scale, copies, weights);
        var drawn = new int[share.Points.Count];
        Scan(weights, 1, share, stream, drawn);
        foreach (int parent in drawn)
            copies[parent]++;
        int slot = 0;
        for (int k = 0; k < copies.Length; k++)
        {
            ancestors.AsSpan(slot, copies[k]).Fill(k);
            slot += copies[k];
        }
        return ancestors;
    }

    // M W_k into its whole part and its fraction.
    internal static void Split(
        ReadOnlySpan<double> logWeights, GroupScale scale, Span<int> copies, Span<double> fractions)
    {
        GroupWeight.Shifted(logWeights, LogWeights.MaxOfGroup(logWeights, 0), fractions);
        for (int k = 0; k < copies.Length; k++)
        {
            double expected = Resampling.Expected(scale.Slots, scale.Scale, fractions[k], scale.Total);
            copies[k] = (int)expected;
            fractions[k] = expected - copies[k];
        }
    }

    private static void Scan(
        double[] weights, double scale, in GroupShare share, RandomStream stream, Span<int> ancestors)
    {
        if (share.Points.Count == 0) return;
        int last = Math.Max(0, Array.FindLastIndex(weights, weight => weight > 0)), walker = 0;
        double running = weights[0];
        var points = new SortedPoints(share.Scheme, share.Points, stream);
        for (int j = 0; j < share.Points.Count; j++)
        {
            double position = points.Current * share.Total;
            while (share.Before + scale * running <= position && walker < last)
                running += weights[++walker];
            ancestors[j] = walker;
            points.MoveNext();
        }
    }
}
