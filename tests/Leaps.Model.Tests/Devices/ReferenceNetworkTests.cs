using Leaps.Model.Devices;
using Leaps.Model.Devices.Reference;
using Leaps.Model.Networks;
using Leaps.Model.Targets;

namespace Leaps.Model.Tests.Devices;

/// <summary>The Reference device, in double.</summary>
public sealed class ReferenceNetworkTests : RateNetworkTests
{
    protected override double Tolerance => 1e-10;

    protected override int TrajectoryStride => 10;

    protected override RateNetwork Create(LocallyEquivariantConv architecture) =>
        new ReferenceNetwork(architecture);

    protected override void Forward(
        RateEvaluator evaluator, byte[] states, double[] times, double[] output) =>
        ((ReferenceEvaluator)evaluator).Forward(states, times, output);

    protected override void Backward(RateEvaluator evaluator, double[] outputGradient, double[] gradient) =>
        ((ReferenceEvaluator)evaluator).Backward(outputGradient, gradient);

    [Fact]
    public void The_gradient_is_that_of_finite_differences_for_every_tensor()
    {
        const double step = 1e-5;
        for (ulong seed = 100; seed < 112; seed++)
        {
            var random = new RandomNetwork(seed);
            // Where max-norm acts the gradient is, as documented, not the derivative: see the next test.
            var net = new LocallyEquivariantConv(random.Architecture.Lattice, random.Architecture.PottsStates,
                random.Architecture.Windows, random.Architecture.Channels, random.Architecture.Padding);
            byte[] state = random.States(1);
            double t = random.Times(1)[0];
            double[] u = random.Normals(net.Outputs);
            var parameters = random.Parameters;
            var network = new ReferenceNetwork(net);
            network.Load(parameters);
            var evaluator = (ReferenceEvaluator)network.CreateEvaluator();
            evaluator.Forward(state, t);
            var gradient = new ParameterSet(net.Layout);
            evaluator.Backward(u, gradient.Values);
            foreach (var tensor in net.Layout.Tensors)
            {
                for (int n = 0; n < Math.Min(3, tensor.Length); n++)
                {
                    int k = tensor.Offset + (n * 7919 + 3 * (int)seed) % tensor.Length;
                    double difference = (At(k, step) - At(k, -step)) / (2 * step);
                    double bound = 1e-6 * Math.Max(1, Math.Abs(difference));
                    Assert.True(Math.Abs(difference - gradient.Values[k]) <= bound,
                        $"{tensor.Name}[{k - tensor.Offset}] is {gradient.Values[k]}, "
                        + $"finite differences give {difference}, {random}");
                }
            }

            double At(int k, double shift)
            {
                double value = parameters.Values[k];
                parameters.Values[k] = value + shift;
                network.Load(parameters);
                parameters.Values[k] = value;
                return evaluator.Forward(state, t).Zip(u, (g, weight) => g * weight).Sum();
            }
        }
    }

    [Fact]
    public void An_embedding_row_longer_than_one_counts_as_scaled_to_length_one_and_takes_its_gradient()
    {
        var lattice = new Lattice(4, 3);
        Window[] windows = [new(3, 3), new(4, 3)];
        var limited = new LocallyEquivariantConv(lattice, 3, windows, channels: 4, embeddingMaxNorm: true);
        var free = new LocallyEquivariantConv(lattice, 3, windows, channels: 4);
        var raw = RandomNetwork.RandomParameters(limited, seed: 5);
        string name = LocallyEquivariantConv.Prefix + "emb.embedding.weight";
        double[] rows = [0.1, 0.2, -0.3, 0.1, 2, 0, -1, 2, 0.6, -0.6, 0.6, -0.6];     // lengths 0.39, 3, 1.2
        rows.CopyTo(raw[name]);
        var scaled = raw.Clone();
        for (int k = 4; k < 12; k++)
            scaled[name][k] /= (k < 8 ? 3 : 1.2) + 1e-7;
        byte[] state = [0, 1, 2, 2, 1, 0, 0, 0, 1, 2, 1, 1];
        var (expected, expectedGradient) = Run(free, scaled);
        var (actual, gradient) = Run(limited, raw);
        AssertClose(expected, actual, 1e-14, "G");
        AssertClose(expectedGradient, gradient, 1e-12, "gradient");

        (double[] Outputs, double[] Gradient) Run(LocallyEquivariantConv net, ParameterSet parameters)
        {
            var network = new ReferenceNetwork(net);
            network.Load(parameters);
            var evaluator = (ReferenceEvaluator)network.CreateEvaluator();
            double[] g = evaluator.Forward(state, 0.4);
            var sum = new double[parameters.Values.Length];
            evaluator.Backward([.. g.Select(value => value + 1)], sum);
            return (g, sum);
        }
    }

    [Theory]
    [InlineData("ising")]
    [InlineData("potts")]
    public void Every_layer_of_the_published_checkpoint_matches_PyTorch(string kind)
    {
        var golden = GoldenCase.Published(kind);
        var expected = GoldenCase.Read(ReferenceData.Require(kind + "_intermediates.json"));
        int pair = expected.GetProperty("pair").GetInt32();
        var net = golden.Model.Network;
        var network = new ReferenceNetwork(net);
        network.Load(golden.Model.Parameters);
        var evaluator = (ReferenceEvaluator)network.CreateEvaluator();
        evaluator.Forward(golden.State(pair), golden.Times[pair]);
        for (int l = 0; l <= net.Layers; l++)
        {
            string name = l == 0 ? "initial_conv_out" : $"conv{l - 1}_out";
            var hidden = evaluator.Hidden(l);                           // (sites, C); the file has (C, sites)
            var transposed = new double[hidden.Length];
            for (int k = 0; k < hidden.Length; k++)
                transposed[k % net.Channels * net.Lattice.Sites + k / net.Channels] = hidden[k];
            AssertClose(GoldenCase.Doubles(expected.GetProperty(name)), transposed, 1e-5, name);
        }
    }

    [Fact]
    public void Parameters_of_another_architecture_are_refused_by_name()
    {
        var lattice = new Lattice(4, 4);
        var network = new ReferenceNetwork(
            new LocallyEquivariantConv(lattice, 0, [new(3, 3), new(3, 3)], channels: 4));
        var other = new LocallyEquivariantConv(lattice, 0, [new(3, 3), new(4, 4)], channels: 4);
        var error = Assert.Throws<LeapsException>(() => network.Load(new ParameterSet(other.Layout)));
        Assert.Contains("convs.0.A", error.Message, StringComparison.Ordinal);
        Assert.Contains("[4, 9, 4]", error.Message, StringComparison.Ordinal);
    }
}
