using Leaps.Model.Random;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;
using Xunit;

namespace Leaps.Model.Tests.Sampling;

public sealed class WalkerGroupsTests
{
    [Theory]
    [InlineData(1, 0, 1)]
    [InlineData(255, 0, 1)]
    [InlineData(1000, 0, 3)]
    [InlineData(1_000_000, 0, 64)]
    [InlineData(10, 7, 7)]
    public void Groups_are_as_even_as_possible(int walkers, int groups, int expected)
    {
        int[] sizes = WalkerGroups.Sizes(walkers, groups);
        Assert.Equal(expected, sizes.Length);
        Assert.Equal(walkers, sizes.Sum());
        Assert.True(sizes.Max() - sizes.Min() <= 1);
        Assert.Equal(sizes.OrderDescending(), sizes);
    }

    [Fact]
    public void Family_sums_of_groups_are_those_of_the_whole_population()
    {
        var stream = new RandomStream(5, RandomPurpose.Test, 0);
        for (int trial = 0; trial < 500; trial++)
        {
            int count = 2 + stream.NextInt(40), groups = 1 + stream.NextInt(count);
            var walkers = new Walkers(count, 1);
            for (int m = 0, family = 0; m < count; m++)
            {
                family += stream.NextInt(4) == 0 ? 1 + stream.NextInt(3) : 0;
                walkers.Families[m] = family;
                walkers.LogWeights[m] = trial % 3 == 0 && stream.NextInt(4) == 0 && m > 0
                    ? double.NegativeInfinity : 600 * stream.NextDouble();
            }
            var statistics = GroupStatistics.OfEach(walkers, WalkerGroups.Sizes(count, groups));
            foreach (int resamplings in (int[])[0, 3])
            {
                double whole = Families.LogZVariance(walkers.LogWeights, walkers.Families, resamplings);
                Assert.Equal(whole, Families.LogZVariance(statistics, resamplings), 1e-12);
            }
        }
    }

    [Fact]
    public void Groups_change_the_rounding_of_a_run_and_no_more()
    {
        var schedule = new CouplingSchedule(
            ScheduleShape.Linear, new Couplings(0, 0, 0.44), new Couplings(1, 0, 0.44));
        var target = new IsingTarget(new Lattice(4, 4), schedule);
        var options = new AnnealerOptions
        {
            Walkers = 300,
            Windows = 10,
            ResamplingThreshold = 0.95,
            Seed = 3,
            Mcmc = new McmcOptions { Kernel = McmcKernelKind.HeatBathSweep },
        };
        var one = new Annealer(target, null, options with { Groups = 1 })
            .Run(cancellation: TestContext.Current.CancellationToken);
        var seven = new Annealer(target, null, options with { Groups = 7 })
            .Run(cancellation: TestContext.Current.CancellationToken);
        Assert.True(one.Resamplings > 0);
        Assert.Equal(one.LogNormalizerRatio, seven.LogNormalizerRatio, 1e-10);
        Assert.Equal(one.Walkers.States, seven.Walkers.States);
        Assert.Equal(one.Walkers.Families, seven.Walkers.Families);
    }
}
