namespace Leaps.Model.Sampling;

/// <summary>
/// Log-weights stay in log space and in double, shifted by their maximum before any exponential.
/// </summary>
public static class LogWeights
{
    /// <summary>log Σ_m e^{a_m}.</summary>
    public static double LogSumExp(ReadOnlySpan<double> logWeights)
    {
        double max = Max(logWeights), sum = 0;
        foreach (double a in logWeights)
            sum += Math.Exp(a - max);
        return max + Math.Log(sum);
    }

    /// <summary>log of the mean of e^{a_m}.</summary>
    public static double LogMeanExp(ReadOnlySpan<double> logWeights) =>
        LogSumExp(logWeights) - Math.Log(logWeights.Length);

    /// <summary>Effective sample size (Σ e^a)² / Σ e^{2a}, in [1, M].</summary>
    public static double Ess(ReadOnlySpan<double> logWeights)
    {
        double max = Max(logWeights), sum = 0, squares = 0;
        foreach (double a in logWeights)
        {
            double weight = Math.Exp(a - max);
            sum += weight;
            squares += weight * weight;
        }
        return sum * sum / squares;
    }

    /// <summary>Ess / M, in [1/M, 1].</summary>
    public static double RelativeEss(ReadOnlySpan<double> logWeights) => Ess(logWeights) / logWeights.Length;

    /// <summary>Weights e^{a_m} / Σ e^a, (walkers).</summary>
    public static double[] Normalised(ReadOnlySpan<double> logWeights)
    {
        double logSum = LogSumExp(logWeights);
        var weights = new double[logWeights.Length];
        for (int m = 0; m < weights.Length; m++)
            weights[m] = Math.Exp(logWeights[m] - logSum);
        return weights;
    }

    /// <summary>The largest log-weight; -∞ (weight zero) is allowed for some, not for all.</summary>
    /// <exception cref="LeapsException">A log-weight is NaN or +∞, or all are -∞.</exception>
    public static double Max(ReadOnlySpan<double> logWeights)
    {
        double max = MaxOfGroup(logWeights, 0);
        if (double.IsNegativeInfinity(max))
            throw NoWeight();
        return max;
    }

    /// <summary>The largest log-weight of walkers that may all have weight zero: then -∞.</summary>
    /// <param name="logWeights">(walkers)</param>
    /// <param name="firstWalker">the number of the first of them in the population, for the message</param>
    /// <exception cref="LeapsException">A log-weight is NaN or +∞.</exception>
    internal static double MaxOfGroup(ReadOnlySpan<double> logWeights, long firstWalker)
    {
        double max = double.NegativeInfinity;
        for (int m = 0; m < logWeights.Length; m++)
        {
            double a = logWeights[m];
            if (double.IsNaN(a) || a == double.PositiveInfinity)
                throw new LeapsException(
                    $"The log-weight of walker {firstWalker + m} is {a}: the run can't go on. Check the "
                    + "couplings and the network's parameters.");
            max = Math.Max(max, a);
        }
        return max;
    }

    internal static LeapsException NoWeight() => new("Every walker has weight zero: the run can't go on.");
}
