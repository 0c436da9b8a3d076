namespace Leaps.Model.Sampling;

/// <summary>
/// All that a group of walkers tells of its weights: with max = max_k a_k, the sums Σ_k e^{a_k - max} and
/// Σ_k e^{2(a_k - max)} in order of k. A group of weight zero has max = -∞ and sums 0.
/// </summary>
/// <param name="Count">walkers of the group</param>
/// <param name="Max">the largest log-weight</param>
/// <param name="Sum">Σ e^{a - max}, in [1, Count], or 0</param>
/// <param name="SumOfSquares">Σ e^{2(a - max)}</param>
public readonly record struct GroupWeight(int Count, double Max, double Sum, double SumOfSquares)
{
    /// <summary>The weight of one group.</summary>
    /// <param name="logWeights">(walkers of the group); -∞ is weight zero</param>
    /// <param name="firstWalker">the number of its first walker in the population, for the message</param>
    /// <exception cref="LeapsException">A log-weight is NaN or +∞.</exception>
    public static GroupWeight Of(ReadOnlySpan<double> logWeights, long firstWalker = 0)
    {
        double max = LogWeights.MaxOfGroup(logWeights, firstWalker), sum = 0, squares = 0;
        if (double.IsNegativeInfinity(max))
            return new GroupWeight(logWeights.Length, max, 0, 0);
        foreach (double a in logWeights)
        {
            double weight = Math.Exp(a - max);
            sum += weight;
            squares += weight * weight;
        }
        return new GroupWeight(logWeights.Length, max, sum, squares);
    }

    /// <summary>The weights of all groups of a population that one process holds.</summary>
    /// <param name="logWeights">(walkers)</param>
    /// <param name="groupSizes">(groups), adding up to the walkers</param>
    /// <exception cref="LeapsException">A log-weight is NaN or +∞.</exception>
    public static GroupWeight[] OfEach(ReadOnlySpan<double> logWeights, ReadOnlySpan<int> groupSizes)
    {
        var groups = new GroupWeight[groupSizes.Length];
        int first = 0;
        for (int g = 0; g < groups.Length; first += groupSizes[g++])
            groups[g] = Of(logWeights.Slice(first, groupSizes[g]), first);
        if (first != logWeights.Length)
            throw new ArgumentException(
                $"Groups of {first} walkers don't hold {logWeights.Length}.", nameof(groupSizes));
        return groups;
    }

    /// <summary>e^{a_k - max} of every walker of a group, 0 in a group of weight zero.</summary>
    internal static void Shifted(ReadOnlySpan<double> logWeights, double max, Span<double> weights)
    {
        weights.Clear();
        if (double.IsNegativeInfinity(max)) return;
        for (int k = 0; k < weights.Length; k++)
            weights[k] = Math.Exp(logWeights[k] - max);
    }
}
