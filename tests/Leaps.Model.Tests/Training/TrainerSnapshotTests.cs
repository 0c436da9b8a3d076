using System.Diagnostics;
using Leaps.Model.Devices.Simd;
using Leaps.Model.Networks;
using Leaps.Model.Targets;
using Leaps.Model.Training;

namespace Leaps.Model.Tests.Training;

/// <summary>
/// A training that is saved, restored elsewhere and goes on against the one that never stopped: every bit.
/// </summary>
public sealed class TrainerSnapshotTests
{
    private const int Updates = 60;

    private static readonly TrainingOptions Options = new()
    {
        Updates = Updates,
        Batch = 50,
        LearningRate = 3e-3,
        DecayEvery = 20,
        DecayFactor = 0.9,
        PoolWalkers = 150,
        PoolTimes = 7,
        RolloutWalkers = 20,
        RolloutMoves = 10,
        BufferSize = 8,
        BufferCycle = 5,
        HorizonUpdates = 40,
        HorizonStep = 0.1,
        EvaluateEvery = 7,
        EvaluationWalkers = 60,
        EvaluationWindows = 3,
        Seed = 5,
        Threads = 1,
    };

    [Theory]
    [InlineData("ising", TrainingSource.Pool, 0)]
    [InlineData("ising", TrainingSource.Rollouts, 0)]
    [InlineData("ising", TrainingSource.Rollouts, 4)]
    [InlineData("potts", TrainingSource.Pool, 0)]
    [InlineData("potts", TrainingSource.Rollouts, 0)]
    [InlineData("potts", TrainingSource.Rollouts, 20)]
    public void A_restored_training_goes_on_with_the_same_bits(
        string kind, TrainingSource source, int staleness)
    {
        var options = Options with { Source = source, RolloutStaleness = staleness };
        var target = TrainingCase.Target(kind);
        var straight = New(target, options);
        var expected = Records(straight, Updates);
        foreach (int stop in (ReadOnlySpan<int>)[0, 1, 17, 50])
        {
            var first = New(target, options with { Updates = stop + 1 });
            var records = Records(first, stop);
            byte[] bytes = first.Save().ToBytes();
            var second = New(target, options with { Threads = 1 + stop % 3 }, seed: 99);
            second.Restore(TrainerSnapshot.FromBytes(bytes));
            Assert.Equal(stop, second.Updates);
            Assert.Equal(bytes, second.Save().ToBytes());
            records.AddRange(Records(second, Updates));
            Assert.Equal(expected, records);
            AssertSame(straight, second);
            Assert.Equal(straight.Save().ToBytes(), second.Save().ToBytes());
        }
    }

    // The evaluation at the former end is one more; the parameters are those of the longer training.
    [Fact]
    public void More_updates_may_be_asked_for_later()
    {
        var target = TrainingCase.Target("potts");
        var options = Options with { Source = TrainingSource.Rollouts, RolloutStaleness = 2 };
        var straight = New(target, options);
        Records(straight, Updates);
        var first = New(target, options with { Updates = 25 });
        var records = Records(first, 25);
        Assert.True(first.IsComplete);
        Assert.NotNull(records[^1].EvaluatedRelativeEss);
        var second = New(target, options);
        second.Restore(first.Save());
        Assert.False(second.IsComplete);
        Records(second, Updates);
        Assert.True(second.IsComplete);
        Assert.Equal(straight.Model.Parameters.Values, second.Model.Parameters.Values);
        Assert.True(second.BestRelativeEss >= straight.BestRelativeEss);
    }

    [Fact]
    public void An_evaluation_that_was_cancelled_is_made_up_for_even_after_a_restart()
    {
        var target = TrainingCase.Target("ising");
        var straight = New(target, Options);
        var expected = Records(straight, Updates);
        var first = New(target, Options);
        var records = Records(first, 6);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        first.Step(BatchOf(first));
        Assert.Throws<OperationCanceledException>(() => first.Update(cancelled.Token));
        Assert.True(first.EvaluationDue);
        Assert.Throws<InvalidOperationException>(() => first.Step(new TrainingBatch(50, target.Sites)));

        var second = New(target, Options);
        second.Restore(TrainerSnapshot.FromBytes(first.Save().ToBytes()));
        Assert.True(second.EvaluationDue);
        Assert.Equal(7, second.Updates);
        records.AddRange(Records(second, Updates));
        Assert.Equal(expected, records);
        AssertSame(straight, second);

        // What the trainer's own source gives at its seventh update, walkers moved on.
        TrainingBatch BatchOf(Trainer trainer)
        {
            var source = new EquilibriumPool(target, Options);
            source.Restore(trainer.Save().Source.AsSpan());
            var batch = new TrainingBatch(Options.Batch, target.Sites);
            source.Fill(trainer.Updates, batch);
            trainer.Restore(trainer.Save() with { Source = [.. source.Save()] });
            return batch;
        }
    }

    [Fact]
    public void A_cancelled_rollout_leaves_the_training_as_it_was()
    {
        var target = TrainingCase.Target("ising");
        var options = Options with { Source = TrainingSource.Rollouts, RolloutStaleness = 5 };
        var straight = New(target, options);
        Records(straight, 20);
        var other = New(target, options);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        for (int update = 0; update < 20; update++)
        {
            // Cancelled where there is something to cancel: a rollout, or the evaluation of the last update.
            try
            {
                other.Update(cancelled.Token);
            }
            catch (OperationCanceledException)
            {
                var restored = New(target, options);
                restored.Restore(TrainerSnapshot.FromBytes(other.Save().ToBytes()));
                other = restored;
                other.Update(TestContext.Current.CancellationToken);
            }
            Assert.Equal(update + 1, other.Updates);
        }
        AssertSame(straight, other);
    }

    [Fact]
    public void A_snapshot_of_the_papers_network_is_small_and_fast()
    {
        var target = Lattices.Ising(15, 15, 0.4407, 0);
        var network = new LocallyEquivariantConv(
            target, [new Window(5, 5), new Window(7, 7), new Window(15, 15)], 20);
        var model = new LeapsModel(network, new FreeEnergyNetwork([200, 200, 200, 200]));
        model.Initialise(1);
        var trainer = new Trainer(target, model, [new SimdNetwork(network)], Options, source: null);
        Assert.InRange(model.Layout.Count, 200_000, 300_000);
        var best = new BestEvaluation(0, 0.5, trainer.Publish().Values);
        var snapshot = trainer.Save() with { Best = best };
        byte[] bytes = snapshot.ToBytes();
        Assert.InRange(bytes.Length, 24 * model.Layout.Count, 24 * model.Layout.Count + 1000);
        double write = double.PositiveInfinity, read = double.PositiveInfinity;
        for (int n = 0; n < 10; n++)
        {
            long start = Stopwatch.GetTimestamp();
            byte[] written = snapshot.ToBytes();
            write = Math.Min(write, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            start = Stopwatch.GetTimestamp();
            var other = TrainerSnapshot.FromBytes(written);
            read = Math.Min(read, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            Assert.Equal(snapshot.Parameters, other.Parameters);
        }
        Assert.True(write < 50 && read < 50, $"the fastest of ten: {write:F1} ms, {read:F1} ms");
    }

    [Fact]
    public void Bytes_that_are_not_a_sound_snapshot_are_refused_with_one_line()
    {
        var trainer = New(TrainingCase.Target("ising"), Options);
        Records(trainer, 7);
        var snapshot = trainer.Save();
        Corruption.RefusesOrReads(snapshot.ToBytes(), bytes => TrainerSnapshot.FromBytes(bytes));
        Refuses("its best evaluation is 0.5 after 9 of 7 updates.",
            snapshot with { Best = snapshot.Best! with { Update = 9, RelativeEss = 0.5 } });
        Refuses("update 3 can't be the last of 7.",
            snapshot with { Unevaluated = new TrainingRecord(3, 1, 1, 1, null) });
        Refuses("'parameters' holds NaN at position 2.",
            snapshot with { Parameters = snapshot.Parameters.SetItem(2, float.NaN) });
        Refuses("'adam.second_moment' holds a negative value.",
            snapshot with { SecondMoment = snapshot.SecondMoment.SetItem(2, -1e-9) });
        Refuses($"'adam.first_moment' has 3 values, not {snapshot.Parameters.Length}.",
            snapshot with { FirstMoment = [1, 2, 3] });

        static void Refuses(string message, TrainerSnapshot snapshot)
        {
            var error = Assert.ThrowsAny<Exception>(() => TrainerSnapshot.FromBytes(snapshot.ToBytes()));
            Assert.Equal("The snapshot of the trainer can't be read: " + message, error.Message);
            Assert.IsType<InvalidDataException>(error);
        }
    }

    [Fact]
    public void What_belongs_to_another_training_is_refused_and_changes_nothing()
    {
        var ising = TrainingCase.Target("ising");
        var rollouts = Options with { Source = TrainingSource.Rollouts };
        var pool = New(ising, Options);
        Records(pool, 3);
        var rolled = New(ising, rollouts);
        Records(rolled, 12);

        Refuses<LeapsException>("go on with the network", New(TrainingCase.Target("potts"), Options), pool);
        Refuses<LeapsException>("with the batch and pool walkers", New(ising, Options with { Batch = 51 }),
            pool);
        Refuses<LeapsException>("buffer-size", New(ising, rollouts with { BufferSize = 9 }), rolled);
        Refuses<LeapsException>("buffer-cycle", New(ising, rollouts with { BufferCycle = 4 }), rolled);
        Refuses<LeapsException>("staleness", New(ising, rollouts with { RolloutStaleness = 1 }), rolled);
        Refuses<InvalidDataException>("leaps-rollouts/1", New(ising, rollouts), pool);
        Refuses<InvalidDataException>("leaps-pool/1", New(ising, Options), rolled);

        static void Refuses<T>(string part, Trainer trainer, Trainer saved) where T : Exception
        {
            byte[] before = trainer.Save().ToBytes();
            var error = Assert.Throws<T>(() => trainer.Restore(saved.Save()));
            Assert.Contains(part, error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', error.Message);
            Assert.Equal(before, trainer.Save().ToBytes());
        }
    }

    [Fact]
    public void Training_ends_after_an_evaluation_that_reaches_the_target()
    {
        var target = TrainingCase.Target("ising");
        var trainer = New(target, Options);
        var evaluations = Records(trainer, Updates).Where(record => record.EvaluatedRelativeEss != null)
            .ToArray();
        Assert.True(trainer.IsComplete);
        double aim = 0.5 * (evaluations[0].EvaluatedRelativeEss!.Value + trainer.BestRelativeEss);
        var first = evaluations.First(record => record.EvaluatedRelativeEss >= aim);
        Assert.InRange(first.Update, 7, Updates - 2);

        var stopped = New(target, Options with { TargetRelativeEss = aim });
        while (!stopped.IsComplete)
            stopped.Update(TestContext.Current.CancellationToken);
        Assert.Equal(first.Update + 1, stopped.Updates);
        Assert.Equal(first.EvaluatedRelativeEss, stopped.BestRelativeEss);
        var restored = New(target, Options with { TargetRelativeEss = aim });
        restored.Restore(stopped.Save());
        Assert.True(restored.IsComplete);
        var further = New(target, Options);
        further.Restore(stopped.Save());
        Records(further, Updates);
        AssertSame(trainer, further);
    }

    private static Trainer New(Target target, TrainingOptions options, ulong seed = 1)
    {
        var model = TrainingCase.Model(target, seed: seed);
        return new Trainer(target, model, TrainingCase.Simd(model), options);
    }

    private static List<TrainingRecord> Records(Trainer trainer, int updates)
    {
        var records = new List<TrainingRecord>();
        while (trainer.Updates < updates || trainer.EvaluationDue)
            records.Add(trainer.Update());
        return records;
    }

    private static void AssertSame(Trainer expected, Trainer found)
    {
        Assert.Equal(expected.Model.Parameters.Values, found.Model.Parameters.Values);
        Assert.Equal((expected.BestUpdate, expected.BestRelativeEss),
            (found.BestUpdate, found.BestRelativeEss));
        Assert.Equal(expected.BestParameters.Values, found.BestParameters.Values);
    }
}
