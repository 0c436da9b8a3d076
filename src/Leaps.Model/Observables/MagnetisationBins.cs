using Leaps.Model.Targets;

namespace Leaps.Model.Observables;

/// <summary>
/// Bins of the magnetisation m = Σ_i s_i / N (Ising) or of the order parameter
/// (q max_v n_v / N - 1)/(q - 1) (Potts), the same for populations and for exact distributions.
/// </summary>
/// <remarks>
/// m takes only equidistant values. Bins of one width that hold now five, now six of them show a comb that
/// is not in the density; so here the edges lie midway between attainable values, and a bin is as wide as
/// the values in it are many. Up to 41 values have a bin each; more share 31 to 45 bins, an odd number
/// (m = 0 is inside a bin, and the bins mirror each other), chosen so that nearly all hold equally many.
/// The outermost edges lie half a spacing beyond the outermost values.
/// </remarks>
public sealed class MagnetisationBins
{
    private const int LargestSeparate = 41;
    private const int FewestShared = 31;
    private const int MostShared = 45;

    private readonly int _firstOrder;
    private readonly double _firstValue, _spacing;
    private readonly int[] _bin; // (attainable values)

    private MagnetisationBins(int sites, int firstOrder, double firstValue, double spacing)
    {
        _firstOrder = firstOrder;
        _firstValue = firstValue;
        _spacing = spacing;
        int values = sites - firstOrder + 1, bins = BinCount(values);
        _bin = new int[values];
        Edges = new double[bins + 1];
        for (int b = 0; b <= bins; b++)
        {
            int start = FirstValueOf(b, bins, values);
            Edges[b] = firstValue + (start - 0.5) * spacing;
            _bin.AsSpan(start).Fill(b);
        }
    }

    /// <summary>Rising, (bins + 1).</summary>
    public double[] Edges { get; }
    public int Count => Edges.Length - 1;

    /// <summary>The bins of an Ising or a Potts target.</summary>
    public static MagnetisationBins For(Target target)
    {
        int sites = target.Sites, q = target.States;
        if (target is IsingTarget)
            return new MagnetisationBins(sites, firstOrder: 0, firstValue: -1, spacing: 2.0 / sites);
        int fewest = (sites + q - 1) / q; // the largest group has at least N/q sites
        double spacing = (double)q / sites / (q - 1);
        return new MagnetisationBins(sites, fewest, OrderParameter(target, fewest), spacing);
    }

    /// <summary>m of the integer statistic: sites with value 1 (Ising) or the largest n_v (Potts).</summary>
    public static double OrderParameter(Target target, int order)
    {
        double share = (double)order / target.Sites;
        return target is IsingTarget ? 2 * share - 1 : (target.States * share - 1) / (target.States - 1);
    }

    /// <summary>The bin of the states with this integer statistic.</summary>
    public int BinOf(int order) => _bin[order - _firstOrder];

    public double Width(int bin) => Edges[bin + 1] - Edges[bin];

    /// <summary>Probability density in each bin, (bins).</summary>
    /// <param name="distribution">attainable values of m and their probabilities, in any order</param>
    /// <exception cref="ArgumentException">A value is none that m can take on this target.</exception>
    public double[] Density(IEnumerable<(double Value, double Probability)> distribution)
    {
        var density = new double[Count];
        foreach (var (value, probability) in distribution)
        {
            double position = (value - _firstValue) / _spacing;
            int index = (int)Math.Round(position);
            if (!(Math.Abs(position - index) < 1e-3) || index < 0 || index >= _bin.Length)
                throw new ArgumentException(
                    $"m = {value} is not attainable on this target.", nameof(distribution));
            density[_bin[index]] += probability;
        }
        for (int b = 0; b < Count; b++)
            density[b] /= Width(b);
        return density;
    }

    // round(bin · values / bins); with an odd number of bins never a tie, hence symmetric.
    private static int FirstValueOf(int bin, int bins, int values) =>
        (int)((2L * bin * values + bins) / (2L * bins));

    private static int BinCount(int values)
    {
        if (values <= LargestSeparate)
            return values;
        int best = 0, bestOdd = int.MaxValue;
        for (int bins = MostShared; bins >= FewestShared; bins -= 2)
        {
            int more = values % bins, odd = Math.Min(more, bins - more);
            if (bins <= values && odd < bestOdd)
                (best, bestOdd) = (bins, odd);
        }
        return best;
    }
}
