namespace Leaps.Model.Sampling;

/// <summary>
/// Error bars from families: walkers that share an initial ancestor are correlated, families are not.
/// Sources: A. Lee, N. Whiteley, "Variance estimation in the particle filter", Biometrika 2018;
/// W. Wang, J. Machta, H. Katzgraber, "Population annealing", Phys. Rev. E 2015 (ρ_t).
/// </summary>
public static class Families
{
    /// <summary>
    /// Variance of log Z: M/(M-1) Σ_f (W_f - 1/M)², W_f the weight of a family. Without resampling this is
    /// the usual variance of a mean. After r multinomial resamplings, which inflate the families without
    /// moving Z, it is 1 - (M/(M-1))^{r+1} (1 - Σ_f W_f²); the other schemes inflate them less, and for them
    /// the first form is kept, which errs on the safe side.
    /// </summary>
    /// <param name="logWeights">(walkers)</param>
    /// <param name="families">(walkers)</param>
    /// <param name="multinomialResamplings">how many multinomial resamplings there were</param>
    public static double LogZVariance(ReadOnlySpan<double> logWeights, ReadOnlySpan<int> families,
        int multinomialResamplings = 0)
    {
        if (logWeights.Length < 2) return double.NaN;
        double squares = SumOfSquares(logWeights, families);
        return LogZVariance(logWeights.Length, squares, multinomialResamplings);
    }

    /// <summary>The same from what groups tell.</summary>
    /// <param name="groups">(groups), the whole population in group order</param>
    /// <param name="multinomialResamplings">how many multinomial resamplings there were</param>
    /// <exception cref="LeapsException">Every weight is zero.</exception>
    public static double LogZVariance(ReadOnlySpan<GroupStatistics> groups, int multinomialResamplings = 0)
    {
        int walkers = 0;
        foreach (var group in groups)
            walkers += group.Weight.Count;
        return walkers < 2 ? double.NaN
            : LogZVariance(walkers, GroupFamilies.SumOfSquares(groups), multinomialResamplings);
    }

    private static double LogZVariance(double walkers, double squares, int multinomialResamplings)
    {
        double inflation = Math.Exp((multinomialResamplings + 1) * Math.Log(walkers / (walkers - 1)));
        return Math.Max(0, 1 - inflation * (1 - squares));
    }

    /// <summary>
    /// ρ_t = M Σ_f W_f²: 1 when every walker is its own family, M when one family holds all the weight.
    /// </summary>
    public static double Statistic(ReadOnlySpan<double> logWeights, ReadOnlySpan<int> families) =>
        logWeights.Length * SumOfSquares(logWeights, families);

    // Σ_f W_f², W_f = Σ_{m in f} W_m. Resampling keeps families together and in order: a family is a run.
    private static double SumOfSquares(ReadOnlySpan<double> logWeights, ReadOnlySpan<int> families)
    {
        double[] weights = LogWeights.Normalised(logWeights);
        double squares = 0, sum = 0;
        for (int m = 0; m < weights.Length; m++)
        {
            if (m > 0 && families[m] < families[m - 1])
                return SumOfSquaresInAnyOrder(weights, families);
            if (m > 0 && families[m] != families[m - 1])
            {
                squares += sum * sum;
                sum = 0;
            }
            sum += weights[m];
        }
        return squares + sum * sum;
    }

    private static double SumOfSquaresInAnyOrder(double[] weights, ReadOnlySpan<int> families)
    {
        var sums = new Dictionary<int, double>();
        for (int m = 0; m < weights.Length; m++)
            sums[families[m]] = sums.GetValueOrDefault(families[m]) + weights[m];
        return sums.Values.Sum(sum => sum * sum);
    }
}
