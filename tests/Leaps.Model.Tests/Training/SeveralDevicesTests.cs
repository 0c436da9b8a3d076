using Leaps.Model.Devices;
using Leaps.Model.Devices.Reference;
using Leaps.Model.Devices.Simd;
using Leaps.Model.Sampling;
using Leaps.Model.Training;
using ResidualLoss = Leaps.Model.Training.ResidualLoss;

namespace Leaps.Model.Tests.Training;

/// <summary>Devices of one kind that share a batch: the bits are those of one device alone.</summary>
public sealed class SeveralDevicesTests
{
    [Theory]
    [InlineData("ising")]
    [InlineData("potts")]
    public void Loss_and_gradient_are_the_same_bits_for_any_number_of_devices(string kind)
    {
        var target = TrainingCase.Target(kind);
        var model = TrainingCase.Model(target);
        foreach (int pairs in (ReadOnlySpan<int>)[2, 17, 333])
        {
            var batch = TrainingCase.Batch(target, pairs, seed: 3);
            var expected = new double[model.Layout.Count];
            double loss = new ResidualLoss(target, model, TrainingCase.Simd(model), pairs, threads: 1)
                .Evaluate(batch, expected);
            foreach (int devices in (ReadOnlySpan<int>)[2, 3, 20])
            {
                RateNetwork[] networks =
                    [.. Enumerable.Range(0, devices).Select(_ => TrainingCase.Simd(model))];
                var gradient = new double[expected.Length];
                var shared = new ResidualLoss(target, model, networks, pairs, threads: 2);
                Assert.Equal(loss, shared.Evaluate(batch, gradient));
                Assert.Equal(expected, gradient);
            }
        }
    }

    // A device with other parameters would be found out: so all of them take part and all are loaded.
    [Fact]
    public void Every_device_takes_part()
    {
        var target = TrainingCase.Target("ising");
        var model = TrainingCase.Model(target);
        var batch = TrainingCase.Batch(target, 40, seed: 3);
        var gradient = new double[model.Layout.Count];
        double loss = Loss([.. Enumerable.Range(0, 3).Select(_ => TrainingCase.Simd(model))]);
        for (int odd = 0; odd < 3; odd++)
        {
            RateNetwork[] networks = [.. Enumerable.Range(0, 3).Select(device =>
                TrainingCase.Simd(device == odd ? TrainingCase.Model(target, seed: 9) : model))];
            Assert.NotEqual(loss, Loss(networks));
        }

        double Loss(RateNetwork[] networks) =>
            new ResidualLoss(target, model, networks, 40, threads: 1).Evaluate(batch, gradient);
    }

    [Theory]
    [InlineData("ising", TrainingSource.Pool)]
    [InlineData("ising", TrainingSource.Rollouts)]
    [InlineData("potts", TrainingSource.Pool)]
    [InlineData("potts", TrainingSource.Rollouts)]
    public void Training_is_the_same_bits_on_one_two_and_three_devices(string kind, TrainingSource source)
    {
        var target = TrainingCase.Target(kind);
        var options = new TrainingOptions
        {
            Updates = 12,
            Batch = 60,
            PoolWalkers = 120,
            Source = source,
            RolloutWalkers = 20,
            RolloutMoves = 10,
            BufferSize = 5,
            BufferCycle = 3,
            HorizonStep = 0.1,
            EvaluateEvery = 5,
            EvaluationWalkers = 50,
            EvaluationWindows = 3,
        };
        var (parameters, records) = Train(1);
        foreach (int devices in (ReadOnlySpan<int>)[2, 3])
        {
            var other = Train(devices);
            Assert.Equal(parameters, other.Parameters);
            Assert.Equal(records, other.Records);
        }

        (double[] Parameters, List<TrainingRecord> Records) Train(int devices)
        {
            var model = TrainingCase.Model(target);
            RateNetwork[] networks =
                [.. Enumerable.Range(0, devices).Select(_ => new SimdNetwork(model.Network))];
            var trainer = new Trainer(target, model, networks, options);
            var done = new List<TrainingRecord>();
            while (!trainer.IsComplete)
                done.Add(trainer.Update());
            trainer.RestoreBest();
            var states = Walkers.Uniform(target, 10, seed: 1).States;
            var outputs = networks.Append(TrainingCase.Simd(model)).Select(network =>
            {
                var output = new float[10 * target.Outputs];
                network.CreateEvaluator().Evaluate(states, 10, 0.3, output);
                return output;
            }).ToArray();
            Assert.All(outputs, output => Assert.Equal(outputs[0], output));
            return (trainer.Model.Parameters.Values, done);
        }
    }

    [Fact]
    public void Devices_of_several_kinds_are_refused()
    {
        var target = TrainingCase.Target("ising");
        var model = TrainingCase.Model(target);
        var simd = new SimdNetwork(model.Network);
        var error = Assert.Throws<LeapsException>(() => new Trainer(
            target, model, [simd, new ReferenceNetwork(model.Network)], new TrainingOptions()));
        Assert.Equal(
            $"Training can't share {simd.DeviceKind} and reference: use devices of one kind.", error.Message);
    }
}
