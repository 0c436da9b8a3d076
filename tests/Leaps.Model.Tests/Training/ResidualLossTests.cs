using Leaps.Model.Devices;
using Leaps.Model.Devices.Reference;
using Leaps.Model.Networks;
using Leaps.Model.Targets;
using Leaps.Model.Tests.Devices;
using Leaps.Model.Training;
using ResidualLoss = Leaps.Model.Training.ResidualLoss;

namespace Leaps.Model.Tests.Training;

/// <summary>
/// The loss of training and its gradient: against numbers of the PyTorch implementation, against the loss
/// written out in double with finite differences for every parameter, and for any number of threads.
/// </summary>
public sealed class ResidualLossTests
{
    private const double SinglePrecision = 1e-5;

    [Theory]
    [InlineData("tiny-ising-circular.json")]
    [InlineData("tiny-ising-zeros.json")]
    [InlineData("tiny-potts-circular.json")]
    [InlineData("tiny-potts-zeros.json")]
    public void Loss_and_every_gradient_match_PyTorch_on_both_devices(string file)
    {
        var golden = GoldenCase.Tiny(file);
        var expected = golden.Root.GetProperty("expected");
        var batch = new TrainingBatch(golden.Times.Length, golden.Target.Sites);
        golden.States.CopyTo(batch.States, 0);
        golden.Times.CopyTo(batch.Times, 0);
        var reference = new ReferenceNetwork(golden.Model.Network);
        reference.Load(golden.Model.Parameters);
        foreach (RateNetwork network in (RateNetwork[])[reference, TrainingCase.Simd(golden.Model)])
        {
            double tolerance = network == reference ? SinglePrecision : 1e-4;
            var loss = new ResidualLoss(golden.Target, golden.Model, network, batch.Count, threads: 2);
            var gradient = new ParameterSet(golden.Model.Layout);
            Array.Fill(gradient.Values, 7);     // overwritten, not added to
            double value = loss.Evaluate(batch, gradient.Values);
            AssertClose([expected.GetProperty("loss").GetDouble()], [value], tolerance, "loss");
            foreach (var (name, values) in GoldenCase.Tensors(expected.GetProperty("gradients")))
                AssertClose(values, gradient[name], tolerance, $"{network.DeviceKind}, {name}");
        }
    }

    [Theory]
    [InlineData("ising")]
    [InlineData("potts")]
    public void The_gradient_of_every_parameter_is_that_of_finite_differences(string kind)
    {
        const double step = 1e-5;
        var target = TrainingCase.Target(kind);
        var model = TrainingCase.Model(target, channels: 2, seed: 5, outputScale: 0.5);
        var batch = TrainingCase.Batch(target, pairs: 4, seed: 6);
        var network = new ReferenceNetwork(model.Network);
        network.Load(model.Parameters);
        var loss = new ResidualLoss(target, model, network, batch.Count, threads: 1);
        var gradient = new double[model.Layout.Count];
        double value = loss.Evaluate(batch, gradient);

        var evaluator = (ReferenceEvaluator)network.CreateEvaluator();
        double exact = LossInDouble(target, model, evaluator, batch);
        Assert.Equal(exact, value, SinglePrecision * Math.Max(1, exact));
        double[] differences = new double[gradient.Length];
        for (int k = 0; k < differences.Length; k++)
            differences[k] = (At(k, step) - At(k, -step)) / (2 * step);
        foreach (var tensor in model.Layout.Tensors)
        {
            AssertClose(differences.AsSpan(tensor.Offset, tensor.Length),
                gradient.AsSpan(tensor.Offset, tensor.Length), SinglePrecision, tensor.Name);
        }
        Assert.True(gradient.Count(g => g != 0) > gradient.Length / 2);

        double At(int k, double shift)
        {
            double kept = model.Parameters.Values[k];
            model.Parameters.Values[k] = kept + shift;
            network.Load(model.Parameters);
            double shifted = LossInDouble(target, model, evaluator, batch);
            model.Parameters.Values[k] = kept;
            return shifted;
        }
    }

    [Theory]
    [InlineData("ising")]
    [InlineData("potts")]
    public void Loss_and_gradient_are_the_same_bits_for_any_number_of_threads(string kind)
    {
        var target = TrainingCase.Target(kind);
        var model = TrainingCase.Model(target);
        var network = TrainingCase.Simd(model);
        foreach (int pairs in (ReadOnlySpan<int>)[2, 17, 333])
        {
            var batch = TrainingCase.Batch(target, pairs, seed: 3);
            var expected = new double[model.Layout.Count];
            double loss = new ResidualLoss(target, model, network, pairs, threads: 1)
                .Evaluate(batch, expected);
            Assert.True(double.IsFinite(loss));
            foreach (int threads in (ReadOnlySpan<int>)[2, 3, 0])
            {
                var gradient = new double[expected.Length];
                var other = new ResidualLoss(target, model, network, pairs, threads);
                Assert.Equal(loss, other.Evaluate(batch, gradient));
                Assert.Equal(expected, gradient);
                // Nothing is left from the first time.
                Assert.Equal(loss, other.Evaluate(batch, gradient));
                Assert.Equal(expected, gradient);
            }
        }
    }

    [Fact]
    public void The_loss_of_a_batch_is_the_mean_over_its_pairs_and_so_is_the_gradient()
    {
        const int pairs = 21;
        var target = TrainingCase.Target("ising");
        var model = TrainingCase.Model(target);
        var network = TrainingCase.Simd(model);
        var batch = TrainingCase.Batch(target, pairs, seed: 4);
        var together = new double[model.Layout.Count];
        double loss = new ResidualLoss(target, model, network, pairs, threads: 2).Evaluate(batch, together);
        var one = new ResidualLoss(target, model, network, batch: 1, threads: 1);
        double mean = 0;
        double[] sum = new double[together.Length], gradient = new double[together.Length];
        for (int b = 0; b < pairs; b++)
        {
            var single = new TrainingBatch(1, target.Sites);
            batch.States.AsSpan(b * target.Sites, target.Sites).CopyTo(single.States);
            single.Times[0] = batch.Times[b];
            mean += one.Evaluate(single, gradient) / pairs;
            for (int k = 0; k < sum.Length; k++)
                sum[k] += gradient[k] / pairs;
        }
        Assert.Equal(mean, loss, 1e-12 * Math.Max(1, mean));
        AssertClose(sum, together, SinglePrecision, "gradient");
    }

    [Fact]
    public void A_parameter_that_is_no_number_shows_in_the_loss()
    {
        var target = TrainingCase.Target("ising");
        foreach (string name in (string[])[LocallyEquivariantConv.Prefix + "linear", "F_t_net.net.0.weight"])
        {
            var model = TrainingCase.Model(target);
            model.Parameters[name][0] = double.NaN;
            var loss = new ResidualLoss(target, model, TrainingCase.Simd(model), batch: 5, threads: 1);
            var gradient = new double[model.Layout.Count];
            Assert.True(double.IsNaN(loss.Evaluate(TrainingCase.Batch(target, 5, seed: 1), gradient)), name);
        }
    }

    [Fact]
    public void A_batch_of_another_size_is_refused()
    {
        var target = TrainingCase.Target("ising");
        var model = TrainingCase.Model(target);
        var loss = new ResidualLoss(target, model, TrainingCase.Simd(model), batch: 5, threads: 1);
        Assert.Throws<ArgumentException>(
            () => loss.Evaluate(new TrainingBatch(6, target.Sites), new double[model.Layout.Count]));
    }

    // mean (K + ∂_t F)², everything in double.
    private static double LossInDouble(
        Target target, LeapsModel model, ReferenceEvaluator evaluator, TrainingBatch batch)
    {
        var freeEnergy = new Mlp(model.Layout, FreeEnergyNetwork.Prefix, model.FreeEnergy.Widths);
        double[] value = new double[1], slope = new double[1];
        var differences = new double[target.Outputs];
        double sum = 0;
        for (int b = 0; b < batch.Count; b++)
        {
            double t = batch.Times[b];
            var state = batch.States.AsSpan(b * target.Sites, target.Sites);
            double[] g = evaluator.Forward(state, t);
            target.EnergyDifferences(state, t, differences);
            double k = -target.EnergyTimeDerivative(state, t);
            for (int o = 0; o < g.Length; o++)
                k += Math.Max(g[o], 0) - Math.Max(-g[o], 0) * Math.Exp(-differences[o]);
            freeEnergy.Forward(model.Parameters.Values, t, value, slope);
            sum += (k + slope[0]) * (k + slope[0]);
        }
        return sum / batch.Count;
    }

    private static void AssertClose(
        ReadOnlySpan<double> expected, ReadOnlySpan<double> actual, double tolerance, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        double bound = 1;
        foreach (double value in expected)
            bound = Math.Max(bound, Math.Abs(value));
        for (int k = 0; k < expected.Length; k++)
        {
            Assert.True(Math.Abs(expected[k] - actual[k]) <= tolerance * bound,
                $"{what}[{k}] is {actual[k]:R}, expected {expected[k]:R} ± {tolerance * bound:G3}");
        }
    }
}
