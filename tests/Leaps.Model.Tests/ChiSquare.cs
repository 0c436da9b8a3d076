namespace Leaps.Model.Tests;

/// <summary>
/// Pearson's test of counts against probabilities, as a standard normal score (Wilson–Hilferty). Cells with
/// an expectation below 8 are pooled. A score above <see cref="Bound"/> has probability 3e-6 under the null.
/// </summary>
internal static class ChiSquare
{
    public const double Bound = 4.5;

    public static double Score(ReadOnlySpan<long> counts, ReadOnlySpan<double> probabilities)
    {
        var (statistic, freedom) = Statistic(counts, probabilities);
        return Score(statistic, freedom);
    }

    public static double Score(double statistic, int freedom)
    {
        if (freedom == 0)
            return 0;
        double variance = 2.0 / (9 * freedom);
        return (Math.Cbrt(statistic / freedom) - (1 - variance)) / Math.Sqrt(variance);
    }

    /// <summary>A count where the probability is zero gives an infinite statistic.</summary>
    public static (double Value, int Freedom) Statistic(
        ReadOnlySpan<long> counts, ReadOnlySpan<double> probabilities)
    {
        long total = 0;
        foreach (long count in counts)
            total += count;
        double value = 0, pooledCount = 0, pooledExpected = 0;
        int cells = 0;
        for (int k = 0; k < counts.Length; k++)
        {
            double expected = total * probabilities[k];
            if (expected <= 1e-12 * total)
            {
                if (counts[k] > 0)
                    return (double.PositiveInfinity, 1);
            }
            else if (expected < 8)
            {
                pooledCount += counts[k];
                pooledExpected += expected;
            }
            else
            {
                value += (counts[k] - expected) * (counts[k] - expected) / expected;
                cells++;
            }
        }
        if (pooledExpected >= 8)
        {
            value += (pooledCount - pooledExpected) * (pooledCount - pooledExpected) / pooledExpected;
            cells++;
        }
        return (value, Math.Max(0, cells - 1));
    }
}
