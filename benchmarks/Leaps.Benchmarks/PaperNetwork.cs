using Leaps.Model.Devices.Simd;
using Leaps.Model.Networks;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Benchmarks;

/// <summary>The paper's depth five: L = 15, kernels 3 5 7 9 15, 20 channels, with random weights.</summary>
internal sealed class PaperNetwork
{
    public PaperNetwork(string target, SimdInstructionSet set)
    {
        var lattice = new Lattice(15, 15);
        double beta = target == "ising" ? 0.4407 : 1.001;
        var schedule =
            new CouplingSchedule(ScheduleShape.Linear, new Couplings(0, 0, beta), new Couplings(1, 0, beta));
        Target = target == "ising"
            ? new IsingTarget(lattice, schedule)
            : new PottsTarget(lattice, 3, schedule);
        var architecture = new LocallyEquivariantConv(
            Target, [new(3, 3), new(5, 5), new(7, 7), new(9, 9), new(15, 15)], channels: 20);
        Model = new LeapsModel(architecture, new FreeEnergyNetwork([200, 200, 200, 200]));
        Model.Initialise(seed: 1);
        Network = new SimdNetwork(architecture, set);
        Network.Load(Model.Parameters);
    }

    public Target Target { get; }
    public LeapsModel Model { get; }
    public SimdNetwork Network { get; }

    public Walkers Walkers(int count) => Leaps.Model.Sampling.Walkers.Uniform(Target, count, seed: 1);
}
