using Leaps.Model.Devices.Cuda;
using Leaps.Model.Devices.Cuda.Driver;
using Leaps.Model.Networks;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;
using Leaps.Model.Training;

namespace Leaps.GpuBenchmarks;

/// <summary>The paper's depth five: L = 15, kernels 3 5 7 9 15, 20 channels, with random weights.</summary>
internal sealed class PaperCase
{
    /// <summary>Of an evaluation as the kernel does it, 20 channels padded to 24.</summary>
    public double MultiplyAdds => 24 * Silus;
    public double Silus => 24.0 * Target.Sites * Model.Network.Windows.Skip(1).Sum(w => w.Positions - 1);

    public PaperCase(string target, bool quick)
    {
        var lattice = quick ? new Lattice(5, 5) : new Lattice(15, 15);
        double beta = target == "ising" ? 0.4407 : 1.001;
        var schedule =
            new CouplingSchedule(ScheduleShape.Linear, new Couplings(0, 0, beta), new Couplings(1, 0, beta));
        Target = target == "ising"
            ? new IsingTarget(lattice, schedule) : new PottsTarget(lattice, 3, schedule);
        Window[] windows = quick
            ? [new(3, 3), new(5, 5)] : [new(3, 3), new(5, 5), new(7, 7), new(9, 9), new(15, 15)];
        var architecture = new LocallyEquivariantConv(Target, windows, channels: 20);
        Model = new LeapsModel(architecture, new FreeEnergyNetwork([200, 200, 200, 200]));
        Model.Initialise(seed: 1);
    }

    public Target Target { get; }
    public LeapsModel Model { get; }

    public CudaNetwork Network(CudaDevice device, CudaPrecision precision)
    {
        var network = new CudaNetwork(Model.Network, device, precision);
        network.Load(Model.Parameters);
        return network;
    }

    /// <summary>Uniform states, a time of its own for each pair.</summary>
    public TrainingBatch Batch(int pairs)
    {
        var batch = new TrainingBatch(pairs, Target.Sites);
        Walkers.Uniform(Target, pairs, seed: 1).States.CopyTo(batch.States, 0);
        for (int b = 0; b < pairs; b++)
            batch.Times[b] = (b + 0.5) / pairs;
        return batch;
    }
}
