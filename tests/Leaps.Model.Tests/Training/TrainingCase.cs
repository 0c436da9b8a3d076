using Leaps.Model.Devices.Simd;
using Leaps.Model.Networks;
using Leaps.Model.Random;
using Leaps.Model.Targets;
using Leaps.Model.Training;

namespace Leaps.Model.Tests.Training;

/// <summary>Small targets with a model for each, and batches of uniform states.</summary>
internal static class TrainingCase
{
    public static Target Target(string kind) =>
        kind == "ising" ? Lattices.Ising(3, 3, 0.44, 0.1) : Lattices.Potts(2, 3, 3, 0.8);

    public static LeapsModel Model(Target target, int channels = 4, ulong seed = 1, double outputScale = 0.1)
    {
        var whole = new Window(target.Lattice.Rows, target.Lattice.Columns);
        var network = new LocallyEquivariantConv(target, [whole, whole], channels);
        var model = new LeapsModel(network, new FreeEnergyNetwork([8, 8]));
        model.Initialise(seed, outputScale);
        return model;
    }

    public static SimdNetwork Simd(LeapsModel model)
    {
        var network = new SimdNetwork(model.Network);
        network.Load(model.Parameters);
        return network;
    }

    /// <summary>Uniform states at uniform times, the first two pairs and the last two at one time.</summary>
    public static TrainingBatch Batch(Target target, int pairs, ulong seed)
    {
        var batch = new TrainingBatch(pairs, target.Sites);
        var stream = new RandomStream(seed, RandomPurpose.Test);
        foreach (ref byte value in batch.States.AsSpan())
            value = (byte)stream.NextInt(target.States);
        for (int b = 0; b < pairs; b++)
            batch.Times[b] = b == 1 || b == pairs - 1 ? batch.Times[b - 1] : stream.NextDouble();
        return batch;
    }
}
