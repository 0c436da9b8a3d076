using Leaps.Model.Devices.Cuda;
using Leaps.Model.Devices.Cuda.Driver;
using Leaps.Model.Devices.Reference;
using Leaps.Model.Networks;
using Leaps.Model.Random;
using Leaps.Model.Training;
using BatchLoss = Leaps.Model.Training.ResidualLoss;

namespace Leaps.Model.Tests.Devices.Cuda;

/// <summary>An update on the GPU against the CPU's loss on the Reference device, and its Adam.</summary>
public class CudaTrainingStepTests
{
    private const int Pairs = 9;

    protected virtual CudaDriver OpenDriver() => EmulatedDriver.Require();

    [Theory]
    [InlineData("ising")]
    [InlineData("potts")]
    public void Loss_and_gradient_of_both_networks_match_the_Reference(string kind)
    {
        var (model, batch) = Case(kind);
        using var network = Network(model);
        using var step = new CudaTrainingStep(network, CudaMoverTests.Target(kind), model, Pairs);
        var gradient = new ParameterSet(model.Layout);
        var expected = new ParameterSet(model.Layout);
        double loss = step.Evaluate(batch, gradient.Values);
        double expectedLoss = ReferenceLoss(kind, model, batch, expected.Values);
        Assert.Equal(expectedLoss, loss, 1e-4 * Math.Max(1, expectedLoss));
        foreach (var tensor in model.Layout.Tensors)
        {
            double size = Math.Max(1e-3, expected[tensor.Name].ToArray().Max(Math.Abs));
            for (int k = 0; k < tensor.Length; k++)
            {
                double difference = Math.Abs(expected[tensor.Name][k] - gradient[tensor.Name][k]);
                Assert.True(difference <= 1e-4 * size,
                    $"{tensor.Name}[{k}]: {gradient[tensor.Name][k]}, expected {expected[tensor.Name][k]}");
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.01)]
    public void Updates_are_those_of_Adam_on_the_same_gradient_bit_for_bit(double clip)
    {
        var (model, batch) = Case("ising");
        using var network = Network(model);
        using var step = new CudaTrainingStep(network, CudaMoverTests.Target("ising"), model, Pairs, clip);
        var gradient = new double[model.Layout.Count];
        var adam = new Adam(model.Layout.Count);
        var expected = model.Parameters.Clone();
        expected.RoundToSingle();
        var actual = new ParameterSet(model.Layout);
        for (int update = 0; update < 4; update++)
        {
            double rate = 3e-3 / (1 + update);
            double loss = step.Evaluate(batch, gradient);
            var (sameLoss, norm) = step.Step(batch, rate);
            Assert.Equal(loss, sameLoss);
            Assert.Equal(Adam.ClipNorm(gradient, clip), norm, 1e-12 * norm);
            adam.Step(expected.Values, gradient, rate);
            step.CopyTo(actual);
            // A clipped gradient is scaled by a norm that rounds otherwise.
            if (clip == 0)
                Assert.Equal(expected.Values, actual.Values);
            else
                for (int i = 0; i < actual.Values.Length; i++)
                    Assert.Equal(expected.Values[i], actual.Values[i], 1e-6);
            actual.Values.CopyTo(expected.Values, 0);
        }
    }

    [Fact]
    public void The_gradient_does_not_depend_on_the_number_of_GPUs()
    {
        var driver = OpenDriver();
        Assert.SkipUnless(driver.DeviceCount >= 2, "this machine has only one GPU");
        var (model, batch) = Case("potts");
        CudaNetwork[] networks =
            [.. Enumerable.Range(0, 2).Select(gpu => new CudaNetwork(model.Network, driver.Device(gpu)))];
        foreach (var network in networks)
            network.Load(model.Parameters);
        var target = CudaMoverTests.Target("potts");
        var gradients = new double[2][];
        for (int gpus = 1; gpus <= 2; gpus++)
        {
            gradients[gpus - 1] = new double[model.Layout.Count];
            new BatchLoss(target, model, networks[..gpus], Pairs, threads: 2)
                .Evaluate(batch, gradients[gpus - 1]);
        }
        Assert.Equal(gradients[0], gradients[1]);
    }

    [Fact]
    public void The_network_has_the_new_parameters_after_a_step()
    {
        var (model, batch) = Case("potts");
        using var network = Network(model);
        using var step = new CudaTrainingStep(network, CudaMoverTests.Target("potts"), model, Pairs);
        step.Step(batch, 0.01);
        var parameters = new ParameterSet(model.Layout);
        step.CopyTo(parameters);
        using var fresh = new CudaNetwork(model.Network, network.Device, CudaPrecision.Single);
        fresh.Load(parameters);
        var output = new float[model.Network.Outputs];
        var expected = new float[model.Network.Outputs];
        byte[] state = batch.States[..model.Network.Lattice.Sites];
        network.CreateEvaluator().Evaluate(state, 1, 0.3, output);
        fresh.CreateEvaluator().Evaluate(state, 1, 0.3, expected);
        Assert.Equal(expected, output);
    }

    [Fact]
    public void A_training_that_is_saved_and_goes_on_elsewhere_is_the_same_to_the_bit()
    {
        var options = new TrainingOptions
        {
            Batch = 4,
            Updates = 6,
            PoolWalkers = 8,
            PoolTimes = 2,
            EvaluateEvery = 3,
            EvaluationWalkers = 8,
            EvaluationWindows = 1,
            Threads = 1,
        };
        byte[] whole = Train(options, saveAfter: options.Updates);
        for (int saveAfter = 1; saveAfter < options.Updates; saveAfter += 3)
            Assert.Equal(whole, Train(options, saveAfter));
    }

    // The bytes of the last snapshot; another trainer goes on after so many updates.
    private byte[] Train(TrainingOptions options, int saveAfter)
    {
        byte[] saved = [];
        for (int until = saveAfter; ; until = options.Updates)
        {
            var (model, _) = Case("ising");
            using var network = Network(model);
            using var trainer = new Trainer(CudaMoverTests.Target("ising"), model, network, options);
            if (saved.Length > 0)
                trainer.Restore(TrainerSnapshot.FromBytes(saved));
            while (trainer.Updates < until)
                trainer.Update(TestContext.Current.CancellationToken);
            saved = trainer.Save().ToBytes();
            if (until == options.Updates)
                return saved;
        }
    }

    private static (LeapsModel Model, TrainingBatch Batch) Case(string kind)
    {
        var target = CudaMoverTests.Target(kind);
        var architecture = new LocallyEquivariantConv(target, [new(3, 3), new(3, 5)], channels: 5);
        var model = new LeapsModel(architecture, new FreeEnergyNetwork([6, 7]));
        model.Initialise(seed: 3, outputScale: 1);
        var batch = new TrainingBatch(Pairs, target.Sites);
        var stream = new RandomStream(1, RandomPurpose.Test);
        foreach (ref byte value in batch.States.AsSpan())
            value = (byte)stream.NextInt(target.States);
        for (int b = 0; b < Pairs; b++)
            batch.Times[b] = b % 3 == 1 ? batch.Times[b - 1] : stream.NextDouble();
        return (model, batch);
    }

    private CudaNetwork Network(LeapsModel model) =>
        new(model.Network, OpenDriver().Device(0), CudaPrecision.Single);

    private static double ReferenceLoss(string kind, LeapsModel model, TrainingBatch batch, double[] gradient)
    {
        var reference = new ReferenceNetwork(model.Network);
        reference.Load(model.Parameters);
        return new BatchLoss(CudaMoverTests.Target(kind), model, reference, Pairs, threads: 1)
            .Evaluate(batch, gradient);
    }
}

/// <summary>The same on this machine's GPU.</summary>
public sealed class CudaGpuTrainingStepTests : CudaTrainingStepTests
{
    protected override CudaDriver OpenDriver() => RealDriver.Require();
}
