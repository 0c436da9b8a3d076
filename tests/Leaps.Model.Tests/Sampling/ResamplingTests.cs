using Leaps.Model.Random;
using Leaps.Model.Sampling;

namespace Leaps.Model.Tests.Sampling;

/// <summary>
/// Every scheme: sorted ancestors, unbiased offspring, no offspring of weight zero. Seeds are fixed; mean
/// offspring must lie within 5 standard errors (false-alarm rate 6e-7 each were the seeds free).
/// </summary>
public sealed class ResamplingTests
{
    public static TheoryData<ResamplingScheme> Schemes => [.. Enum.GetValues<ResamplingScheme>()];

    private static RandomStream Stream(long step) => new(7, RandomPurpose.Test, 0, step);

    [Theory]
    [MemberData(nameof(Schemes))]
    public void Ancestors_are_sorted_and_offspring_is_unbiased(ResamplingScheme scheme)
    {
        double[] weights = [0.5, 3, 0, 1e-3, 2.2, 0.7, 0, 1.6];
        double[] logWeights = [.. weights.Select(weight => Math.Log(weight) + 700)];
        const int runs = 40_000;
        var sums = new double[weights.Length];
        var squares = new double[weights.Length];
        for (int run = 0; run < runs; run++)
        {
            var stream = Stream(run);
            int[] ancestors = Resampling.Ancestors(scheme, logWeights, ref stream);
            var offspring = new int[weights.Length];
            for (int m = 0; m < ancestors.Length; m++)
            {
                offspring[ancestors[m]]++;
                Assert.True(m == 0 || ancestors[m] >= ancestors[m - 1]);
            }
            for (int k = 0; k < weights.Length; k++)
            {
                sums[k] += offspring[k];
                squares[k] += offspring[k] * offspring[k];
            }
        }
        double total = weights.Sum();
        for (int k = 0; k < weights.Length; k++)
        {
            double expected = weights.Length * weights[k] / total, mean = sums[k] / runs;
            double error = Math.Sqrt(Math.Max(squares[k] / runs - mean * mean, 1e-3 * expected) / runs);
            Assert.True(Math.Abs(mean - expected) <= 5 * error,
                $"{scheme}, walker {k}: {mean} against {expected} ± {error}");
        }
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public void One_survivor_gets_everything_wherever_it_stands(ResamplingScheme scheme)
    {
        for (int survivor = 0; survivor < 5; survivor++)
        {
            var logWeights = new double[5];
            Array.Fill(logWeights, double.NegativeInfinity);
            logWeights[survivor] = -1e5;
            var stream = Stream(survivor);
            Assert.All(Resampling.Ancestors(scheme, logWeights, ref stream), parent =>
                Assert.Equal(survivor, parent));
        }
    }

    [Theory]
    [InlineData(ResamplingScheme.Systematic)]
    [InlineData(ResamplingScheme.Residual)]
    [InlineData(ResamplingScheme.Stratified)]
    public void Equal_weights_keep_every_walker(ResamplingScheme scheme)
    {
        foreach (int walkers in (ReadOnlySpan<int>)[1, 3, 10, 997])
        {
            var logWeights = new double[walkers];
            Array.Fill(logWeights, -123.456);
            var stream = Stream(walkers);
            Assert.Equal(Enumerable.Range(0, walkers), Resampling.Ancestors(scheme, logWeights, ref stream));
        }
    }

    [Theory]
    [InlineData(ResamplingScheme.Systematic)]
    [InlineData(ResamplingScheme.Residual)]
    public void Offspring_differs_from_its_expectation_by_less_than_one_from_below(ResamplingScheme scheme)
    {
        for (int run = 0; run < 300; run++)
        {
            var stream = Stream(run);
            double[] logWeights = [.. Enumerable.Range(0, 50).Select(_ => 2 * stream.NextNormal())];
            double[] expected = [.. LogWeights.Normalised(logWeights).Select(weight => 50 * weight)];
            int[] ancestors = Resampling.Ancestors(scheme, logWeights, ref stream);
            for (int k = 0; k < 50; k++)
            {
                int offspring = ancestors.Count(parent => parent == k);
                Assert.True(offspring > expected[k] - 1 - 1e-9);
                Assert.True(scheme == ResamplingScheme.Residual || offspring < expected[k] + 1 + 1e-9);
            }
        }
    }

    [Fact]
    public void Points_at_the_very_end_go_to_the_last_walker_of_positive_weight()
    {
        double[] weights = [0, 0.1, 0.2, 0, 0.7, 0, 0];
        double[] points = [0, Math.BitDecrement(1.0), 1, 1];
        var ancestors = new int[4];
        Resampling.Scan(weights, points, ancestors);
        Assert.Equal([1, 4, 4, 4], ancestors);

        // 0.1 ten times adds up to less than one: the last points still have an owner.
        var tenths = new double[12];
        Array.Fill(tenths, 0.1, 0, 10);
        Resampling.Scan(tenths, points, ancestors);
        Assert.Equal([0, 9, 9, 9], ancestors);
    }

    [Fact]
    public void A_point_on_a_boundary_never_goes_to_a_walker_of_weight_zero()
    {
        double[] weights = [0, 1, 0, 0, 1, 0];
        var ancestors = new int[3];
        Resampling.Scan(weights, [0, 0.5, 0.75], ancestors);
        Assert.Equal([1, 4, 4], ancestors);
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public void More_or_fewer_slots_than_walkers_are_filled(ResamplingScheme scheme)
    {
        double[] logWeights = [0, 1, 2, double.NegativeInfinity];
        foreach (int slots in (ReadOnlySpan<int>)[0, 1, 3, 1000])
        {
            var ancestors = new int[slots];
            var stream = Stream(slots);
            Resampling.Ancestors(scheme, logWeights, ancestors.AsSpan(), ref stream);
            Assert.DoesNotContain(3, ancestors);
            Assert.Equal(ancestors.Order(), ancestors);
        }
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public void Weights_that_are_no_numbers_and_populations_without_weight_are_refused(
        ResamplingScheme scheme)
    {
        foreach (double[] logWeights in (double[][])[[0, double.NaN], [double.PositiveInfinity, 0],
            [double.NegativeInfinity, double.NegativeInfinity]])
        {
            Assert.Throws<LeapsException>(() =>
            {
                var stream = Stream(0);
                return Resampling.Ancestors(scheme, logWeights, ref stream);
            });
        }
    }
}
