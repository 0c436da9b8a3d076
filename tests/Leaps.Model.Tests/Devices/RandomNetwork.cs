using Leaps.Model.Networks;
using Leaps.Model.Random;
using Leaps.Model.Targets;

namespace Leaps.Model.Tests.Devices;

/// <summary>A network of random shape with random parameters, and random states for it.</summary>
public sealed class RandomNetwork
{
    private readonly ulong _seed;

    /// <param name="seed">all that is drawn follows from it</param>
    /// <param name="padding">null: either</param>
    /// <param name="states">q of a Potts network; null: Ising, or Potts with 2 to 5 states</param>
    /// <param name="channels">null: 1 to 20</param>
    public RandomNetwork(ulong seed, FirstPadding? padding = null, int? states = null, int? channels = null)
    {
        _seed = seed;
        var stream = new RandomStream(seed, RandomPurpose.Test);
        var lattice = new Lattice(2 + stream.NextInt(5), 2 + stream.NextInt(5));
        int pottsStates = states ?? (stream.NextInt(2) == 0 ? 0 : 2 + stream.NextInt(4));
        var windows = new Window[2 + stream.NextInt(2)];
        for (int l = 0; l < windows.Length; l++)
        {
            do
                windows[l] = new Window(Side(lattice.Rows, ref stream), Side(lattice.Columns, ref stream));
            while (windows[l].Positions == 1);
        }
        int drawnChannels = 1 + stream.NextInt(20);
        var drawn = stream.NextInt(2) == 0 ? FirstPadding.Periodic : FirstPadding.Zeros;
        Architecture = new LocallyEquivariantConv(
            lattice, pottsStates, windows, channels ?? drawnChannels, padding ?? drawn,
            embeddingMaxNorm: stream.NextInt(2) == 0);
        Parameters = RandomParameters(Architecture, seed);
    }

    public LocallyEquivariantConv Architecture { get; }
    public ParameterSet Parameters { get; }

    public byte[] States(int walkers)
    {
        var stream = new RandomStream(_seed, RandomPurpose.Test, walker: 1);
        var states = new byte[walkers * Architecture.Lattice.Sites];
        foreach (ref byte value in states.AsSpan())
            value = (byte)stream.NextInt(Math.Max(2, Architecture.PottsStates));
        return states;
    }

    /// <summary>Times in [0, 1), some of them alike.</summary>
    public double[] Times(int walkers)
    {
        var stream = new RandomStream(_seed, RandomPurpose.Test, walker: 2);
        var times = new double[walkers];
        for (int m = 0; m < walkers; m++)
            times[m] = m % 3 == 1 ? times[m - 1] : stream.NextDouble();
        return times;
    }

    /// <summary>Standard normal numbers, for instance a random linear functional of the outputs.</summary>
    public double[] Normals(int count)
    {
        var stream = new RandomStream(_seed, RandomPurpose.Test, walker: 3);
        var values = new double[count];
        foreach (ref double value in values.AsSpan())
            value = (float)stream.NextNormal();
        return values;
    }

    /// <summary>The network's own initial values with random biases; outputs are of order one.</summary>
    public static ParameterSet RandomParameters(LocallyEquivariantConv architecture, ulong seed)
    {
        var parameters = new ParameterSet(architecture.Layout);
        architecture.Initialise(parameters, seed, outputScale: 1);
        var stream = new RandomStream(seed, RandomPurpose.Test, walker: 4);
        foreach (var tensor in architecture.Layout.Tensors)
        {
            bool bias = tensor.Name.EndsWith(".b1", StringComparison.Ordinal)
                || tensor.Name.EndsWith(".b2", StringComparison.Ordinal);
            foreach (ref double value in parameters[tensor.Name])
            {
                if (bias)
                    value = 0.3 * stream.NextNormal();
                else if (tensor.Name.Contains(".emb.", StringComparison.Ordinal))
                    value *= 1.5;       // rows on both sides of length one
            }
        }
        parameters.RoundToSingle();
        return parameters;
    }

    public override string ToString() =>
        $"seed {_seed}: {Architecture.Lattice}, q = {Architecture.PottsStates}, windows "
        + string.Join(" ", Architecture.Windows.Select(w => $"{w.Rows}×{w.Columns}"))
        + $", {Architecture.Channels} channels, {Architecture.Padding}"
        + $", max-norm {Architecture.EmbeddingMaxNorm}";

    // Odd and at most the lattice's, or the lattice's own, be it even.
    private static int Side(int latticeSide, ref RandomStream stream)
    {
        int side = 1 + stream.NextInt(latticeSide);
        return side % 2 == 1 ? side : latticeSide;
    }
}
