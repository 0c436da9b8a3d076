using Leaps.Model.Devices;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Model.Tests.Sampling;

/// <summary>
/// A walker's numbers come from the seed, its slot and the window alone: states and log-weights are the same
/// bits for any number of threads, size of block and number of walkers, and for a run window by window.
/// </summary>
public sealed class ReproducibilityTests
{
    private const int Windows = 4;

    public static TheoryData<string, IntegratorKind> Cases => new MatrixTheoryData<string, IntegratorKind>(
        ["ising", "potts"], [IntegratorKind.Exact, IntegratorKind.Euler]);

    [Theory]
    [MemberData(nameof(Cases))]
    public void States_and_log_weights_do_not_depend_on_the_number_of_threads(
        string kind, IntegratorKind integrator)
    {
        var (target, network) = Case(kind);
        var options = Options(integrator) with
        {
            Walkers = 1001,
            ResamplingThreshold = 0.95,
            Mcmc = new McmcOptions { Kernel = McmcKernelKind.HeatBathSweep },
        };
        var one = Run(target, network, options with { Threads = 1 });
        Assert.True(one.Resamplings > 0);
        foreach (int threads in (ReadOnlySpan<int>)[2, 3, 0])
        {
            var other = Run(target, network, options with { Threads = threads });
            AssertSame(one.Walkers, other.Walkers, first: 0, one.Walkers.Count);
            Assert.Equal(one.LogNormalizerRatio, other.LogNormalizerRatio);
            Assert.Equal(one.Cost, other.Cost);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Blocks_of_one_walker_and_full_blocks_give_the_same(string kind, IntegratorKind integrator)
    {
        var (target, network) = Case(kind);
        const int walkers = 300;
        var full = MoveInBlocks(int.MaxValue);
        foreach (int size in (ReadOnlySpan<int>)[1, 7])
            AssertSame(full, MoveInBlocks(size), first: 0, walkers);

        Walkers MoveInBlocks(int size)
        {
            var population = Walkers.Uniform(target, walkers, seed: 4);
            var mover = Integrator.Create(integrator, target, network.CreateEvaluator(), seed: 4);
            size = Math.Min(size, mover.BlockWalkers);
            for (int n = 0; n < Windows; n++)
            {
                var window = new TimeWindow(n, (double)n / Windows, (n + 1.0) / Windows);
                for (int first = 0; first < walkers; first += size)
                    mover.Advance(population, first, Math.Min(size, walkers - first), window);
            }
            return population;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_slot_holds_the_same_walker_however_many_there_are_and_wherever_they_start(
        string kind, IntegratorKind integrator)
    {
        var (target, network) = Case(kind);
        var options = Options(integrator) with { Walkers = 500, ResamplingThreshold = 0 };
        var all = Run(target, network, options).Walkers;
        foreach (int count in (ReadOnlySpan<int>)[1, 37, 499])
            AssertSame(all, Run(target, network, options with { Walkers = count }).Walkers, first: 0, count);

        var annealer = new Annealer(target, network, options with { Walkers = 100 });
        var part = annealer.Start(firstSlot: 250);
        while (part.Window < annealer.Windows)
            annealer.Advance(part, TestContext.Current.CancellationToken);
        AssertSame(all, part.Walkers, first: 250, 100);
        Assert.Equal(all.Families[250..350], part.Walkers.Families);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Window_by_window_is_the_same_as_all_at_once(string kind, IntegratorKind integrator)
    {
        var (target, network) = Case(kind);
        var options = Options(integrator) with { Walkers = 400, ResamplingThreshold = 0.95 };
        var summaries = new List<WindowSummary>();
        var atOnce = new Annealer(target, network, options)
            .Run(summaries.Add, TestContext.Current.CancellationToken);
        var annealer = new Annealer(target, network, options);
        var state = annealer.Start();
        foreach (var summary in summaries)
            Assert.Equal(summary, annealer.Advance(state, TestContext.Current.CancellationToken));
        Assert.Equal(Windows, state.Window);
        Assert.Equal(Enumerable.Range(0, Windows), summaries.Select(summary => summary.Window.Index));
        AssertSame(atOnce.Walkers, state.Walkers, first: 0, atOnce.Walkers.Count);
        Assert.Equal(atOnce.LogNormalizerRatio, state.LogNormalizerRatio);
        Assert.Equal(atOnce.Resamplings, state.Resamplings);

        // Another annealer, as after a restart, goes on where this one stops.
        var resumed = annealer.Start();
        annealer.Advance(resumed, TestContext.Current.CancellationToken);
        annealer.Advance(resumed, TestContext.Current.CancellationToken);
        var successor = new Annealer(target, network, options);
        while (resumed.Window < Windows)
            successor.Advance(resumed, TestContext.Current.CancellationToken);
        AssertSame(atOnce.Walkers, resumed.Walkers, first: 0, atOnce.Walkers.Count);
    }

    [Fact]
    public void Another_seed_gives_other_walkers()
    {
        var (target, network) = Case("ising");
        var options = Options(IntegratorKind.Exact);
        var one = Run(target, network, options).Walkers;
        var other = Run(target, network, options with { Seed = options.Seed + 1 }).Walkers;
        Assert.NotEqual(one.States, other.States);
    }

    private static (Target Target, RateNetwork Network) Case(string kind)
    {
        Target target = kind == "ising" ? Lattices.Ising(4, 3, 0.3, 0.1) : Lattices.Potts(3, 3, 3, 0.6);
        return (target, SmallNetwork.Simd(target, seed: 8, meanOutput: 0.4));
    }

    private static AnnealerOptions Options(IntegratorKind integrator) =>
        new() { Integrator = integrator, Windows = Windows, Walkers = 200, Seed = 12 };

    private static AnnealingState Run(Target target, RateNetwork network, AnnealerOptions options) =>
        new Annealer(target, network, options).Run(cancellation: TestContext.Current.CancellationToken);

    // Walkers first … first + count - 1 of `all` are the walkers 0 … count - 1 of `part`.
    private static void AssertSame(Walkers all, Walkers part, int first, int count)
    {
        int sites = all.Sites;
        Assert.Equal(all.States[(first * sites)..((first + count) * sites)], part.States[..(count * sites)]);
        Assert.Equal(all.LogWeights[first..(first + count)], part.LogWeights[..count]);
    }
}
