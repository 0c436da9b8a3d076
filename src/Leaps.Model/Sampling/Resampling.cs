using Leaps.Model.Random;

namespace Leaps.Model.Sampling;

/// <summary>
/// Resampling: every slot m of the new population gets an ancestor, monotone non-decreasing in m, such
/// that walker k has E[n_k] = M W_k offspring, W_k = e^{a_k} / Σ e^a. Source: N. Chopin, O. Papaspiliopoulos,
/// "An Introduction to Sequential Monte Carlo", Springer 2020, chapter 9.
/// </summary>
/// <remarks>
/// Every scheme is the inverse transform of sorted points in [0, 1): the points are drawn first, from the
/// stream alone, then one scan over the cumulative weights finds the ancestors. Whoever knows the points
/// and the total weight of the walkers before his own can do his part of the scan.
/// </remarks>
public static class Resampling
{
    /// <summary>Ancestors of as many slots as there are log-weights.</summary>
    /// <param name="scheme">Residual: ⌊M W_k⌋ copies of walker k, the rest multinomial.</param>
    /// <param name="logWeights">(walkers); -∞ is weight zero</param>
    /// <param name="stream">Drawn: 1 double (systematic), M (stratified), 1 more than points
    /// (others).</param>
    /// <returns>(walkers), non-decreasing</returns>
    /// <exception cref="LeapsException">A log-weight is NaN or +∞, or every weight is zero.</exception>
    public static int[] Ancestors(
        ResamplingScheme scheme, ReadOnlySpan<double> logWeights, ref RandomStream stream)
    {
        var ancestors = new int[logWeights.Length];
        Ancestors(scheme, logWeights, ancestors, ref stream);
        return ancestors;
    }

    /// <summary>Ancestors of as many slots as the span is long, maybe more or fewer than walkers.</summary>
    /// <exception cref="LeapsException">A log-weight is NaN or +∞, or every weight is zero.</exception>
    public static void Ancestors(
        ResamplingScheme scheme, ReadOnlySpan<double> logWeights, Span<int> ancestors,
        ref RandomStream stream)
    {
        double max = LogWeights.Max(logWeights);
        var weights = new double[logWeights.Length];
        for (int k = 0; k < weights.Length; k++)
            weights[k] = Math.Exp(logWeights[k] - max);
        if (scheme == ResamplingScheme.Residual)
        {
            Residual(weights, ancestors, ref stream);
            return;
        }
        var points = new double[ancestors.Length];
        Points(scheme, points, ref stream);
        Scan(weights, points, ancestors);
    }

    /// <summary>The sorted points in [0, 1) of a scheme; for Residual, the multinomial ones.</summary>
    /// <param name="scheme">the scheme</param>
    /// <param name="points">(slots)</param>
    /// <param name="stream">the stream of the resampling</param>
    public static void Points(ResamplingScheme scheme, Span<double> points, ref RandomStream stream)
    {
        switch (scheme)
        {
            case ResamplingScheme.Systematic:
                double offset = stream.NextDouble();
                for (int m = 0; m < points.Length; m++)
                    points[m] = (m + offset) / points.Length;
                break;
            case ResamplingScheme.Stratified:
                for (int m = 0; m < points.Length; m++)
                    points[m] = (m + stream.NextDouble()) / points.Length;
                break;
            default:
                // Order statistics of uniforms in linear time: normalised sums of exponential spacings.
                double sum = 0;
                for (int m = 0; m < points.Length; m++)
                    points[m] = sum += stream.NextExponential();
                sum += stream.NextExponential();
                for (int m = 0; m < points.Length; m++)
                    points[m] /= sum;
                break;
        }
    }

    /// <summary>
    /// The ancestor of a point p is the first walker whose cumulative weight exceeds p times the total.
    /// A walker of weight zero doesn't raise the cumulative weight, so it is never the first; a point
    /// that rounding puts at or beyond the total goes to the last walker of positive weight.
    /// </summary>
    /// <param name="weights">(walkers), not negative, at least one positive; any scale</param>
    /// <param name="points">(slots), sorted</param>
    /// <param name="ancestors">(slots)</param>
    public static void Scan(ReadOnlySpan<double> weights, ReadOnlySpan<double> points, Span<int> ancestors)
    {
        double total = 0;
        int last = 0;
        for (int k = 0; k < weights.Length; k++)
        {
            total += weights[k];
            if (weights[k] > 0)
                last = k;
        }
        int walker = 0;
        double cumulative = weights[0];
        for (int m = 0; m < points.Length; m++)
        {
            double position = points[m] * total;
            while (cumulative <= position && walker < last)
                cumulative += weights[++walker];
            ancestors[m] = walker;
        }
    }

    private static void Residual(double[] weights, Span<int> ancestors, ref RandomStream stream)
    {
        double total = 0;
        foreach (double weight in weights)
            total += weight;
        var copies = new int[weights.Length];
        int certain = 0;
        for (int k = 0; k < weights.Length; k++)
        {
            double expected = ancestors.Length * weights[k] / total;
            copies[k] = (int)expected;
            certain += copies[k];
            weights[k] = expected - copies[k];
        }
        int drawn = ancestors.Length - certain;
        if (drawn > 0)
        {
            var points = new double[drawn];
            var parents = new int[drawn];
            Points(ResamplingScheme.Multinomial, points, ref stream);
            Scan(weights, points, parents);
            foreach (int parent in parents)
                copies[parent]++;
        }
        int slot = 0;
        for (int k = 0; k < copies.Length; k++)
        {
            ancestors.Slice(slot, copies[k]).Fill(k);
            slot += copies[k];
        }
    }
}
