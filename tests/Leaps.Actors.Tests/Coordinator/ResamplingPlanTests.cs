using Leaps.Actors.Coordinator;
using Leaps.Model;
using Leaps.Model.Random;
using Leaps.Model.Sampling;

namespace Leaps.Actors.Tests.Coordinator;

/// <summary>
/// The plan and the groups' shares of it against one process that holds every walker, bit for bit. Seed 7;
/// a failure names the case, which is the step of the stream.
/// </summary>
public sealed class ResamplingPlanTests
{
    public static TheoryData<ResamplingScheme> Schemes => [.. Enum.GetValues<ResamplingScheme>()];

    private static RandomStream Stream(long step) => new(7, RandomPurpose.Test, 0, step);

    private static RandomStream Drawn(long step) => new(7, RandomPurpose.Resampling, 0, step);

    private static void AgreesWithOneProcess(
        ResamplingScheme scheme, double[] logWeights, int[] sizes, int run)
    {
        var stream = Drawn(run);
        var expected = new int[logWeights.Length];
        Resampling.Ancestors(scheme, logWeights, sizes, expected, ref stream);
        var planned = PlannedPopulation.Resample(scheme, logWeights, sizes, Drawn(run));
        Assert.True(expected.AsSpan().SequenceEqual(planned.Ancestors),
            $"{scheme}, case {run}, groups of {string.Join(", ", sizes)}: "
            + $"{string.Join(' ', planned.Ancestors)} for {string.Join(' ', expected)}");
        Assert.True(planned.Plan.Transfers.Length < 2 * sizes.Length);
        for (int t = 1; t < planned.Plan.Transfers.Length; t++)
        {
            var (before, after) = (planned.Plan.Transfers[t - 1], planned.Plan.Transfers[t]);
            Assert.Equal(before.FirstSlot + before.Count, after.FirstSlot);
            Assert.True(after.Source >= before.Source && after.Destination >= before.Destination);
            Assert.NotEqual((before.Source, before.Destination), (after.Source, after.Destination));
        }
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public void Any_weights_in_any_groups_get_the_ancestors_of_one_process(ResamplingScheme scheme)
    {
        for (int run = 0; run < 3000; run++)
        {
            var stream = Stream(run);
            int walkers = 1 + stream.NextInt(80);
            double spread = stream.NextInt(4) switch { 0 => 0, 1 => 0.3, 2 => 3, _ => 300 };
            double shift = 1e4 * stream.NextNormal();
            int dead = stream.NextInt(3); // none, some, most
            var logWeights = new double[walkers];
            for (int k = 0; k < walkers; k++)
                logWeights[k] = stream.NextInt(20) < 9 * dead
                    ? double.NegativeInfinity : shift + spread * stream.NextNormal();
            logWeights[stream.NextInt(walkers)] = shift;
            AgreesWithOneProcess(scheme, logWeights, PlannedPopulation.Split(walkers, ref stream), run);
        }
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public void Points_within_a_few_roundings_of_every_boundary_change_nothing(ResamplingScheme scheme)
    {
        for (int run = 0; run < 2000; run++)
        {
            // Weights cut the unit interval at the points of this very resampling.
            var stream = Stream(run);
            int walkers = 2 + stream.NextInt(60);
            var points = new SortedPoints(scheme, walkers, Drawn(run));
            var logWeights = new double[walkers];
            double before = 0;
            for (int k = 0; k < walkers; k++, points.MoveNext())
            {
                double end = k == walkers - 1 ? 1 : points.Current;
                logWeights[k] = Math.Log(end - before);
                before = end;
            }
            AgreesWithOneProcess(scheme, logWeights, PlannedPopulation.Split(walkers, ref stream), run);
        }
    }

    [Fact]
    public void Points_within_a_few_roundings_of_every_boundary_of_residual_fractions_change_nothing()
    {
        for (int run = 0; run < 2000; run++)
        {
            // Fractions, all below 1, cut the unit interval at the points and at n - drawn even places.
            var stream = Stream(run);
            int drawn = 1 + stream.NextInt(20), walkers = 2 * drawn + 1 + stream.NextInt(40);
            int even = walkers - drawn;
            var points = new SortedPoints(ResamplingScheme.Residual, drawn, Drawn(run));
            var ends = new double[walkers];
            for (int m = 0; m < drawn; m++, points.MoveNext())
                ends[m] = points.Current;
            for (int i = 1; i <= even; i++)
                ends[drawn + i - 1] = (double)i / even;
            Array.Sort(ends);
            var expected = new double[walkers];
            for (int k = 0; k < walkers; k++)
                expected[k] = drawn * (ends[k] - (k == 0 ? 0 : ends[k - 1]));
            for (int i = 0; i < even; i++)
                expected[stream.NextInt(walkers)]++;
            double[] logWeights = [.. expected.Select(weight => Math.Log(weight))];
            AgreesWithOneProcess(ResamplingScheme.Residual, logWeights,
                PlannedPopulation.Split(walkers, ref stream), run);
        }
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public void Expected_offspring_in_whole_numbers_agrees_too(ResamplingScheme scheme)
    {
        for (int run = 0; run < 1000; run++)
        {
            // Every walker drawn stands for 1/M of the weight: all M W_k are whole, up to rounding.
            var stream = Stream(run);
            int walkers = 1 + stream.NextInt(60);
            var counts = new int[walkers];
            for (int m = 0; m < walkers; m++)
                counts[stream.NextInt(walkers)]++;
            double shift = stream.NextInt(2) * 321.5;
            double[] logWeights = [.. counts.Select(count => Math.Log(count) + shift)];
            AgreesWithOneProcess(scheme, logWeights, PlannedPopulation.Split(walkers, ref stream), run);
        }
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public void One_survivor_fills_every_group(ResamplingScheme scheme)
    {
        int[] sizes = [2, 1, 0, 3, 1];
        for (int survivor = 0; survivor < 7; survivor++)
        {
            var logWeights = new double[7];
            Array.Fill(logWeights, double.NegativeInfinity);
            logWeights[survivor] = -1e5;
            AgreesWithOneProcess(scheme, logWeights, sizes, survivor);
            var planned = PlannedPopulation.Resample(scheme, logWeights, sizes, Drawn(survivor));
            Assert.All(planned.Ancestors, ancestor => Assert.Equal(survivor, ancestor));
        }
    }

    [Fact]
    public void A_point_that_rounds_to_one_goes_to_the_last_walker_of_positive_weight()
    {
        // The offset is so near 1 that M - 1 + offset rounds to M: the last point is exactly 1.
        var stream = new RandomStream(7, RandomPurpose.Test, 0, step: 49_344_689);
        GroupWeight[] groups = [new(1 << 30, 0, 1000, 1000), new((1 << 30) - 2, 0, 1000, 1000),
            new(1, double.NegativeInfinity, 0, 0)];
        var plan = ResamplingPlan.Create(ResamplingScheme.Systematic, groups, stream);
        Assert.Equal(int.MaxValue, plan.Shares.Sum(share => (long)share.Offspring));
        Assert.Equal(0, plan.Shares[2].Offspring);
        var all = plan.Shares[1].Points;
        var range = all with { First = int.MaxValue - 1, Count = 1 };
        Assert.Equal(int.MaxValue, all.First + all.Count);
        Assert.Equal(1, new SortedPoints(ResamplingScheme.Systematic, range, stream).Current);

        var last = plan.Shares[1] with { Offspring = 1, Points = range };
        double none = double.NegativeInfinity, half = Math.Log(0.5);
        Assert.Equal([2], GroupResampling.Ancestors([0, none, half, none], last, stream));
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public void Mean_offspring_is_the_weight(ResamplingScheme scheme)
    {
        // 20,000 resamplings; within 5 standard errors for each of 9 walkers.
        const int runs = 20_000;
        double[] weights = [0.5, 3, 0, 1e-3, 2.2, 0.7, 0, 1.6, 1];
        double[] logWeights = [.. weights.Select(weight => Math.Log(weight) - 700)];
        double[] sums = new double[9], squares = new double[9];
        for (int run = 0; run < runs; run++)
        {
            var offspring = new int[9];
            var planned = PlannedPopulation.Resample(scheme, logWeights, [3, 1, 4, 1], Drawn(run));
            foreach (int k in planned.Ancestors)
                offspring[k]++;
            for (int k = 0; k < 9; k++)
            {
                sums[k] += offspring[k];
                squares[k] += offspring[k] * offspring[k];
            }
        }
        for (int k = 0; k < 9; k++)
        {
            double expected = 9 * weights[k] / weights.Sum(), mean = sums[k] / runs;
            double error = Math.Sqrt(Math.Max(squares[k] / runs - mean * mean, 1e-3 * expected) / runs);
            Assert.True(Math.Abs(mean - expected) <= 5 * error,
                $"{scheme}, {k}: {mean} for {expected} ± {error}");
        }
    }

    [Fact]
    public void Even_weights_move_no_walker_and_nearly_even_ones_few()
    {
        int[] sizes = [.. Enumerable.Repeat(1000, 100)];
        var stream = Stream(0);
        double[] even = new double[100_000], nearly = new double[100_000];
        for (int k = 0; k < nearly.Length; k++)
            nearly[k] = 0.2 * stream.NextNormal();
        Assert.Equal(0, Moved(even));

        // Relative ESS 0.96. What moves over a boundary is how far the cumulative weight wandered from even:
        // at most 0.2 √M = 63 walkers or so, for 99 boundaries 6 %.
        Assert.InRange(Moved(nearly), 1, 6000);

        int Moved(double[] logWeights) =>
            PlannedPopulation.Resample(ResamplingScheme.Systematic, logWeights, sizes, Drawn(0)).Plan.Moved;
    }

    [Fact]
    public void Refused_are_populations_without_weight_and_residual_plans_without_residuals()
    {
        var none = new GroupWeight(3, double.NegativeInfinity, 0, 0);
        Assert.Throws<LeapsException>(
            () => ResamplingPlan.Create(ResamplingScheme.Systematic, [none, none], Drawn(0)));
        GroupWeight[] groups = [GroupWeight.Of([0, 0])];
        Assert.Throws<ArgumentException>(
            () => ResamplingPlan.Create(ResamplingScheme.Residual, groups, Drawn(0)));
        Assert.Throws<ArgumentException>(() => ResamplingPlan.CreateResidual(groups, [], Drawn(0)));
        Assert.Throws<LeapsException>(
            () => ResamplingPlan.CreateResidual(groups, [new GroupResidual(3, 0)], Drawn(0)));
    }
}
