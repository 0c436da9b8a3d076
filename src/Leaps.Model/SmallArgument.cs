namespace Leaps.Model;

/// <summary>
/// log(1 + x) and e^x - 1 with full relative accuracy at small x; the methods of these names on
/// <see cref="double"/> add and subtract the one in plain arithmetic. Source: W. Kahan's corrections, as in
/// N. Higham, "Accuracy and Stability of Numerical Algorithms", SIAM 2002, section 1.14.
/// </summary>
internal static class SmallArgument
{
    /// <summary>log(1 + x), x &gt; -1.</summary>
    public static double Log1P(double x)
    {
        double sum = 1 + x;
        if (sum == 1 || double.IsPositiveInfinity(sum))
            return x;
        return Math.Log(sum) * (x / (sum - 1));
    }

    /// <summary>e^x - 1.</summary>
    public static double ExpM1(double x)
    {
        double exponential = Math.Exp(x);
        if (exponential == 1)
            return x;
        double difference = exponential - 1;
        return difference == -1 || double.IsPositiveInfinity(exponential)
            ? difference
            : difference * (x / Math.Log(exponential));
    }
}
