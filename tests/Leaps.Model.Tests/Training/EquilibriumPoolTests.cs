using Leaps.Model.GroundTruth;
using Leaps.Model.Targets;
using Leaps.Model.Tests.Sampling;
using Leaps.Model.Training;

namespace Leaps.Model.Tests.Training;

/// <summary>
/// The pool of walkers near ρ_t: its times, its states against enumeration, its determinism.
/// </summary>
public sealed class EquilibriumPoolTests
{
    [Theory]
    [InlineData(400, 32)]
    [InlineData(33, 32)]
    [InlineData(32, 32)]
    [InlineData(7, 3)]
    [InlineData(5, 10)]
    [InlineData(1, 32)]
    [InlineData(100, 1)]
    public void Every_stratum_of_the_time_interval_has_its_share_of_every_batch(int pairs, int times)
    {
        var target = Lattices.Ising(3, 3, 0.4, 0);
        var pool = new EquilibriumPool(target, Options(pairs, times));
        int strata = Math.Min(pairs, times);
        var batch = new TrainingBatch(pairs, target.Sites);
        for (int update = 0; update < 20; update++)
        {
            Array.Fill(batch.Times, double.NaN);
            pool.Fill(update, batch, TestContext.Current.CancellationToken);
            Assert.Equal(batch.Times.Order(), batch.Times);     // equal times lie together
            var counts = batch.Times.CountBy(t => (int)(t * strata)).ToDictionary();
            Assert.Equal(Enumerable.Range(0, strata), counts.Keys.Order());
            Assert.All(counts.Values, count => Assert.InRange(count, pairs / strata, pairs / strata + 1));
            Assert.Equal(strata, batch.Times.Distinct().Count());
        }
    }

    [Fact]
    public void Times_are_spread_inside_their_strata()
    {
        var target = Lattices.Ising(2, 2, 0.4, 0);
        var pool = new EquilibriumPool(target, Options(pairs: 4, times: 4));
        var batch = new TrainingBatch(4, target.Sites);
        var counts = new long[40];
        for (int update = 0; update < 2000; update++)
        {
            pool.Fill(update, batch, TestContext.Current.CancellationToken);
            foreach (double t in batch.Times)
                counts[(int)(40 * t)]++;
        }
        double[] uniform = [.. Enumerable.Repeat(1.0 / 40, 40)];
        Assert.True(ChiSquare.Score(counts, uniform) < ChiSquare.Bound);
    }

    // One pass over the pool meets every walker once: independent states. |z| < 4 in each of 8 strata.
    [Theory]
    [InlineData("ising")]
    [InlineData("potts")]
    public void Energies_are_near_the_enumerated_ones_at_every_time(string kind)
    {
        const int strata = 8, pairs = 400, rounds = 20;
        Target target = kind == "ising" ? Lattices.Ising(4, 4, 0.44, 0.05) : Lattices.Potts(3, 3, 3, 0.9);
        var density = DensityOfStates.Of(target);
        var pool = new EquilibriumPool(target, Options(pairs, strata) with { PoolWalkers = pairs * rounds });
        var batch = new TrainingBatch(pairs, target.Sites);
        foreach (int firstUpdate in (ReadOnlySpan<int>)[0, 10 * rounds])
        {
            var deviations = Enumerable.Range(0, strata).Select(_ => new List<double>()).ToArray();
            var exact = new Dictionary<double, double>();
            for (int update = firstUpdate; update < firstUpdate + rounds; update++)
            {
                pool.Fill(update, batch, TestContext.Current.CancellationToken);
                for (int b = 0; b < pairs; b++)
                {
                    double t = batch.Times[b];
                    if (!exact.TryGetValue(t, out double mean))
                        exact[t] = mean = density.At(t).EnergyPerSite;
                    var state = batch.States.AsSpan(b * target.Sites, target.Sites);
                    deviations[(int)(t * strata)].Add(Scores.EnergyPerSite(target, state) - mean);
                }
            }
            for (int stratum = 0; stratum < strata; stratum++)
            {
                Assert.Equal(pairs * rounds / strata, deviations[stratum].Count);
                var score = Score.Of(deviations[stratum], 0);
                Assert.True(score.StdErr < 0.02, $"blind: {score}");
                Assert.True(Math.Abs(score.Z) < 4, $"stratum {stratum} from update {firstUpdate}: {score}");
            }
        }
    }

    [Fact]
    public void Batches_are_the_same_for_the_same_seed_and_any_number_of_threads()
    {
        var target = Lattices.Potts(3, 3, 3, 0.6);
        var options = Options(pairs: 50, times: 7) with { PoolWalkers = 150, Threads = 1 };
        var expected = Batches(options);
        Assert.Equal(expected, Batches(options));
        Assert.Equal(expected, Batches(options with { Threads = 2 }));
        Assert.Equal(expected, Batches(options with { Threads = 3 }));
        Assert.NotEqual(expected, Batches(options with { Seed = 99 }));

        List<double> Batches(TrainingOptions used)
        {
            var pool = new EquilibriumPool(target, used);
            var batch = new TrainingBatch(used.Batch, target.Sites);
            var numbers = new List<double>();
            for (int update = 0; update < 8; update++)
            {
                pool.Fill(update, batch);
                numbers.AddRange(batch.Times);
                numbers.AddRange(batch.States.Select(x => (double)x));
            }
            return numbers;
        }
    }

    private static TrainingOptions Options(int pairs, int times) =>
        new() { Batch = pairs, PoolTimes = times, PoolWalkers = 4 * pairs, Seed = 2 };
}
