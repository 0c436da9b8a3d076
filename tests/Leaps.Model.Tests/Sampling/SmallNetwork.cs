using Leaps.Model.Devices;
using Leaps.Model.Devices.Reference;
using Leaps.Model.Devices.Simd;
using Leaps.Model.Networks;
using Leaps.Model.Random;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Model.Tests.Sampling;

/// <summary>
/// Random untrained networks that see the whole of a small lattice, ω scaled so that |G| has a given mean
/// over uniform states at t = 1/2: with outputs near zero tests of weights would be blind. Random biases b2
/// keep the outputs of ordered states, which carry the weight, from being much larger than the others.
/// </summary>
internal static class SmallNetwork
{
    public static LocallyEquivariantConv Architecture(Target target, int channels = 4)
    {
        var whole = new Window(target.Lattice.Rows, target.Lattice.Columns);
        return new LocallyEquivariantConv(target, [whole, whole], channels);
    }

    public static RateNetwork Simd(Target target, ulong seed, double meanOutput)
    {
        var architecture = Architecture(target);
        var network = new SimdNetwork(architecture);
        network.Load(Parameters(target, architecture, seed, meanOutput));
        return network;
    }

    /// <summary>
    /// Large rates of small weight: with b2 odd in the offset (but for a tenth) and the embedding equal to ω,
    /// the outputs of a state nearly add up to zero, so that λ_f and λ_b differ only as far as ρ_t is not
    /// uniform. The lattice has odd sides.
    /// </summary>
    public static RateNetwork Circulating(Target target, ulong seed, double meanOutput)
    {
        var architecture = Architecture(target);
        var parameters = new ParameterSet(architecture.Layout);
        architecture.Initialise(parameters, seed, outputScale: 1);
        string layer = LocallyEquivariantConv.LayerPrefix(0);
        foreach (var tensor in architecture.Layout.Tensors)
        {
            if (tensor.Name.StartsWith(layer, StringComparison.Ordinal))
                parameters[tensor.Name].Clear();
        }
        var stream = new RandomStream(seed, RandomPurpose.Test);
        int positions = target.Sites;
        var bias = parameters[layer + "b2"];
        for (int k = 0; k < bias.Length; k++)
        {
            int opposite = k / positions * positions + positions - 1 - k % positions;
            double normal = stream.NextNormal();
            bias[k] += normal;
            bias[opposite] -= 0.9 * normal;
        }
        if (architecture.IsPotts)
        {
            var output = parameters[LocallyEquivariantConv.Prefix + "linear"];
            int channels = architecture.Channels;
            for (int k = 0; k < channels; k++)
            {
                double mean = 0;
                for (int v = 0; v < target.States; v++)
                    mean += output[v * channels + k] / target.States;
                for (int v = 0; v < target.States; v++)
                    output[v * channels + k] -= mean;
            }
            output.CopyTo(parameters[LocallyEquivariantConv.Prefix + "emb.embedding.weight"]);
        }
        Scale(target, architecture, parameters, seed, meanOutput);
        var network = new SimdNetwork(architecture);
        network.Load(parameters);
        return network;
    }

    public static RateNetwork Reference(Target target, ulong seed, double meanOutput)
    {
        var architecture = Architecture(target);
        var network = new ReferenceNetwork(architecture);
        network.Load(Parameters(target, architecture, seed, meanOutput));
        return network;
    }

    /// <summary>Zero as the mean makes every output zero.</summary>
    public static ParameterSet Parameters(
        Target target, LocallyEquivariantConv architecture, ulong seed, double meanOutput)
    {
        var parameters = new ParameterSet(architecture.Layout);
        architecture.Initialise(parameters, seed, outputScale: 1);
        var stream = new RandomStream(seed, RandomPurpose.Test);
        foreach (ref double bias in parameters[LocallyEquivariantConv.LayerPrefix(0) + "b2"])
            bias = stream.NextNormal();
        Scale(target, architecture, parameters, seed, meanOutput);
        return parameters;
    }

    private static void Scale(Target target, LocallyEquivariantConv architecture, ParameterSet parameters,
        ulong seed, double meanOutput)
    {
        const int states = 64;
        var network = new ReferenceNetwork(architecture);
        network.Load(parameters);
        var output = new float[states * target.Outputs];
        network.CreateEvaluator().Evaluate(
            Walkers.Uniform(target, states, seed).States, states, 0.5, output);
        double mean = output.Where(g => g != 0).Average(g => Math.Abs((double)g));
        foreach (ref double value in parameters[LocallyEquivariantConv.Prefix + "linear"])
            value *= meanOutput / mean;
        parameters.RoundToSingle();
    }
}
