using Leaps.Model.Devices;
using Leaps.Model.GroundTruth;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Model.Tests.Sampling;

/// <summary>The three grids; the adaptive one by what it promises, with fixed seeds.</summary>
public sealed class TimeGridTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(300)]
    public void Uniform_and_exp_2_grids_have_the_times_of_their_formulas(int windows)
    {
        double[] uniform = TimeGrid.Uniform(windows), exp2 = TimeGrid.Exp2(windows);
        Assert.Equal(windows + 1, uniform.Length);
        Assert.Equal(windows + 1, exp2.Length);
        TimeGrid.Validate(uniform);
        TimeGrid.Validate(exp2);
        for (int n = 0; n <= windows; n++)
        {
            double u = (double)n / windows;
            Assert.Equal(u, uniform[n], 1e-15);
            double root = (1 - Math.Exp(-5 * u)) / (1 - Math.Exp(-5));
            Assert.Equal(root * root * root, exp2[n], 1e-15);
        }
    }

    [Fact]
    public void The_annealer_uses_the_grid_of_its_options_or_the_one_it_is_given()
    {
        var target = Lattices.Ising(2, 2, 0.3, 0);
        var options = new AnnealerOptions { Windows = 6 };
        Assert.Equal(TimeGrid.Uniform(6), new Annealer(target, null, options).Times);
        var exp2 = options with { Grid = TimeGridKind.Exp2 };
        Assert.Equal(TimeGrid.Exp2(6), new Annealer(target, null, exp2).Times);
        var given = new Annealer(target, null, exp2, [0, 0.7, 1]);
        Assert.Equal([0, 0.7, 1], given.Times);
        Assert.Equal(2, given.Windows);
    }

    [Theory]
    [InlineData(new double[] { 0 }, "A time grid must start at 0 and end at 1.")]
    [InlineData(new[] { 0.1, 1 }, "A time grid must start at 0 and end at 1.")]
    [InlineData(new[] { 0, 0.9 }, "A time grid must start at 0 and end at 1.")]
    [InlineData(new[] { 0, 0.5, 0.5, 1 }, "The times of a grid must rise.")]
    [InlineData(new[] { 0, 0.6, 0.4, 1 }, "The times of a grid must rise.")]
    [InlineData(new[] { 0, double.NaN, 1 }, "The times of a grid must rise.")]
    public void Grids_that_do_not_rise_from_0_to_1_are_refused(double[] times, string message)
    {
        var target = Lattices.Ising(2, 2, 0.3, 0);
        var error = Assert.Throws<LeapsException>(
            () => new Annealer(target, null, new AnnealerOptions(), times));
        Assert.Equal(message, error.Message);
    }

    // What an independent run that starts every window from equal weights reaches. The pilot's 512 walkers
    // see too little of the heaviest weights of a long window: hence the room below.
    [Theory]
    [InlineData(0.8)]
    [InlineData(0.95)]
    public void Every_window_of_an_adaptive_grid_but_the_last_keeps_the_relative_ESS_asked_for(double goal)
    {
        var target = Lattices.Ising(4, 4, 0.4407, 0.02);
        var options = Adaptive(windows: 200, goal) with { Walkers = 4000, ResamplingThreshold = 1 };
        var annealer = new Annealer(target, null, options);
        TimeGrid.Validate(annealer.Times);
        Assert.InRange(annealer.Windows, 3, 40);
        var reached = new List<double>();
        annealer.Run(summary => reached.Add(summary.RelativeEss), TestContext.Current.CancellationToken);
        double room = 1 - goal;
        Assert.All(reached.SkipLast(1), ess => Assert.InRange(ess, goal - 0.8 * room, goal + 0.5 * room));
        Assert.InRange(reached.SkipLast(1).Average(), goal - 0.3 * room, goal + 0.3 * room);
        Assert.InRange(reached[^1], goal - 0.3 * room, 1);
    }

    [Fact]
    public void With_a_network_the_predicted_relative_ESS_is_near_the_one_reached()
    {
        const double goal = 0.9;
        var target = Lattices.Potts(3, 3, 3, 0.6);
        var network = SmallNetwork.Simd(target, seed: 2, meanOutput: 0.1);
        var options = Adaptive(windows: 200, goal) with { Walkers = 4000, ResamplingThreshold = 1 };
        var annealer = new Annealer(target, network, options);
        var reached = new List<double>();
        annealer.Run(summary => reached.Add(summary.RelativeEss), TestContext.Current.CancellationToken);
        Assert.True(reached.Count > 2);
        Assert.All(reached.SkipLast(1), ess => Assert.InRange(ess, 0.85, 0.95));
    }

    [Fact]
    public void A_stricter_goal_takes_more_windows_and_an_easy_one_takes_a_single_window()
    {
        var target = Lattices.Ising(4, 4, 0.4, 0);
        int[] windows = [.. new[] { 0.5, 0.8, 0.95, 0.99 }.Select(goal =>
            new Annealer(target, null, Adaptive(windows: 500, goal)).Windows)];
        Assert.Equal(windows.Order(), windows);
        Assert.True(windows[3] > 2 * windows[0]);
        var weak = Lattices.Ising(4, 4, 0.01, 0);
        Assert.Equal([0, 1], new Annealer(weak, null, Adaptive(windows: 1, goal: 0.9)).Times);
    }

    // Each run has a pilot and a grid of its own: |z| < 4 by the scatter of 60 runs.
    [Fact]
    public void Log_Z_stays_unbiased_on_adaptive_grids()
    {
        var target = Lattices.Ising(3, 3, 0.25, 0.05);
        var network = SmallNetwork.Simd(target, seed: 3, meanOutput: 0.1);
        double exact = Enumeration.At(target, 1).LogNormalizer;
        var ratios = new double[60];
        var grids = new HashSet<int>();
        for (int run = 0; run < ratios.Length; run++)
        {
            var options = Adaptive(windows: 100, goal: 0.8) with
            {
                Walkers = 500,
                Seed = (ulong)run,
                ResamplingThreshold = 0.9,
            };
            var annealer = new Annealer(target, network, options);
            grids.Add(annealer.Windows);
            double logZ = double.NaN;
            annealer.Run(summary => logZ = summary.LogZ, TestContext.Current.CancellationToken);
            ratios[run] = Math.Exp(logZ - exact);
        }
        var score = Score.Of(ratios, 1);
        Assert.True(score.StdErr < 0.01, $"blind: {score}");
        Assert.True(Math.Abs(score.Z) < 4, score.ToString());
        Assert.True(grids.Min() > 1);
    }

    [Fact]
    public void The_grid_is_the_same_for_the_same_seed_and_any_number_of_threads()
    {
        var target = Lattices.Ising(3, 3, 0.4, 0.05);
        RateNetwork network = SmallNetwork.Simd(target, seed: 3, meanOutput: 0.1);
        double[] Times(int threads, ulong seed) => new Annealer(
            target, network, Adaptive(windows: 100, goal: 0.9) with { Threads = threads, Seed = seed }).Times;
        double[] one = Times(1, seed: 5);
        Assert.Equal(one, Times(1, seed: 5));
        Assert.Equal(one, Times(2, seed: 5));
        Assert.Equal(one, Times(3, seed: 5));
        Assert.NotEqual(one, Times(1, seed: 6));
    }

    [Fact]
    public void Too_few_windows_for_the_goal_are_an_error_that_says_what_to_do()
    {
        Target target = Lattices.Ising(4, 4, 0.4407, 0);
        var enough = Adaptive(windows: 100, goal: 0.9);
        int needed = new Annealer(target, null, enough).Windows;
        Assert.Equal(needed, new Annealer(target, null, enough with { Windows = needed }).Windows);
        var error = Assert.Throws<LeapsException>(
            () => new Annealer(target, null, enough with { Windows = needed - 1 }));
        Assert.Matches(
            $@"^The adaptive grid reached only t = 0\.\d+ in {needed - 1} windows: allow more windows, ",
            error.Message);
    }

    private static AnnealerOptions Adaptive(int windows, double goal) => new()
    {
        Windows = windows,
        Grid = TimeGridKind.Adaptive,
        GridTarget = goal,
        Mcmc = new McmcOptions { Kernel = McmcKernelKind.HeatBathSweep, Sweeps = 2 },
        Seed = 3,
    };
}
