using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Leaps.Model.Networks;

namespace Leaps.Model.Devices.Simd;

/// <summary>
/// A network in the form that the SIMD kernels read: weights in single precision, four output channels side
/// by side. Evaluators share it; <see cref="Load"/> replaces its content.
/// </summary>
public sealed unsafe class SimdNetwork : RateNetwork
{
    /// <summary>Columns (sites of walkers) that go through the layers together.</summary>
    public const int BlockColumns = 48;

    /// <param name="architecture">shapes; the values come with <see cref="Load"/></param>
    /// <param name="instructionSet">null: the best this machine has</param>
    /// <exception cref="LeapsException">The machine lacks the instruction set.</exception>
    public SimdNetwork(LocallyEquivariantConv architecture, SimdInstructionSet? instructionSet = null)
        : base(architecture)
    {
        InstructionSet = instructionSet ?? BestInstructionSet;
        if (InstructionSet < BestInstructionSet)
            throw new LeapsException($"This machine has no {InstructionSet}.");
        PaddedChannels = RoundUp(architecture.Channels, 4);
        TableStride = RoundUp(Math.Max(2, architecture.PottsStates + 1), 8);
        PaddedOutputs = RoundUp(architecture.OutputsPerSite, 4);
        First = new PackedContraction(1, RoundUp(architecture.Channels, 4),
            architecture.Windows[0].Positions * architecture.InputChannels);
        Output = new PackedContraction(1, PaddedOutputs, architecture.Channels);
        Tables = new AlignedBuffer<float>(PaddedChannels * TableStride);
        Values = new double[architecture.Layout.Count];
        Layers = [.. Enumerable.Range(0, architecture.Layers)
            .Select(l => new PackedLayer(architecture, l, PaddedChannels))];
    }

    /// <summary>
    /// Everything that fuses multiply and add gives the same bits whatever its width, so it is one kind.
    /// </summary>
    public override string DeviceKind => KindOf(InstructionSet);

    /// <summary>The kind of networks on this machine's CPU.</summary>
    public static string BestDeviceKind => KindOf(BestInstructionSet);

    public SimdInstructionSet InstructionSet { get; }

    public static SimdInstructionSet BestInstructionSet =>
        Avx512F.IsSupported ? SimdInstructionSet.Avx512
        : Avx2.IsSupported && Fma.IsSupported ? SimdInstructionSet.Avx2
        : SimdInstructionSet.Portable;

    internal int PaddedChannels { get; }
    internal int TableStride { get; }
    internal int PaddedOutputs { get; }

    /// <summary>First convolution; inner index = position · input channels + channel.</summary>
    internal PackedContraction First { get; }
    internal PackedContraction Output { get; }
    internal PackedLayer[] Layers { get; }

    /// <summary>Embedding, (padded channels, table stride); Ising: unused.</summary>
    internal AlignedBuffer<float> Tables { get; }

    /// <summary>The flat parameters, for the time networks.</summary>
    internal double[] Values { get; }
    internal ParameterLayout Layout => Architecture.Layout;

    /// <summary>Counts the loads, so that evaluators know when what they derived is stale.</summary>
    internal int Version { get; private set; }

    /// <remarks>Parameters must have been loaded.</remarks>
    public override RateEvaluator CreateEvaluator() => (InstructionSet, Architecture.PottsStates) switch
    {
        (SimdInstructionSet.Avx512, 0) => new SimdEvaluator<Avx512Lanes, Vector512<float>, SpinInput>(this),
        (SimdInstructionSet.Avx512, < 8) =>
            new SimdEvaluator<Avx512Lanes, Vector512<float>, SmallCategoryInput>(this),
        (SimdInstructionSet.Avx512, _) =>
            new SimdEvaluator<Avx512Lanes, Vector512<float>, CategoryInput>(this),
        (SimdInstructionSet.Avx2, 0) => new SimdEvaluator<Avx2Lanes, Vector256<float>, SpinInput>(this),
        (SimdInstructionSet.Avx2, < 8) =>
            new SimdEvaluator<Avx2Lanes, Vector256<float>, SmallCategoryInput>(this),
        (SimdInstructionSet.Avx2, _) => new SimdEvaluator<Avx2Lanes, Vector256<float>, CategoryInput>(this),
        (_, 0) => new SimdEvaluator<PortableLanes, Vector128<float>, SpinInput>(this),
        (_, _) => new SimdEvaluator<PortableLanes, Vector128<float>, CategoryInput>(this),
    };

    public override void Load(ParameterSet parameters)
    {
        foreach (var tensor in Layout.Tensors)
        {
            if (parameters.Layout[tensor.Name].Offset != tensor.Offset)
                throw new ArgumentException($"The tensor {tensor.Name} isn't where the architecture has it.");
        }
        parameters.Values.AsSpan(0, Values.Length).CopyTo(Values);
        Version++;
        var net = Architecture;
        int channels = net.Channels;
        var linear = parameters[LocallyEquivariantConv.Prefix + "linear"];
        for (int o = 0; o < net.OutputsPerSite; o++)
        {
            for (int c = 0; c < channels; c++)
                Output.Set(0, o, c, (float)linear[o * channels + c]);
        }
        var first = parameters[LocallyEquivariantConv.Prefix + "initial_conv.weight"];     // [C, in, k, k]
        int positions = net.Windows[0].Positions, inputs = net.InputChannels;
        for (int c = 0; c < channels; c++)
        {
            for (int a = 0; a < inputs; a++)
            {
                for (int p = 0; p < positions; p++)
                {
                    // The centre weight exists in the file and never counts.
                    float weight = p == net.Windows[0].Centre ? 0
                        : (float)first[(c * inputs + a) * positions + p];
                    First.Set(0, c, p * inputs + a, weight);
                }
            }
        }
        if (net.IsPotts)
            LoadEmbedding(parameters[LocallyEquivariantConv.Prefix + "emb.embedding.weight"]);
        for (int l = 0; l < Layers.Length; l++)
            Layers[l].Load(parameters, l);
        GC.KeepAlive(this);
    }

    internal static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;

    private static string KindOf(SimdInstructionSet set) =>
        set != SimdInstructionSet.Portable || Fma.IsSupported || AdvSimd.IsSupported
            ? "simd-fma" : "simd-portable";

    private void LoadEmbedding(ReadOnlySpan<double> rows)
    {
        int channels = Architecture.Channels;
        for (int v = 0; v < Architecture.PottsStates; v++)
        {
            var row = rows.Slice(v * channels, channels);
            double norm = 0;
            foreach (double e in row) norm += e * e;
            norm = Math.Sqrt(norm);
            double scale = Architecture.EmbeddingMaxNorm && norm > 1 ? 1 / (norm + 1e-7) : 1;
            for (int c = 0; c < channels; c++)
                Tables.Pointer[c * TableStride + v] = (float)(scale * row[c]);
        }
    }
}
