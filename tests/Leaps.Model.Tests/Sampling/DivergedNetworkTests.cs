using Leaps.Model.Devices.Simd;
using Leaps.Model.Networks;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Model.Tests.Sampling;

public sealed class DivergedNetworkTests
{
    [Fact]
    public void Rates_that_have_diverged_stop_the_run_instead_of_jumping_for_ever()
    {
        var schedule = new CouplingSchedule(ScheduleShape.Linear, new Couplings(0, 0, 0.44), new Couplings(1, 0, 0.44));
        var target = new IsingTarget(new Lattice(3, 3), schedule);
        var model = new LeapsModel(new LocallyEquivariantConv(target, [new(3, 3), new(3, 3)], 4), new FreeEnergyNetwork([4]));
        model.Initialise(seed: 1, outputScale: 1e6);
        var network = new SimdNetwork(model.Network);
        network.Load(model.Parameters);
        var annealer = new Annealer(target, network, new AnnealerOptions { Walkers = 10, Windows = 1 });
        var error = Assert.Throws<LeapsException>(() => annealer.Run(null, TestContext.Current.CancellationToken));
        Assert.Matches(@"^Walker \d+, window 0 \(t = 0 to 1\): the number of jumps is \d+\. The run can't go on", error.Message);
    }
}
