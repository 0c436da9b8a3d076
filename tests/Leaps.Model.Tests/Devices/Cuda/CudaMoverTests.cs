using Leaps.Model.Devices;
using Leaps.Model.Devices.Cuda;
using Leaps.Model.Devices.Cuda.Driver;
using Leaps.Model.Networks;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;
using Leaps.Model.Tests.Sampling;

namespace Leaps.Model.Tests.Devices.Cuda;

/// <summary>
/// The GPU's own loops against the CPU's, both with outputs from the GPU's network: the same random numbers,
/// so the same jumps.
/// </summary>
public class CudaMoverTests
{
    private const int Walkers = 37, FirstSlot = 1000;

    protected virtual CudaDriver OpenDriver() => EmulatedDriver.Require();

    [Theory]
    [InlineData("ising", IntegratorKind.Exact)]
    [InlineData("ising", IntegratorKind.Euler)]
    [InlineData("potts", IntegratorKind.Exact)]
    [InlineData("potts", IntegratorKind.Euler)]
    public void A_window_on_the_GPU_has_the_jumps_and_weights_of_the_CPU(
        string kind, IntegratorKind integrator)
    {
        var target = Target(kind);
        using var network = Network(target, seed: 5, meanOutput: 2, OpenDriver().Device(0));
        var options = new AnnealerOptions { Integrator = integrator, Seed = 11, Threads = 1 };
        var gpu = new PopulationMover(target, network, options);
        var cpu = new PopulationMover(target, new WithoutMover(network), options);
        var moved = Model.Sampling.Walkers.Uniform(target, Walkers, seed: 3, FirstSlot);
        var expected = Model.Sampling.Walkers.Uniform(target, Walkers, seed: 3, FirstSlot);
        long jumps = 0;
        for (int n = 0; n < 4; n++)
        {
            var window = new TimeWindow(n, n / 4.0, (n + 1) / 4.0);
            var cost = gpu.Integrate(moved, window, TestContext.Current.CancellationToken);
            Assert.Equal(cpu.Integrate(expected, window, TestContext.Current.CancellationToken), cost);
            jumps += cost.Jumps;
        }
        Assert.True(jumps > 5 * Walkers, $"only {jumps} jumps");
        Assert.Equal(expected.States, moved.States);
        for (int m = 0; m < Walkers; m++)
            Assert.Equal(expected.LogWeights[m], moved.LogWeights[m], 1e-10);
    }

    [Theory]
    [InlineData(McmcKernelKind.Metropolis)]
    [InlineData(McmcKernelKind.HeatBath)]
    [InlineData(McmcKernelKind.MetropolisSweep)]
    [InlineData(McmcKernelKind.HeatBathSweep)]
    public void Sweeps_on_the_GPU_leave_the_bits_of_the_CPU(McmcKernelKind kernel)
    {
        foreach (var target in new[] { Target("ising"), Target("potts"), Target("potts", states: 8) })
        {
            using var network = Network(target, seed: 5, meanOutput: 1, OpenDriver().Device(0));
            foreach (double rate in new[] { 0, 2.5 })
            {
                var options = new AnnealerOptions
                {
                    Mcmc = new McmcOptions { Kernel = kernel, Sweeps = 3, Rate = rate },
                    Seed = 12,
                    Threads = 1,
                };
                var gpu = new PopulationMover(target, network, options);
                var cpu = new PopulationMover(target, new WithoutMover(network), options);
                var moved = Model.Sampling.Walkers.Uniform(target, Walkers, seed: 4, FirstSlot);
                var expected = Model.Sampling.Walkers.Uniform(target, Walkers, seed: 4, FirstSlot);
                var window = new TimeWindow(7, 0.6, 0.8);
                gpu.ApplyMcmc(moved, window, TestContext.Current.CancellationToken);
                cpu.ApplyMcmc(expected, window, TestContext.Current.CancellationToken);
                Assert.Equal(expected.States, moved.States);
            }
        }
    }

    [Fact]
    public void Cluster_updates_are_left_to_the_CPU()
    {
        var target = Target("ising");
        using var network = Network(target, seed: 5, meanOutput: 1, OpenDriver().Device(0));
        var options = new AnnealerOptions
        {
            Mcmc = new McmcOptions { Kernel = McmcKernelKind.SwendsenWang },
        };
        var mover = (CudaMover)network.CreateMover(target, options);
        var walkers = Model.Sampling.Walkers.Uniform(target, Walkers, seed: 4);
        Assert.False(mover.TryApplyMcmc(
            walkers, new TimeWindow(1, 0.5, 1), TestContext.Current.CancellationToken));
    }

    [Fact]
    public void A_population_larger_than_the_memory_goes_through_in_parts_with_the_same_result()
    {
        var target = Target("ising");
        var options = new AnnealerOptions { Seed = 11, Threads = 1 };
        var window = new TimeWindow(0, 0, 0.5);
        var driver = EmulatedDriver.Copy();
        var opened = CudaDriver.Open(driver.Library);
        (byte[] States, long Launches) Run(long free)
        {
            driver.Set("free", free);
            using var network = Network(target, seed: 5, meanOutput: 2, opened.Device(0));
            var mover = network.CreateMover(target, options);
            long perWalker = target.Sites + 4 * target.Outputs + 32;
            if (free < 1 << 28)
                driver.Set("free", 12 * perWalker);
            var walkers = Model.Sampling.Walkers.Uniform(target, Walkers, seed: 3);
            long launches = driver.Get("launches");
            mover.Integrate(walkers, window, TestContext.Current.CancellationToken);
            return (walkers.States, driver.Get("launches") - launches);
        }
        var whole = Run(1 << 30);
        var parts = Run(1 << 27);
        Assert.Equal(whole.States, parts.States);
        Assert.True(parts.Launches > 2 * whole.Launches, "the population was not split");
    }

    [Fact]
    public void Rates_that_are_not_finite_name_the_walker()
    {
        var target = Target("ising");
        var architecture = SmallNetwork.Architecture(target);
        using var network = new CudaNetwork(architecture, OpenDriver().Device(0));
        var parameters = SmallNetwork.Parameters(target, architecture, seed: 5, meanOutput: 1);
        parameters[LocallyEquivariantConv.Prefix + "linear"].Fill(double.NaN);
        network.Load(parameters);
        foreach (var integrator in Enum.GetValues<IntegratorKind>())
        {
            var mover = network.CreateMover(target, new AnnealerOptions { Integrator = integrator });
            var walkers = Model.Sampling.Walkers.Uniform(target, Walkers, seed: 3, FirstSlot);
            var error = Assert.Throws<LeapsException>(() => mover.Integrate(
                walkers, new TimeWindow(2, 0.5, 1), TestContext.Current.CancellationToken));
            Assert.Contains("Walker 1000, window 2", error.Message, StringComparison.Ordinal);
        }
    }

    internal static Target Target(string kind, int states = 3)
    {
        var lattice = new Lattice(3, 5);
        double j = kind == "ising" ? 0.4407 : 1;
        var schedule = new CouplingSchedule(ScheduleShape.Linear, new Couplings(0, 0, 1),
            new Couplings(j, kind == "ising" ? 0.2 : 0, 1));
        return kind == "ising"
            ? new IsingTarget(lattice, schedule) : new PottsTarget(lattice, states, schedule);
    }

    internal static CudaNetwork Network(Target target, ulong seed, double meanOutput,
        CudaDevice device)
    {
        var architecture = SmallNetwork.Architecture(target);
        var network = new CudaNetwork(architecture, device);
        network.Load(SmallNetwork.Parameters(target, architecture, seed, meanOutput));
        return network;
    }

    // The GPU's network under the CPU's loops.
    private sealed class WithoutMover(CudaNetwork network) : RateNetwork(network.Architecture)
    {
        public override string DeviceKind => network.DeviceKind;
        public override void Load(ParameterSet parameters) => network.Load(parameters);
        public override RateEvaluator CreateEvaluator() => network.CreateEvaluator();
    }
}

/// <summary>The same on this machine's GPU.</summary>
public sealed class CudaGpuMoverTests : CudaMoverTests
{
    protected override CudaDriver OpenDriver() => RealDriver.Require();
}
