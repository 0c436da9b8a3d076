namespace Leaps.Model.Sampling;

/// <summary>
/// The weights of a whole population, from those of its groups: max = max_g max_g, and with
/// s_g = e^{max_g - max} the sums Σ_g s_g S_g and Σ_g s_g² Q_g in group order.
/// </summary>
/// <remarks>
/// Which process a group was on, and when its summary came, doesn't enter: all groups of a run are put in
/// order first and then added, so any number of nodes gives the same bits. With one group the figures are
/// those of <see cref="LogWeights"/>, bit for bit.
/// </remarks>
/// <param name="Count">walkers M</param>
/// <param name="Max">the largest log-weight</param>
/// <param name="Sum">Σ e^{a - max}</param>
/// <param name="SumOfSquares">Σ e^{2(a - max)}</param>
public readonly record struct PopulationWeight(int Count, double Max, double Sum, double SumOfSquares)
{
    /// <param name="groups">(groups), every group of the run in group order</param>
    /// <exception cref="LeapsException">Every weight is zero.</exception>
    public static PopulationWeight Of(ReadOnlySpan<GroupWeight> groups)
    {
        double max = double.NegativeInfinity, sum = 0, squares = 0;
        int count = 0;
        foreach (var group in groups)
        {
            max = Math.Max(max, group.Max);
            count = checked(count + group.Count);
        }
        if (double.IsNegativeInfinity(max))
            throw LogWeights.NoWeight();
        foreach (var group in groups)
        {
            double scale = Math.Exp(group.Max - max);
            sum += scale * group.Sum;
            squares += scale * scale * group.SumOfSquares;
        }
        return new PopulationWeight(count, max, sum, squares);
    }

    /// <param name="groups">(groups), every group of the run in group order</param>
    /// <exception cref="LeapsException">Every weight is zero.</exception>
    public static PopulationWeight Of(ReadOnlySpan<GroupStatistics> groups)
    {
        var weights = new GroupWeight[groups.Length];
        for (int g = 0; g < weights.Length; g++)
            weights[g] = groups[g].Weight;
        return Of(weights);
    }

    /// <summary>Effective sample size (Σ e^a)² / Σ e^{2a}, in [1, M].</summary>
    public double Ess => Sum * Sum / SumOfSquares;

    /// <summary>Ess / M, in [1/M, 1].</summary>
    public double RelativeEss => Ess / Count;

    /// <summary>log of the mean of e^a.</summary>
    public double LogMeanExp => Max + Math.Log(Sum) - Math.Log(Count);

    /// <summary>s_g = e^{max_g - max}: the group's sums times it are in the unit e^max of all.</summary>
    public double ScaleOf(GroupWeight group) => Math.Exp(group.Max - Max);
}
