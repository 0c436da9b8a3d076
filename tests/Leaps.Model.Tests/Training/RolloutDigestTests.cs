using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Leaps.Model.Devices.Reference;
using Leaps.Model.Networks;
using Leaps.Model.Random;
using Leaps.Model.Targets;
using Leaps.Model.Training;

namespace Leaps.Model.Tests.Training;

/// <summary>
/// The reference's recipe against digests recorded when rollouts were made inside the training loop, before
/// they could be late: without staleness not a bit of it may change.
/// </summary>
public sealed class RolloutDigestTests
{
    private static readonly TrainingOptions Options = new()
    {
        Updates = 40,
        Batch = 30,
        LearningRate = 3e-3,
        Source = TrainingSource.Rollouts,
        RolloutWalkers = 12,
        RolloutMoves = 7,
        BufferSize = 9,
        BufferCycle = 4,
        HorizonUpdates = 25,
        HorizonStep = 0.1,
        EvaluateEvery = 11,
        EvaluationWalkers = 40,
        EvaluationWindows = 3,
        Seed = 8,
    };

    // The network changes a little between updates, as in training.
    [Theory]
    [InlineData("ising", "1e8f08dc6fcfb288e110f3e3b0032e64")]
    [InlineData("potts", "caf8fe046db35988f2254bfb1ea0965d")]
    public void The_batches_of_a_source_without_staleness_are_those_recorded(string kind, string digest)
    {
        var target = TrainingCase.Target(kind);
        var model = TrainingCase.Model(target, outputScale: 0.5);
        var network = new ReferenceNetwork(model.Network);
        var source = new RolloutSource(target, model, network, Options);
        var batch = new TrainingBatch(Options.Batch, target.Sites);
        var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (int update = 0; update < Options.Updates; update++)
        {
            network.Load(model.Parameters);
            source.Fill(update, batch, TestContext.Current.CancellationToken);
            hash.AppendData(MemoryMarshal.AsBytes(batch.Times.AsSpan()));
            hash.AppendData(batch.States);
            var stream = new RandomStream(3, RandomPurpose.Test, step: update);
            foreach (ref double value in model.Parameters[LocallyEquivariantConv.Prefix + "linear"])
                value = (float)(value + 0.3 * (stream.NextDouble() - 0.5));
        }
        Assert.Equal(digest, Convert.ToHexStringLower(hash.GetHashAndReset())[..32]);
    }

    [Theory]
    [InlineData("ising", TrainingSource.Rollouts, "65fa703fdd644c79a914d157404641b1")]
    [InlineData("potts", TrainingSource.Rollouts, "2546df673e6631f81141702bfe727c73")]
    [InlineData("ising", TrainingSource.Pool, "58fb4a3fd93e2dbf4d63a9343025bbde")]
    [InlineData("potts", TrainingSource.Pool, "31fb896d7a79a7a4210e6d3678e2ab9b")]
    public void The_parameters_of_a_training_without_staleness_are_those_recorded(
        string kind, TrainingSource source, string digest)
    {
        var target = TrainingCase.Target(kind);
        var model = TrainingCase.Model(target);
        var options = Options with { Source = source, PoolWalkers = 90, PoolTimes = 7 };
        var trainer = new Trainer(target, model, new ReferenceNetwork(model.Network), options);
        for (int update = 0; update < options.Updates; update++)
            trainer.Update(TestContext.Current.CancellationToken);
        float[] values =
            [.. trainer.Model.Parameters.Values.Concat(trainer.BestParameters.Values).Select(v => (float)v)];
        byte[] hash = SHA256.HashData(MemoryMarshal.AsBytes(values.AsSpan()));
        Assert.Equal(digest, Convert.ToHexStringLower(hash)[..32]);
    }
}
