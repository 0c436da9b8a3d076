using Leaps.Model.Devices;
using Leaps.Model.Random;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;
using Leaps.Model.Training;

namespace Leaps.Model.Tests.Training;

/// <summary>
/// Rollouts as they travel: their bytes, their log-weights against the annealer, late ones made elsewhere.
/// </summary>
public sealed class RolloutTests
{
    private static readonly TrainingOptions Options = new()
    {
        Updates = 30,
        Batch = 20,
        LearningRate = 3e-3,
        Source = TrainingSource.Rollouts,
        RolloutWalkers = 10,
        RolloutMoves = 5,
        BufferSize = 6,
        BufferCycle = 4,
        HorizonUpdates = 20,
        HorizonStep = 0.125,
        EvaluateEvery = 0,
        Seed = 8,
    };

    // The same walkers by Algorithm 1's own code: same seed, grid and moves.
    [Theory]
    [InlineData("ising")]
    [InlineData("potts")]
    public void States_and_log_weights_are_those_of_the_annealer(string kind)
    {
        var target = TrainingCase.Target(kind);
        var network = TrainingCase.Simd(TrainingCase.Model(target, outputScale: 0.5));
        var entry = new RolloutSchedule(Options).At(9);
        var rollout = new RolloutMaker(target, Options with { HorizonUpdates = 0 })
            .Make(entry, network, "", TestContext.Current.CancellationToken);
        Assert.Equal(1, rollout.Times[^1]);

        ulong seed = RandomStream.DeriveSeed(Options.Seed, RandomPurpose.TrainingRollout, entry.DueUpdate);
        var annealer = new Annealer(target, network, new AnnealerOptions
        {
            Walkers = Options.RolloutWalkers,
            Integrator = IntegratorKind.Euler,
            ResamplingThreshold = 0,
            Mcmc = new McmcOptions { Kernel = McmcKernelKind.Metropolis, Moves = Options.RolloutMoves },
            Seed = seed,
        }, rollout.Times);
        var state = annealer.Start();
        var states = new byte[state.Walkers.States.Length];
        for (int n = 0; n < rollout.Times.Length; n++)
        {
            if (n > 0)
                annealer.Advance(state, TestContext.Current.CancellationToken);
            rollout.Slices[n].Unpack(states);
            Assert.Equal(state.Walkers.States, states);
            Assert.Equal(state.Walkers.LogWeights, rollout.LogWeights[n]);
        }
        Assert.All(rollout.LogWeights[^1], weight => Assert.NotEqual(0, weight));
    }

    [Theory]
    [InlineData("ising")]
    [InlineData("potts")]
    public void A_rollout_comes_back_from_its_bytes(string kind)
    {
        var rollout = Make(TrainingCase.Target(kind));
        var other = Rollout.FromBytes(rollout.ToBytes());
        Assert.Equal(rollout.Entry, other.Entry);
        Assert.Equal(rollout.ParametersSha256, other.ParametersSha256);
        Assert.Equal(rollout.Times, other.Times);
        Assert.Equal(rollout.LogWeights, other.LogWeights);
        Assert.Equal(rollout.Slices.Select(slice => slice.Bytes), other.Slices.Select(slice => slice.Bytes));
        Assert.Equal(rollout.ToBytes(), other.ToBytes());
    }

    [Fact]
    public void Bytes_that_are_not_a_sound_rollout_are_refused_with_one_line()
    {
        byte[] bytes = Make(TrainingCase.Target("potts")).ToBytes();
        Corruption.RefusesOrReads(bytes, damaged => Rollout.FromBytes(damaged));
        var rollout = Make(TrainingCase.Target("potts"));
        rollout.LogWeights[1][2] = double.NaN;
        Refuses("'log_weights' holds NaN at position 12.", rollout);
        rollout = Make(TrainingCase.Target("potts"));
        rollout.Times[^1] = 1.5;
        Refuses($"its time {rollout.Times.Length - 1} is 1.5; times lie in [0, 1] and never fall.", rollout);
        rollout = Make(TrainingCase.Target("potts"));
        rollout.Slices[0].Bytes[0] |= 3;
        Refuses("site 0 of state 0 is 3; 3 values are 0 to 2.", rollout);
        Refuses("its parameters_sha256 is not 64 hexadecimal digits.",
            Make(TrainingCase.Target("potts")) with { ParametersSha256 = "abc" });

        static void Refuses(string message, Rollout rollout)
        {
            var error = Assert.Throws<InvalidDataException>(() => Rollout.FromBytes(rollout.ToBytes()));
            Assert.Equal("The rollout can't be read: " + message, error.Message);
        }
    }

    // One process makes every rollout as soon as its parameters are there. By hand: all of them after the
    // training, the last first, from stored parameters; then the batches, the last first too.
    [Theory]
    [InlineData("ising", 0)]
    [InlineData("ising", 3)]
    [InlineData("potts", 1)]
    [InlineData("potts", 11)]
    public void Rollouts_made_late_and_in_another_order_give_the_same_batches(string kind, int staleness)
    {
        var options = Options with { RolloutStaleness = staleness };
        var target = TrainingCase.Target(kind);
        var model = TrainingCase.Model(target);
        var network = TrainingCase.Simd(model);
        var source = new RolloutSource(target, model, network, options);
        var trainer = new Trainer(target, model, [network], options, source: null);
        var versions = new List<ParameterVersion>();
        var batches = new List<TrainingBatch>();
        var made = new Dictionary<int, Rollout>();
        for (int update = 0; update < options.Updates; update++)
        {
            versions.Add(trainer.Publish());
            var batch = new TrainingBatch(options.Batch, target.Sites);
            source.Fill(update, batch, TestContext.Current.CancellationToken);
            batches.Add(batch);
            foreach (var rollout in source.Rollouts)
                made[rollout.Entry.Index] = rollout;
            trainer.Step(batch);
        }
        Assert.Equal(options.Updates, versions.Select(version => version.Sha256).Distinct().Count());

        var late = MakeLate(target, options, versions);
        foreach (var (index, rollout) in late)
        {
            int used = Math.Max(0, rollout.Entry.DueUpdate - staleness);
            Assert.Equal(versions[used].Sha256, made[index].ParametersSha256);
            Assert.Equal(rollout.ToBytes(), made[index].ToBytes());
        }
        var schedule = new RolloutSchedule(options);
        for (int update = options.Updates - 1; update >= 0; update--)
        {
            var buffer = new ReplayBuffer(options.BufferSize);
            foreach (var entry in schedule.InBuffer(update))
                buffer.Add(late[entry.Index]);
            var batch = new TrainingBatch(options.Batch, target.Sites);
            buffer.Sample(batch, options.Seed, update);
            Assert.Equal(batches[update].Times, batch.Times);
            Assert.Equal(batches[update].States, batch.States);
        }
    }

    [Fact]
    public void Late_rollouts_are_other_rollouts()
    {
        var target = TrainingCase.Target("ising");
        Assert.NotEqual(Train(0), Train(1));

        double[] Train(int staleness)
        {
            var model = TrainingCase.Model(target);
            var options = Options with { RolloutStaleness = staleness };
            var trainer = new Trainer(target, model, TrainingCase.Simd(model), options);
            while (!trainer.IsComplete)
                trainer.Update();
            return model.Parameters.Values;
        }
    }

    [Fact]
    public void Updates_out_of_order_are_refused()
    {
        var target = TrainingCase.Target("ising");
        var model = TrainingCase.Model(target);
        var source = new RolloutSource(target, model, TrainingCase.Simd(model), Options);
        var batch = new TrainingBatch(Options.Batch, target.Sites);
        Assert.Throws<InvalidOperationException>(
            () => source.Fill(1, batch, TestContext.Current.CancellationToken));
    }

    private static Dictionary<int, Rollout> MakeLate(
        Target target, TrainingOptions options, List<ParameterVersion> versions)
    {
        var layout = TrainingCase.Model(target).Layout;
        RateNetwork network = TrainingCase.Simd(TrainingCase.Model(target, seed: 99));
        var maker = new RolloutMaker(target, options);
        var schedule = new RolloutSchedule(options);
        var late = new Dictionary<int, Rollout>();
        for (int index = schedule.CountDue(versions.Count - 1) - 1; index >= 0; index--)
        {
            var entry = schedule.At(index);
            var version = versions[entry.ParameterUpdate];
            version.Load(network, layout);
            late.Add(index, maker.Make(entry, network, version.Sha256));
        }
        return late;
    }

    private static Rollout Make(Target target)
    {
        var model = TrainingCase.Model(target);
        return new RolloutMaker(target, Options).Make(new RolloutSchedule(Options).At(9),
            TrainingCase.Simd(model), ParameterVersion.Of(9, model.Parameters).Sha256);
    }
}
