using Leaps.Model.Random;
using Leaps.Model.Sampling;

namespace Leaps.Model.Tests.Sampling;

/// <summary>
/// The definition of a resampling in groups, written out naively, and its pieces. Seed 7, cases numbered by
/// the step.
/// </summary>
public sealed class GroupedResamplingTests
{
    public static TheoryData<ResamplingScheme> Schemes => [.. Enum.GetValues<ResamplingScheme>()];

    private static RandomStream Stream(long step) => new(7, RandomPurpose.Test, 0, step);

    [Theory]
    [MemberData(nameof(Schemes))]
    public void Points_one_by_one_are_the_array_of_points_from_any_start(ResamplingScheme scheme)
    {
        foreach (int count in (ReadOnlySpan<int>)[0, 1, 2, 7, 64])
        {
            var stream = Stream(count);
            var expected = new double[count];
            Resampling.Points(scheme, expected, ref stream);
            var points = new SortedPoints(scheme, count, Stream(count));
            for (int first = 0; first < count; first++, points.MoveNext())
            {
                Assert.Equal(first, points.Index);
                Assert.Equal(expected[first], points.Current);
                var resumed = new SortedPoints(scheme, points.Here, Stream(count));
                for (int m = first; m < count; m++, resumed.MoveNext())
                    Assert.Equal(expected[m], resumed.Current);
            }
            Assert.Equal(count, points.Index);
        }
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public void Skipping_stops_at_the_first_position_that_is_not_below_the_bound(ResamplingScheme scheme)
    {
        const int count = 50;
        for (int run = 0; run < 200; run++)
        {
            var stream = Stream(run);
            var expected = new double[count];
            Resampling.Points(scheme, expected, ref stream);
            double total = 1 + 99 * stream.NextDouble();
            // A bound on a position, next to one, or anywhere.
            double bound = expected[stream.NextInt(count)] * total;
            bound = stream.NextInt(4) switch
            {
                0 => bound,
                1 => Math.BitIncrement(bound),
                2 => Math.BitDecrement(bound),
                _ => 1.1 * total * stream.NextDouble(),
            };
            var points = new SortedPoints(scheme, count, Stream(run));
            points.SkipBelow(bound, total);
            Assert.Equal(expected.Count(point => point * total < bound), points.Index);
            points.SkipBelow(double.PositiveInfinity, total);
            Assert.Equal(count, points.Index);
        }
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public void One_group_is_the_plain_running_sum_bit_for_bit(ResamplingScheme scheme)
    {
        for (int run = 0; run < 500; run++)
        {
            var stream = Stream(run);
            double[] logWeights = RandomLogWeights(1 + stream.NextInt(60), ref stream);
            var (ungrouped, plain) = (stream, stream);
            int[] ancestors = Resampling.Ancestors(scheme, logWeights, ref ungrouped);
            Assert.Equal(Plain(scheme, logWeights, ref plain), ancestors);
            Assert.Equal(plain.NextUInt64(), ungrouped.NextUInt64());
        }
    }

    [Fact]
    public void One_group_has_the_figures_of_the_log_weights_bit_for_bit()
    {
        for (int run = 0; run < 500; run++)
        {
            var stream = Stream(run);
            double[] logWeights = RandomLogWeights(1 + stream.NextInt(60), ref stream);
            var population = PopulationWeight.Of([GroupWeight.Of(logWeights)]);
            Assert.Equal(LogWeights.Ess(logWeights), population.Ess);
            Assert.Equal(LogWeights.RelativeEss(logWeights), population.RelativeEss);
            Assert.Equal(LogWeights.LogMeanExp(logWeights), population.LogMeanExp);
        }
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public void Groups_change_nothing_but_roundings(ResamplingScheme scheme)
    {
        int different = 0;
        for (int run = 0; run < 500; run++)
        {
            var stream = Stream(run);
            double[] logWeights = RandomLogWeights(60, ref stream);
            var (whole, grouped) = (stream, stream);
            int[] ancestors = Resampling.Ancestors(scheme, logWeights, ref whole);
            var own = new int[60];
            Resampling.Ancestors(scheme, logWeights, [7, 1, 0, 30, 22], own, ref grouped);
            if (!ancestors.SequenceEqual(own))
                different++;
        }
        // Only a point within some 1e-15 of a boundary, or M W_k at a whole number, can tell them apart.
        Assert.Equal(0, different);
    }

    [Fact]
    public void A_bad_log_weight_is_named_by_its_walker_in_the_population()
    {
        var failure = Assert.Throws<LeapsException>(
            () => GroupWeight.OfEach([0, 0, 0, double.NaN, 0], [2, 3]));
        Assert.Contains("walker 3 is NaN", failure.Message, StringComparison.Ordinal);
        Assert.Contains("walker 41 ", Assert.Throws<LeapsException>(
            () => GroupWeight.Of([0, double.PositiveInfinity], 40)).Message, StringComparison.Ordinal);
        Assert.Throws<LeapsException>(() => PopulationWeight.Of(
            GroupWeight.OfEach([double.NegativeInfinity, double.NegativeInfinity], [1, 1])));
        Assert.Throws<ArgumentException>(() => GroupWeight.OfEach([0, 0, 0], [1, 1]));
    }

    private static double[] RandomLogWeights(int walkers, ref RandomStream stream)
    {
        double spread = stream.NextInt(3) switch { 0 => 0.1, 1 => 2, _ => 40 };
        double shift = 1000 * stream.NextNormal();
        var logWeights = new double[walkers];
        for (int k = 0; k < walkers; k++)
        {
            bool dead = k > 0 && stream.NextInt(8) == 0;
            logWeights[k] = dead ? double.NegativeInfinity : shift + spread * stream.NextNormal();
        }
        return logWeights;
    }

    // Without groups, the way it is written in a textbook.
    private static int[] Plain(ResamplingScheme scheme, double[] logWeights, ref RandomStream stream)
    {
        double max = logWeights.Max();
        double[] weights = [.. logWeights.Select(a => Math.Exp(a - max))];
        int slots = weights.Length, drawn = slots;
        var copies = new int[slots];
        if (scheme == ResamplingScheme.Residual)
        {
            double total = weights.Aggregate(0.0, (sum, weight) => sum + weight);
            for (int k = 0; k < slots; k++)
            {
                double expected = slots * weights[k] / total;
                copies[k] = (int)expected;
                weights[k] = expected - copies[k];
            }
            drawn -= copies.Sum();
        }
        if (drawn > 0)
        {
            var points = new double[drawn];
            Resampling.Points(scheme, points, ref stream);
            foreach (double point in points)
                copies[Owner(weights, point)]++;
        }
        return [.. copies.SelectMany((count, k) => Enumerable.Repeat(k, count))];
    }

    private static int Owner(double[] weights, double point)
    {
        double total = weights.Aggregate(0.0, (sum, weight) => sum + weight), cumulative = 0;
        for (int k = 0; k < weights.Length; k++)
        {
            cumulative += weights[k];
            if (cumulative > point * total)
                return k;
        }
        return Array.FindLastIndex(weights, weight => weight > 0);
    }
}
