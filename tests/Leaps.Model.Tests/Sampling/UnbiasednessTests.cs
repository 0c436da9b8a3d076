using Leaps.Model.Devices;
using Leaps.Model.GroundTruth;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Model.Tests.Sampling;

/// <summary>
/// The promise of the exact integrator: E[e^a] = Z_1/Z_0 for any grid, whatever the network, with or without
/// MCMC between windows; and that weighted states are samples of ρ_1. Networks are random and untrained.
/// Scores must lie within 4 standard errors (false-alarm rate 6e-5 each were the seeds free) with the
/// standard error of Z below 1 %, and Euler's bias must show in the same settings.
/// </summary>
public sealed class UnbiasednessTests
{
    private const double Bound = 4, EulerBound = 6, LargestError = 0.01;
    private const int Walkers = 60_000;

    public static TheoryData<string, int, McmcKernelKind> Cases()
    {
        var cases = new TheoryData<string, int, McmcKernelKind>();
        foreach (string kind in (ReadOnlySpan<string>)["ising", "ising-field", "potts-2x3", "potts-3x3"])
        {
            foreach (int windows in (ReadOnlySpan<int>)[1, 2, 5])
            {
                cases.Add(kind, windows, McmcKernelKind.None);
                if (windows == 1)
                    continue;       // nothing to sweep at t = 0
                cases.Add(kind, windows, McmcKernelKind.HeatBathSweep);
                cases.Add(kind, windows, McmcKernelKind.Metropolis);
                cases.Add(kind, windows, McmcKernelKind.SwendsenWang);
            }
        }
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_mean_weight_is_the_ratio_of_normalizers_and_weighted_states_are_samples(
        string kind, int windows, McmcKernelKind kernel)
    {
        var target = SmallTarget(kind);
        var walkers = Run(target, Network(target), Options(windows, kernel));
        AssertExact(target, walkers, LargestError);
    }

    [Theory]
    [InlineData("ising", 1)]
    [InlineData("ising", 2)]
    [InlineData("ising-field", 1)]
    [InlineData("ising-field", 2)]
    [InlineData("potts-2x3", 1)]
    [InlineData("potts-2x3", 2)]
    [InlineData("potts-3x3", 1)]
    [InlineData("potts-3x3", 2)]
    public void The_bias_of_Euler_shows_in_the_same_settings(string kind, int windows)
    {
        var target = SmallTarget(kind);
        var options = Options(windows) with { Integrator = IntegratorKind.Euler };
        var score = Scores.Normalizer(target, Run(target, Network(target), options).LogWeights);
        Assert.True(Math.Abs(score.Z) > EulerBound, score.ToString());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void At_the_critical_coupling_four_hundred_thousand_walkers_tell_exact_from_Euler(int windows)
    {
        var target = Lattices.Ising(3, 3, 0.44, 0);
        var network = Network(target);
        var options = Options(windows) with { Walkers = 400_000 };
        AssertExact(target, Run(target, network, options), largestError: 0.025);
        if (windows > 2)
            return;
        var euler = Run(target, network, options with { Integrator = IntegratorKind.Euler });
        var score = Scores.Normalizer(target, euler.LogWeights);
        Assert.True(Math.Abs(score.Z) > EulerBound, score.ToString());
    }

    // Weak coupling keeps the weights of the energies small, so that what is tested is the part of the jumps.
    [Theory]
    [InlineData("ising", 1)]
    [InlineData("ising", 3)]
    [InlineData("potts", 1)]
    [InlineData("potts", 3)]
    public void Many_jumps_are_weighted_exactly(string kind, int windows)
    {
        Target target = kind == "ising" ? Lattices.Ising(3, 3, 0.12, 0.08) : Lattices.Potts(3, 3, 3, 0.2);
        var network = SmallNetwork.Circulating(target, seed: 5, meanOutput: 0.7);
        var annealer = new Annealer(target, network, Options(windows) with { Walkers = 150_000 });
        var state = annealer.Run(cancellation: TestContext.Current.CancellationToken);
        Assert.True(state.Cost.Jumps > 2 * state.Walkers.Count, $"{state.Cost}");
        AssertExact(target, state.Walkers, LargestError);
    }

    [Fact]
    public void It_holds_on_the_Reference_device_too()
    {
        var target = Lattices.Ising(3, 3, 0.1, 0.05);
        var network = SmallNetwork.Reference(target, seed: 1, meanOutput: 0.15);
        AssertExact(target, Run(target, network, Options(2) with { Walkers = 20_000 }), LargestError);
    }

    [Theory]
    [InlineData(TimeGridKind.Exp2)]
    [InlineData(TimeGridKind.Adaptive)]
    public void It_holds_on_other_grids_and_with_schedules_that_are_not_linear(TimeGridKind grid)
    {
        var target = new IsingTarget(new Lattice(3, 3), new CouplingSchedule(
            ScheduleShape.Trig, new Couplings(0, 0, 0.3), new Couplings(0.35, 0.15, 0.4)));
        var options = Options(windows: 6) with { Grid = grid, GridTarget = 0.8 };
        AssertExact(target, Run(target, Network(target), options), LargestError);
    }

    private static Target SmallTarget(string kind) => kind switch
    {
        "ising" => Lattices.Ising(3, 3, 0.18, 0),
        "ising-field" => Lattices.Ising(3, 3, 0.15, 0.1),
        "potts-2x3" => Lattices.Potts(2, 3, 3, 0.3),
        _ => Lattices.Potts(3, 3, 3, 0.25),
    };

    private static RateNetwork Network(Target target) =>
        SmallNetwork.Simd(target, seed: 1, meanOutput: 0.15);

    private static AnnealerOptions Options(int windows, McmcKernelKind kernel = McmcKernelKind.None) => new()
    {
        Walkers = Walkers,
        Windows = windows,
        ResamplingThreshold = 0,
        Mcmc = new McmcOptions { Kernel = kernel },
        Seed = (ulong)(100 * windows + (int)kernel),
    };

    private static Walkers Run(Target target, RateNetwork network, AnnealerOptions options) =>
        new Annealer(target, network, options)
            .Run(cancellation: TestContext.Current.CancellationToken).Walkers;

    private static void AssertExact(Target target, Walkers walkers, double largestError)
    {
        var exact = Enumeration.At(target, 1);
        var normalizer = Scores.Normalizer(target, walkers.LogWeights);
        Assert.True(normalizer.StdErr < largestError, $"blind: {normalizer}");
        Assert.True(Math.Abs(normalizer.Z) < Bound, $"Z: {normalizer}");
        var energy = Scores.Weighted(
            walkers, state => Scores.EnergyPerSite(target, state), exact.EnergyPerSite);
        Assert.True(Math.Abs(energy.Z) < Bound, $"energy: {energy}");
        var order = Scores.Weighted(
            walkers, state => Scores.OrderParameter(target, state), exact.OrderParameter);
        Assert.True(Math.Abs(order.Z) < Bound, $"order parameter: {order}");
    }
}
