using Leaps.Model.GroundTruth;
using Leaps.Model.Observables;
using Leaps.Model.Random;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Model.Tests.Observables;

public sealed class ReplicaEnsembleTests(ITestOutputHelper output)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static readonly IsingTarget s_target = Lattices.Ising(3, 3, 0.6, 0.05);

    private static AnnealerOptions Options(ResamplingScheme scheme = ResamplingScheme.Systematic) => new()
    {
        Walkers = 100,
        Windows = 8,
        ResamplingThreshold = 0.7,
        Resampling = scheme,
        Mcmc = new McmcOptions { Kernel = McmcKernelKind.HeatBathSweep },
        Seed = 11,
        Threads = 1,
    };

    [Theory]
    [InlineData(TimeGridKind.Exp2)]
    [InlineData(TimeGridKind.Adaptive)]
    public void One_replica_is_a_plain_run_bit_for_bit(TimeGridKind grid)
    {
        var options = Options() with { Grid = grid, Windows = grid == TimeGridKind.Adaptive ? 200 : 8 };
        var annealer = new Annealer(s_target, null, options);
        var plain = new List<WindowSummary>();
        var state = annealer.Run(plain.Add, Cancellation);

        var seen = new List<WindowSummary>();
        var result = new ReplicaEnsemble(s_target, null, options, replicas: 1)
            .Run((_, summary) => seen.Add(summary), Cancellation);

        Assert.True(state.Resamplings > 0);
        Assert.Equal(plain, seen);
        Assert.Equal(state.Walkers.States, result.Walkers.States);
        Assert.Equal(state.Walkers.Families, result.Walkers.Families);
        Assert.Equal(
            state.Walkers.LogWeights.Select(a => a + state.LogNormalizerRatio), result.Walkers.LogWeights);
        Assert.Equal(plain, result.Windows.Select(w => new WindowSummary(
            w.Window, w.RelativeEss, w.LogZ, w.LogZStdErr, w.Resampled.Length == 1, w.Cost)));
        Assert.Equal([plain[^1].LogZ], result.ReplicaLogZ);
        Assert.Equal([state.Resamplings], result.Resamplings);
        Assert.True(double.IsNaN(result.LogZScatter));
    }

    [Theory]
    [InlineData(ResamplingScheme.Systematic)]
    [InlineData(ResamplingScheme.Multinomial)]
    public void Replicas_are_plain_runs_with_seeds_of_their_own_pooled_by_their_normalizers(
        ResamplingScheme scheme)
    {
        const int replicas = 4;
        var options = Options(scheme) with { Grid = TimeGridKind.Adaptive, Windows = 200 };
        var ensemble = new ReplicaEnsemble(s_target, null, options, replicas);
        var result = ensemble.Run(cancellation: Cancellation);
        var states = new AnnealingState[replicas];
        var runs = new List<WindowSummary>[replicas];
        for (int r = 0; r < replicas; r++)
        {
            ulong derived = RandomStream.DeriveSeed(options.Seed, RandomPurpose.Replica, r);
            ulong seed = r == 0 ? options.Seed : derived;
            var annealer = new Annealer(s_target, null, options with { Seed = seed }, ensemble.Times);
            states[r] = annealer.Start(r * options.Walkers);
            runs[r] = [];
            while (states[r].Window < annealer.Windows)
                runs[r].Add(annealer.Advance(states[r], TestContext.Current.CancellationToken));
        }

        Assert.Equal(states.SelectMany(s => s.Walkers.States), result.Walkers.States);
        Assert.Equal(states.SelectMany(s => s.Walkers.Families), result.Walkers.Families);
        Assert.Equal(runs.Select(run => run[^1].LogZ), result.ReplicaLogZ);
        Assert.Equal(states.Select(s => s.Resamplings), result.Resamplings);
        Assert.Equal(scheme == ResamplingScheme.Multinomial, result.MultinomialResamplings > 0);
        for (int n = 0; n < ensemble.Windows; n++)
        {
            var window = result.Windows[n];
            Assert.Equal(Enumerable.Range(0, replicas).Where(r => runs[r][n].Resampled), window.Resampled);
            Assert.Equal(Math.Log(runs.Average(run => Math.Exp(run[n].LogZ))), window.LogZ, 10);
        }

        // The last window and the pooled population tell the same.
        double logNormalizer =
            s_target.LogInitialNormalizer + LogWeights.LogMeanExp(result.Walkers.LogWeights);
        Assert.Equal(logNormalizer, result.LogZ, 10);
        Assert.Equal(logNormalizer, result.Windows[^1].LogZ, 10);
        Assert.Equal(LogWeights.RelativeEss(result.Walkers.LogWeights), result.Windows[^1].RelativeEss, 10);
        double blocked = Math.Sqrt(Families.LogZVariance(
            result.Walkers.LogWeights, result.Walkers.Families, result.MultinomialResamplings));
        output.WriteLine($"{result.LogZ}: {blocked} {result.Windows[^1].LogZStdErr} {result.LogZScatter}");
        Assert.InRange(result.Windows[^1].LogZStdErr / blocked, 0.9, 1.1);
        // Different walkers, all families distinct between replicas.
        Assert.Equal(replicas, states.Select(s => Convert.ToHexString(s.Walkers.States)).Distinct().Count());
        Assert.All(Enumerable.Range(0, result.Walkers.Count), m =>
            Assert.Equal(m / options.Walkers, result.Walkers.Families[m] / options.Walkers));
    }

    /// <summary>
    /// 150 ensembles of 8 replicas: both error bars of log Z against its scatter about the enumerated value.
    /// Variances of z: multinomial resampling, families 1 ± 0.35; replicas, with 7 degrees of freedom,
    /// 7/5 in the mean, within 1 to 2. The mean of z has a standard error of 0.08; bound 0.3.
    /// </summary>
    [Fact]
    public void Families_and_replicas_give_honest_error_bars_of_log_Z()
    {
        const int ensembles = 150, replicas = 8;
        double exact = Enumeration.At(s_target, 1).LogNormalizer;
        var families = new double[ensembles];
        var scatter = new double[ensembles];
        for (int k = 0; k < ensembles; k++)
        {
            var options = Options(ResamplingScheme.Multinomial) with { Walkers = 60, Seed = 500 + (ulong)k };
            var result = new ReplicaEnsemble(s_target, null, options, replicas)
                .Run(cancellation: Cancellation);
            var got = PopulationEstimator.Of(s_target, result.Walkers, 0, result.MultinomialResamplings);
            Assert.Equal(result.LogZ, got.LogZ.Value, 10);
            families[k] = (got.LogZ.Value - exact) / got.LogZ.StdErr;
            scatter[k] = (result.LogZ - exact) / result.LogZScatter;
        }
        var (mean, variance) = Moments(families);
        var (replicaMean, replicaVariance) = Moments(scatter);
        output.WriteLine($"families {mean:F3}, {variance:F3}");
        output.WriteLine($"replicas {replicaMean:F3}, {replicaVariance:F3}");
        Assert.InRange(mean, -0.3, 0.3);
        Assert.InRange(variance, 0.65, 1.35);
        Assert.InRange(replicaMean, -0.4, 0.4);
        Assert.InRange(replicaVariance, 1.0, 2.0);
    }

    [Fact]
    public void Every_window_of_every_replica_is_reported_and_a_run_can_be_cancelled_between_windows()
    {
        var seen = new List<(int Replica, int Window)>();
        using var source = new CancellationTokenSource();
        var ensemble = new ReplicaEnsemble(s_target, null, Options(), replicas: 3);
        Assert.Throws<OperationCanceledException>(() => ensemble.Run(
            (replica, summary) =>
            {
                seen.Add((replica, summary.Window.Index));
                if (replica == 1 && summary.Window.Index == 2)
                    source.Cancel();
            },
            source.Token));
        Assert.Equal([.. Enumerable.Range(0, 8).Select(n => (0, n)), (1, 0), (1, 1), (1, 2)], seen);
    }

    [Theory]
    [InlineData(0, 100, "replicas is 0")]
    [InlineData(3, 100_000_000, "use at most")]
    [InlineData(int.MaxValue, 100_000_000, "use at most")]
    public void Impossible_numbers_of_replicas_are_refused(int replicas, int walkers, string expected)
    {
        var options = Options() with { Walkers = walkers };
        var failure = Assert.Throws<LeapsException>(() =>
            new ReplicaEnsemble(s_target, null, options, replicas));
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
    }

    private static (double Mean, double Variance) Moments(double[] values)
    {
        double mean = values.Average();
        return (mean, values.Sum(x => (x - mean) * (x - mean)) / (values.Length - 1));
    }
}
