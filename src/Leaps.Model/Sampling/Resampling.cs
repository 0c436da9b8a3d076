using Leaps.Model.Random;

namespace Leaps.Model.Sampling;

/// <summary>
/// Resampling: every slot m of the new population gets an ancestor, monotone non-decreasing in m, such
/// that walker k has E[n_k] = M W_k offspring, W_k = e^{a_k} / Σ e^a. Source: N. Chopin, O. Papaspiliopoulos,
/// "An Introduction to Sequential Monte Carlo", Springer 2020, chapter 9.
/// </summary>
/// <remarks>
/// Every scheme is the inverse transform of sorted points in [0, 1): the points are drawn first, from the
/// stream alone, then one scan over the cumulative weights finds the ancestors. A population may be split
/// into groups, a property of the run; then the cumulative weight of walker k of group g is
///
///     C_k = Σ_{f before g} s_f S_f  +  s_g Σ_{j in g, j ≤ k} e^{a_j - max_g},    s_g = e^{max_g - max},
///
/// S_f the sum of e^{a - max_f} over group f, every sum running in order and every operation rounded as
/// written. So the last C of a group is bit for bit what comes before the next, C never decreases, and a
/// group that knows s_g and its predecessors' sum finds its share by itself (<see cref="GroupResampling"/>).
/// With one group C is the plain running sum of e^{a - max}.
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
        Ancestors(scheme, logWeights, ancestors.AsSpan(), ref stream);
        return ancestors;
    }

    /// <summary>As many ancestors as walkers, of a population in groups.</summary>
    /// <exception cref="LeapsException">A log-weight is NaN or +∞, or every weight is zero.</exception>
    public static int[] AncestorsInGroups(ResamplingScheme scheme, ReadOnlySpan<double> logWeights,
        ReadOnlySpan<int> groupSizes, ref RandomStream stream)
    {
        var ancestors = new int[logWeights.Length];
        Ancestors(scheme, logWeights, groupSizes, ancestors, ref stream);
        return ancestors;
    }

    /// <summary>Ancestors of as many slots as the span is long, maybe more or fewer than walkers.</summary>
    /// <exception cref="LeapsException">A log-weight is NaN or +∞, or every weight is zero.</exception>
    public static void Ancestors(
        ResamplingScheme scheme, ReadOnlySpan<double> logWeights, Span<int> ancestors,
        ref RandomStream stream)
    {
        Ancestors(scheme, logWeights, [logWeights.Length], ancestors, ref stream);
    }

    /// <summary>Ancestors of a population in groups: which points a walker gets depends on rounding, and
    /// that on the groups, but not on who computes it.</summary>
    /// <param name="scheme">the scheme</param>
    /// <param name="logWeights">(walkers); -∞ is weight zero</param>
    /// <param name="groupSizes">(groups), adding up to the walkers</param>
    /// <param name="ancestors">(slots)</param>
    /// <param name="stream">the stream of the resampling</param>
    /// <exception cref="LeapsException">A log-weight is NaN or +∞, or every weight is zero.</exception>
    public static void Ancestors(
        ResamplingScheme scheme, ReadOnlySpan<double> logWeights, ReadOnlySpan<int> groupSizes,
        Span<int> ancestors, ref RandomStream stream)
    {
        GroupWeight[] groups = GroupWeight.OfEach(logWeights, groupSizes);
        var population = PopulationWeight.Of(groups);
        var scales = new double[groups.Length];
        var weights = new double[logWeights.Length];
        for (int g = 0, first = 0; g < groups.Length; first += groupSizes[g++])
        {
            scales[g] = population.ScaleOf(groups[g]);
            GroupWeight.Shifted(
                logWeights.Slice(first, groupSizes[g]), groups[g].Max, weights.AsSpan(first, groupSizes[g]));
        }
        if (scheme == ResamplingScheme.Residual)
        {
            Residual(weights, groupSizes, scales, population.Sum, ancestors, ref stream);
            return;
        }
        var points = new double[ancestors.Length];
        Points(scheme, points, ref stream);
        Scan(weights, groupSizes, scales, points, ancestors);
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
    public static void Scan(ReadOnlySpan<double> weights, ReadOnlySpan<double> points, Span<int> ancestors) =>
        Scan(weights.ToArray(), [weights.Length], [1], points, ancestors);

    // Scan over groups: a walker's weight is its own times its group's scale. The weights are overwritten by
    // the cumulative ones.
    private static void Scan(
        double[] weights, ReadOnlySpan<int> groupSizes, ReadOnlySpan<double> scales,
        ReadOnlySpan<double> points, Span<int> ancestors)
    {
        double total = 0;
        int last = 0;
        for (int g = 0, k = 0; g < groupSizes.Length; g++)
        {
            double running = 0;
            int lastOfGroup = 0;
            for (int end = k + groupSizes[g]; k < end; k++)
            {
                if (weights[k] > 0)
                    lastOfGroup = k;
                running += weights[k];
                weights[k] = total + scales[g] * running;
            }
            if (scales[g] * running > 0)
                last = lastOfGroup;
            total += scales[g] * running;
        }
        int walker = 0;
        for (int m = 0; m < points.Length; m++)
        {
            double position = points[m] * total;
            while (weights[walker] <= position && walker < last)
                walker++;
            ancestors[m] = walker;
        }
    }

    /// <summary>Expected offspring M W_k of a walker, W_k = weight · scale / total.</summary>
    internal static double Expected(int slots, double scale, double weight, double total) =>
        slots * (scale * weight) / total;

    private static void Residual(
        double[] weights, ReadOnlySpan<int> groupSizes, double[] scales, double total,
        Span<int> ancestors, ref RandomStream stream)
    {
        var copies = new int[weights.Length];
        int certain = 0;
        for (int g = 0, k = 0; g < groupSizes.Length; g++)
        {
            for (int end = k + groupSizes[g]; k < end; k++)
            {
                double expected = Expected(ancestors.Length, scales[g], weights[k], total);
                copies[k] = (int)expected;
                certain += copies[k];
                weights[k] = expected - copies[k];
            }
        }
        int drawn = ancestors.Length - certain;
        if (drawn > 0)
        {
            var points = new double[drawn];
            var parents = new int[drawn];
            Points(ResamplingScheme.Multinomial, points, ref stream);
            Array.Fill(scales, 1);
            Scan(weights, groupSizes, scales, points, parents);
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
