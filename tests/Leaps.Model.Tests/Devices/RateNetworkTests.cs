using Leaps.Model.Devices;
using Leaps.Model.Devices.Reference;
using Leaps.Model.Networks;

namespace Leaps.Model.Tests.Devices;

/// <summary>
/// What every device must do. A device derives from it and says how its network is made and how closely it
/// keeps to the numbers.
/// </summary>
public abstract partial class RateNetworkTests
{
    /// <summary>Networks of random shape that most tests go through.</summary>
    protected virtual int RandomNetworks => 40;

    protected abstract RateNetwork Create(LocallyEquivariantConv architecture);

    /// <summary>a agrees with b if |a - b| ≤ Tolerance · max(1, max |b| of the tensor).</summary>
    protected abstract double Tolerance { get; }

    /// <summary>G, (walkers, outputs per site, sites), in the device's best precision.</summary>
    protected virtual void Forward(RateEvaluator evaluator, byte[] states, double[] times, double[] output)
    {
        var single = new float[output.Length];
        evaluator.Forward(states, times, single);
        for (int o = 0; o < single.Length; o++)
            output[o] = single[o];
    }

    /// <summary>Adds the gradient of Σ u·G over the batch of the last forward pass.</summary>
    protected virtual void Backward(RateEvaluator evaluator, double[] outputGradient, double[] gradient) =>
        evaluator.Backward([.. outputGradient.Select(u => (float)u)], gradient);

    [Theory]
    [InlineData("tiny-ising-circular.json")]
    [InlineData("tiny-ising-zeros.json")]
    [InlineData("tiny-potts-circular.json")]
    [InlineData("tiny-potts-zeros.json")]
    public void Outputs_loss_and_every_gradient_of_a_small_network_match_PyTorch(string file)
    {
        var golden = GoldenCase.Tiny(file);
        var result = ResidualLoss.Compute(golden, Evaluator(golden), Forward, Backward);
        var expected = golden.Root.GetProperty("expected");
        double[] Expected(string name) => GoldenCase.Doubles(expected.GetProperty(name));

        AssertClose(Expected("network_output"), result.Outputs, Tolerance, "G");
        AssertClose(Expected("energy"), result.Energy, 1e-10, "U");
        AssertClose(Expected("energy_time_derivative"), result.EnergyTimeDerivative, 1e-10, "∂_t U");
        AssertClose(Expected("delta_energy"), result.EnergyDifferences, 1e-10, "ΔU");
        // The files count the inflow as positive: their corrector is λ_b - λ_f.
        AssertClose(Expected("corrector"), [.. result.Corrector.Select(k => -k)], Tolerance, "corrector");
        AssertClose(Expected("K"), result.LogWeightRate, Tolerance, "K");
        AssertClose(Expected("F"), result.FreeEnergy, 1e-10, "F");
        AssertClose(Expected("dFdt"), result.FreeEnergyDerivative, 1e-10, "∂_t F");
        AssertClose([expected.GetProperty("loss").GetDouble()], [result.Loss], Tolerance, "loss");
        foreach (var (name, values) in GoldenCase.Tensors(expected.GetProperty("gradients")))
            AssertClose(values, result.Gradient[name].ToArray(), Tolerance, name);
    }

    [Fact]
    public void Outputs_and_gradients_match_the_Reference_on_networks_of_any_shape()
    {
        for (ulong seed = 0; seed < (ulong)RandomNetworks; seed++)
            AssertMatchesReference(new RandomNetwork(seed));
    }

    // A vector register holds the embedding of up to eight values, "outside the lattice" included.
    [Theory]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(16)]
    [InlineData(64)]
    public void Outputs_and_gradients_match_the_Reference_for_many_Potts_states(int states)
    {
        for (ulong seed = 0; seed < 3; seed++)
        {
            AssertMatchesReference(new RandomNetwork(seed, FirstPadding.Periodic, states));
            AssertMatchesReference(new RandomNetwork(seed, FirstPadding.Zeros, states));
        }
    }

    protected void AssertMatchesReference(RandomNetwork random)
    {
        const int walkers = 5;
        byte[] states = random.States(walkers);
        double[] times = random.Times(walkers);
        double[] u = random.Normals(walkers * random.Architecture.Outputs);
        var specification = new ReferenceNetwork(random.Architecture);
        specification.Load(random.Parameters);
        var reference = (ReferenceEvaluator)specification.CreateEvaluator();
        var expected = new double[u.Length];
        var expectedGradient = new double[random.Parameters.Values.Length];
        reference.Forward(states, times, expected);
        reference.Backward(u, expectedGradient);

        var evaluator = Evaluator(random);
        var gradient = new ParameterSet(random.Architecture.Layout);
        AssertClose(expected, Outputs(evaluator, random, states, times), Tolerance, $"G, {random}");
        Backward(evaluator, u, gradient.Values);
        foreach (var tensor in random.Architecture.Layout.Tensors)
        {
            AssertClose(expectedGradient.AsSpan(tensor.Offset, tensor.Length).ToArray(),
                gradient[tensor.Name].ToArray(), Tolerance, $"{tensor.Name}, {random}");
        }
    }

    [Fact]
    public void A_jump_and_the_jump_back_have_opposite_outputs()
    {
        for (ulong seed = 0; seed < (ulong)RandomNetworks; seed++)
        {
            var random = new RandomNetwork(seed);
            var net = random.Architecture;
            var evaluator = Evaluator(random);
            int sites = net.Lattice.Sites;
            byte[] state = random.States(1);
            double[] times = random.Times(1);
            double[] g = Outputs(evaluator, random, state, times);
            double scale = Math.Max(1, g.Max(Math.Abs));
            int states = Math.Max(2, net.PottsStates);
            for (int i = 0; i < sites; i += 3)
            {
                byte before = state[i];
                byte after = (byte)((before + 1 + i % (states - 1)) % states);
                state[i] = after;
                double[] back = Outputs(evaluator, random, state, times);
                state[i] = before;
                double forth = net.IsPotts ? g[after * sites + i] : g[i];
                double returning = net.IsPotts ? back[before * sites + i] : back[i];
                Assert.True(Math.Abs(forth + returning) <= Tolerance * scale,
                    $"G(x; {i}→{after}) = {forth}, back {returning}, {random}");
            }
        }
    }

    [Fact]
    public void A_null_jump_has_output_exactly_zero()
    {
        for (ulong seed = 0; seed < (ulong)RandomNetworks; seed++)
        {
            var random = new RandomNetwork(seed);
            if (!random.Architecture.IsPotts)
                continue;
            int sites = random.Architecture.Lattice.Sites;
            byte[] state = random.States(1);
            var evaluator = Evaluator(random);
            float[] g = SingleOutputs(evaluator, random, state, random.Times(1));
            for (int i = 0; i < sites; i++)
                Assert.Equal(0f, g[state[i] * sites + i]);
        }
    }

    [Fact]
    public void With_periodic_padding_shifting_the_state_shifts_the_outputs()
    {
        for (ulong seed = 0; seed < (ulong)RandomNetworks; seed++)
        {
            var random = new RandomNetwork(seed, FirstPadding.Periodic);
            var lattice = random.Architecture.Lattice;
            int rowStep = (int)(seed % 5) + 1, columnStep = (int)(seed % 3) + 1;
            byte[] state = random.States(1);
            var shifted = new byte[state.Length];
            for (int i = 0; i < state.Length; i++)
                shifted[Shift(i)] = state[i];
            var evaluator = Evaluator(random);
            double[] times = random.Times(1);
            double[] g = Outputs(evaluator, random, state, times);
            double[] gShifted = Outputs(evaluator, random, shifted, times);
            var expected = new double[g.Length];
            for (int o = 0; o < g.Length; o++)
                expected[o / state.Length * state.Length + Shift(o % state.Length)] = g[o];
            AssertClose(expected, gShifted, Tolerance, $"shifted by ({rowStep}, {columnStep}), {random}");

            int Shift(int i) => lattice.Site(i / lattice.Columns + rowStep, i % lattice.Columns + columnStep);
        }
    }

    private RateEvaluator Evaluator(GoldenCase golden)
    {
        var network = Create(golden.Model.Network);
        network.Load(golden.Model.Parameters);
        return network.CreateEvaluator();
    }

    private RateEvaluator Evaluator(RandomNetwork random)
    {
        var network = Create(random.Architecture);
        network.Load(random.Parameters);
        return network.CreateEvaluator();
    }

    private double[] Outputs(RateEvaluator evaluator, RandomNetwork random, byte[] states, double[] times)
    {
        var output = new double[times.Length * random.Architecture.Outputs];
        Forward(evaluator, states, times, output);
        return output;
    }

    private static float[] SingleOutputs(
        RateEvaluator evaluator, RandomNetwork random, byte[] states, double[] times)
    {
        var output = new float[times.Length * random.Architecture.Outputs];
        evaluator.Forward(states, times, output);
        return output;
    }

    protected static void AssertClose(double[] expected, double[] actual, double tolerance, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        double bound = tolerance * Math.Max(1, expected.Max(Math.Abs));
        for (int k = 0; k < expected.Length; k++)
        {
            Assert.True(Math.Abs(expected[k] - actual[k]) <= bound,
                $"{what}[{k}] is {actual[k]:R}, expected {expected[k]:R} ± {bound:G3}");
        }
    }
}
