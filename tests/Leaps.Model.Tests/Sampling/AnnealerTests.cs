using Leaps.Model.GroundTruth;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Model.Tests.Sampling;

/// <summary>
/// Algorithm 1: log Z across resamplings, when it resamples, what its options allow, and memory.
/// </summary>
public sealed class AnnealerTests
{
    // Z by the scatter of 60 runs, |z| < 4; a lost log mean e^a would shift log Z by about one.
    [Theory]
    [InlineData(McmcKernelKind.HeatBathSweep, 1)]
    [InlineData(McmcKernelKind.SwendsenWang, 0.9)]
    [InlineData(McmcKernelKind.Metropolis, 0)]
    public void Log_Z_is_never_lost_across_resamplings(McmcKernelKind kernel, double threshold)
    {
        var target = Lattices.Ising(4, 4, 0.4407, 0);
        double exact = Enumeration.At(target, 1).LogNormalizer;
        double[] ratios = new double[60], errors = new double[60];
        for (int run = 0; run < ratios.Length; run++)
        {
            var annealer = new Annealer(target, null, new AnnealerOptions
            {
                Walkers = 1000,
                Windows = 10,
                ResamplingThreshold = threshold,
                Mcmc = new McmcOptions { Kernel = kernel, Sweeps = 2 },
                Seed = (ulong)run,
            });
            WindowSummary? last = null;
            var state = annealer.Run(summary => last = summary, TestContext.Current.CancellationToken);
            Assert.Equal(threshold > 0, state.Resamplings > 0);
            double logMean = LogWeights.LogMeanExp(state.Walkers.LogWeights);
            Assert.Equal(target.LogInitialNormalizer + state.LogNormalizerRatio + logMean, last!.LogZ, 1e-12);
            ratios[run] = Math.Exp(last.LogZ - exact);
            errors[run] = last.LogZStdErr;
        }
        var score = Score.Of(ratios, 1);
        Assert.True(score.StdErr < 0.01, $"blind: {score}");
        Assert.True(Math.Abs(score.Z) < 4, score.ToString());

        // The error that a run reports is that of a run, or larger: families forget what MCMC renews.
        double scatter = score.StdErr * Math.Sqrt(ratios.Length);
        Assert.InRange(errors.Average(), 0.75 * scatter, threshold > 0 ? 10 * scatter : 1.25 * scatter);
    }

    [Fact]
    public void Log_Z_of_every_window_is_that_of_its_time()
    {
        var target = Lattices.Ising(4, 4, 0.4407, 0.1);
        var density = DensityOfStates.Of(target);
        var annealer = new Annealer(target, null, Options(threshold: 0.7) with
        {
            Walkers = 20_000,
            Mcmc = new McmcOptions { Kernel = McmcKernelKind.HeatBathSweep, Sweeps = 3 },
        });
        annealer.Run(summary =>
        {
            double exact = density.At(summary.Window.End).LogNormalizer;
            Assert.True(Math.Abs(summary.LogZ - exact) < 4 * summary.LogZStdErr,
                $"window {summary.Window.Index}: {summary.LogZ} ± {summary.LogZStdErr}, exact {exact}");
        }, TestContext.Current.CancellationToken);
    }

    [Fact]
    public void Threshold_0_never_resamples()
    {
        var (state, resampled) = Run(Options(threshold: 0));
        Assert.DoesNotContain(true, resampled);
        Assert.Equal(0, state.Resamplings);
        Assert.Equal(0, state.LogNormalizerRatio);
        Assert.Equal(Enumerable.Range(0, state.Walkers.Count), state.Walkers.Families);
    }

    [Fact]
    public void Threshold_1_resamples_after_every_window_but_the_last()
    {
        var (state, resampled) = Run(Options(threshold: 1));
        Assert.Equal(Enumerable.Repeat(true, resampled.Count - 1).Append(false), resampled);
        Assert.Equal(resampled.Count - 1, state.Resamplings);
        Assert.Contains(state.Walkers.LogWeights, weight => weight != 0);
    }

    [Fact]
    public void In_between_it_resamples_where_the_relative_ESS_is_below_the_threshold()
    {
        var target = Lattices.Ising(4, 4, 0.4407, 0);
        var summaries = new List<WindowSummary>();
        new Annealer(target, null, Options(threshold: 0.8))
            .Run(summaries.Add, TestContext.Current.CancellationToken);
        Assert.All(summaries.SkipLast(1), summary =>
            Assert.Equal(summary.RelativeEss < 0.8, summary.Resampled));
        Assert.Contains(summaries, summary => summary.Resampled);
        Assert.Contains(summaries.SkipLast(1), summary => !summary.Resampled);
    }

    [Fact]
    public void A_rate_of_sweeps_moves_that_share_of_the_walkers()
    {
        var target = Lattices.Ising(4, 4, 0.1, 0);
        const int walkers = 20_000;
        var annealer = new Annealer(target, null, Options(threshold: 0) with
        {
            Walkers = walkers,
            Windows = 4,
            Mcmc = new McmcOptions { Kernel = McmcKernelKind.SwendsenWang, Rate = 1.2 },
        });
        var state = annealer.Start();
        annealer.Advance(state, TestContext.Current.CancellationToken);
        byte[] before = [.. state.Walkers.States];
        annealer.Advance(state, TestContext.Current.CancellationToken);
        int moved = Enumerable.Range(0, walkers)
            .Count(m => !state.Walkers.State(m).SequenceEqual(before.AsSpan(m * 16, 16)));
        // h ε = 0.3; that a cluster move leaves a state unchanged is rare at weak coupling (2^-16 at βJ = 0).
        double error = Math.Sqrt(0.3 * 0.7 / walkers);
        Assert.Equal(0.3, (double)moved / walkers, 4.5 * error);
    }

    public static TheoryData<string, AnnealerOptions> OutOfRange()
    {
        var o = new AnnealerOptions();
        return new()
        {
            { "walkers is 0; allowed: 1 to 100,000,000.", o with { Walkers = 0 } },
            { "windows is 0; allowed: 1 to 1,000,000.", o with { Windows = 0 } },
            { "windows is 1000001; allowed: 1 to 1,000,000.", o with { Windows = 1_000_001 } },
            { "grid-target is 1; allowed: between 0 and 1, both excluded.", o with { GridTarget = 1 } },
            { "resampling threshold is 1.5; allowed: 0 to 1.", o with { ResamplingThreshold = 1.5 } },
            { "resampling threshold is NaN; allowed: 0 to 1.", o with { ResamplingThreshold = double.NaN } },
            { "mcmc sweeps is -1; allowed: 0 or more.", o with { Mcmc = o.Mcmc with { Sweeps = -1 } } },
            { "mcmc moves is -2; allowed: 0 or more.", o with { Mcmc = o.Mcmc with { Moves = -2 } } },
            {
                "mcmc rate is -0.5; allowed: a finite number, 0 or more.",
                o with { Mcmc = o.Mcmc with { Rate = -0.5 } }
            },
            { "threads is -1; allowed: 0 to 4096.", o with { Threads = -1 } },
            { "threads is 5000; allowed: 0 to 4096.", o with { Threads = 5000 } },
        };
    }

    [Theory]
    [MemberData(nameof(OutOfRange), DisableDiscoveryEnumeration = true)]
    public void Options_out_of_range_are_refused_by_name(string message, AnnealerOptions options)
    {
        var target = Lattices.Ising(2, 2, 0.3, 0);
        var error = Assert.Throws<LeapsException>(() => new Annealer(target, null, options));
        Assert.Equal(message, error.Message);
    }

    [Fact]
    public void A_network_for_another_target_is_refused()
    {
        var network = SmallNetwork.Simd(Lattices.Ising(3, 3, 0.3, 0), seed: 1, meanOutput: 0.1);
        string Refused(Target target) => Assert.Throws<LeapsException>(
            () => new Annealer(target, network, new AnnealerOptions())).Message;
        Assert.Equal("The network was made for the lattice L=3, the target has L=4.",
            Refused(Lattices.Ising(4, 4, 0.3, 0)));
        Assert.Equal("The network was made for ising, the target is potts with 3 states.",
            Refused(Lattices.Potts(3, 3, 3, 0.3)));
    }

    [Fact]
    public void A_walker_of_L_15_takes_less_than_a_kilobyte_also_while_it_is_resampled()
    {
        const int walkers = 2000;
        var target = Lattices.Ising(15, 15, 0.4407, 0);
        long before = GC.GetAllocatedBytesForCurrentThread();
        var population = Walkers.Uniform(target, walkers, seed: 1);
        int[] ancestors = new int[walkers];
        population.TakeAncestors(ancestors);
        double each = (double)(GC.GetAllocatedBytesForCurrentThread() - before) / walkers;
        Assert.InRange(each, 225, 1024);
        Assert.All(population.Families, family => Assert.Equal(0, family));
    }

    [Fact]
    public void Cancelling_stops_between_windows()
    {
        using var source = new CancellationTokenSource();
        var annealer = new Annealer(Lattices.Ising(2, 2, 0.3, 0), null, Options(threshold: 0));
        int windows = 0;
        Assert.Throws<OperationCanceledException>(() => annealer.Run(
            _ =>
            {
                if (++windows == 3)
                    source.Cancel();
            }, source.Token));
        Assert.Equal(3, windows);
    }

    private static AnnealerOptions Options(double threshold) =>
        new() { Walkers = 500, Windows = 10, ResamplingThreshold = threshold, Seed = 9 };

    private static (AnnealingState State, List<bool> Resampled) Run(AnnealerOptions options)
    {
        var resampled = new List<bool>();
        var state = new Annealer(Lattices.Ising(4, 4, 0.4407, 0), null, options)
            .Run(summary => resampled.Add(summary.Resampled), TestContext.Current.CancellationToken);
        return (state, resampled);
    }
}
