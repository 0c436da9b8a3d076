namespace Leaps.Model.Sampling;

/// <summary>All that a group of walkers tells of itself at a window's end.</summary>
/// <param name="Weight">its weights</param>
/// <param name="Families">its families</param>
public readonly record struct GroupStatistics(GroupWeight Weight, GroupFamilies Families)
{
    /// <summary>Of walkers first … first + count - 1.</summary>
    /// <exception cref="LeapsException">A log-weight is NaN or +∞.</exception>
    public static GroupStatistics Of(Walkers walkers, int first, int count)
    {
        var logWeights = walkers.LogWeights.AsSpan(first, count);
        var weight = GroupWeight.Of(logWeights, walkers.FirstSlot + first);
        return new GroupStatistics(
            weight, GroupFamilies.Of(logWeights, walkers.Families.AsSpan(first, count), weight.Max));
    }

    /// <summary>Of all groups of a population that one process holds.</summary>
    /// <exception cref="LeapsException">A log-weight is NaN or +∞.</exception>
    public static GroupStatistics[] OfEach(Walkers walkers, ReadOnlySpan<int> groupSizes)
    {
        var groups = new GroupStatistics[groupSizes.Length];
        for (int g = 0, first = 0; g < groups.Length; first += groupSizes[g++])
            groups[g] = Of(walkers, first, groupSizes[g]);
        return groups;
    }
}

/// <summary>
/// A group's part in Σ_f w_f², w_f the summed weight of family f. Resampling keeps families in order of
/// slots, so that only a group's first and last family can go on in its neighbours.
/// </summary>
/// <param name="First">family of the first walker</param>
/// <param name="Last">family of the last walker</param>
/// <param name="FirstSum">Σ e^{a - max_g} over the walkers of the first family</param>
/// <param name="LastSum">the same of the last family; 0 when it is also the first</param>
/// <param name="InnerSquares">Σ_f (Σ e^{a - max_g})² over the families between</param>
public readonly record struct GroupFamilies(
    int First, int Last, double FirstSum, double LastSum, double InnerSquares)
{
    /// <param name="logWeights">(walkers of the group)</param>
    /// <param name="families">(walkers of the group), non-decreasing</param>
    /// <param name="max">the largest log-weight of the group</param>
    public static GroupFamilies Of(ReadOnlySpan<double> logWeights, ReadOnlySpan<int> families, double max)
    {
        bool weightless = double.IsNegativeInfinity(max);
        double first = 0, inner = 0, sum = 0;
        for (int m = 0; m < families.Length; m++)
        {
            if (m > 0 && families[m] != families[m - 1])
            {
                if (families[m - 1] == families[0])
                    first = sum;
                else
                    inner += sum * sum;
                sum = 0;
            }
            sum += weightless ? 0 : Math.Exp(logWeights[m] - max);
        }
        return families[^1] == families[0]
            ? new GroupFamilies(families[0], families[^1], sum, 0, 0)
            : new GroupFamilies(families[0], families[^1], first, sum, inner);
    }

    /// <summary>Σ_f W_f² of the population, W_f the normalised weight of a family.</summary>
    internal static double SumOfSquares(ReadOnlySpan<GroupStatistics> groups)
    {
        var population = PopulationWeight.Of(groups);
        double squares = 0, sum = 0;
        int family = groups[0].Families.First;
        foreach (var group in groups)
        {
            double scale = population.ScaleOf(group.Weight);
            var own = group.Families;
            if (own.First != family)
                Close(own.First);
            sum += scale * own.FirstSum;
            squares += scale * scale * own.InnerSquares;
            if (own.Last == family)
                continue;
            Close(own.Last);
            sum = scale * own.LastSum;
        }
        Close(family);
        return squares / (population.Sum * population.Sum);

        void Close(int next)
        {
            squares += sum * sum;
            sum = 0;
            family = next;
        }
    }
}
