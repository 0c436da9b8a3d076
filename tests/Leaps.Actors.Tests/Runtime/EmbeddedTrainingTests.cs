using System.Globalization;
using Leaps.Actors.Journal;
using Leaps.Actors.Protocol;
using Leaps.Actors.Runtime;
using Leaps.Actors.Runtime.Embedded;
using Leaps.Actors.Telemetry;
using Leaps.Actors.Tests.Telemetry;
using Leaps.Model.Devices.Simd;
using Leaps.Model.Networks;
using Leaps.Model.Random;
using Leaps.Model.Targets;
using Leaps.Model.Training;
using Algorithm2 = Leaps.Model.Training.Trainer;
using Command = Leaps.Actors.Protocol.ControlRequest.Types.Command;
using TrainerState = Leaps.Actors.Trainer.TrainerState;

namespace Leaps.Actors.Tests.Runtime;

/// <summary>
/// The truth is <see cref="Algorithm2"/>, which knows no actors: whatever happens to a training, its losses
/// and parameters are those of the plain loop, bit for bit.
/// </summary>
public sealed class EmbeddedTrainingTests
{
    private const int Updates = 120;

    private static readonly IsingTarget Target = new(new Lattice(4, 4), new CouplingSchedule(
        ScheduleShape.Linear, new Couplings(0, 0, 0.44), new Couplings(1, 0, 0.44)));

    private static TrainingOptions Options(TrainingSource source, int staleness) => new()
    {
        Updates = Updates,
        Batch = 40,
        Source = source,
        RolloutStaleness = staleness,
        PoolWalkers = 120,
        PoolTimes = 8,
        RolloutWalkers = 12,
        BufferCycle = 10,
        BufferSize = 12,
        RolloutMoves = 5,
        EvaluateEvery = 25,
        EvaluationWalkers = 60,
        EvaluationWindows = 4,
        Seed = 4,
    };

    [Theory]
    [InlineData(TrainingSource.Pool, 0, 1)]
    [InlineData(TrainingSource.Pool, 0, 3)]
    [InlineData(TrainingSource.Rollouts, 0, 1)]
    [InlineData(TrainingSource.Rollouts, 7, 2)]
    [InlineData(TrainingSource.Rollouts, 25, 1)]
    public async Task A_training_of_actors_is_the_plain_training(
        TrainingSource source, int staleness, int devices)
    {
        var options = Options(source, staleness);
        using var journal = new MemoryJournal();
        var losses = new double[Updates];
        using var training = Create(options, journal, losses, out var model, devices);
        Assert.Equal("", await RunAsync(training));
        AssertSame(options, model, losses);
    }

    [Theory]
    [InlineData(TrainingSource.Pool, 0)]
    [InlineData(TrainingSource.Rollouts, 0)]
    [InlineData(TrainingSource.Rollouts, 7)]
    public async Task A_process_that_ends_at_any_moment_is_followed_by_one_that_goes_on(
        TrainingSource source, int staleness)
    {
        var options = Options(source, staleness);
        var stream = new RandomStream(13, RandomPurpose.Test, staleness);
        using var journal = new MemoryJournal();
        var losses = new double[Updates];
        int progress = 0;
        for (int life = 0; life < 8; life++)
        {
            using var killed = Create(options, journal, losses, out _);
            Assert.True(killed.Updates >= progress, "The journal went back.");
            progress = killed.Updates;
            using var cancellation = new CancellationTokenSource();
            _ = Task.Run(() => killed.Run(cancellation.Token), CancellationToken.None)
                .ContinueWith(task => task.Exception, TaskScheduler.Default);
            await Task.Delay(stream.NextInt(60), TestContext.Current.CancellationToken);
            if (life % 2 == 0)
                await cancellation.CancelAsync();
        }
        using var last = Create(options, journal, losses, out var model);
        await RunAsync(last);
        AssertSame(options, model, losses);
    }

    [Fact]
    public async Task A_learning_rate_that_the_user_set_is_not_lost()
    {
        var options = Options(TrainingSource.Pool, 0) with { Updates = 100_000 };
        using var journal = new MemoryJournal();
        int from;
        // Without a snapshot of what it does after the change.
        using (var first = Create(options, journal, null, out _, snapshots: Timeout.InfiniteTimeSpan))
        {
            _ = Task.Run(() => first.Run(), CancellationToken.None)
                .ContinueWith(task => task.Exception, TaskScheduler.Default);
            var refused = await Ask(first, Command.Set, "train.learning-rate", "-1");
            Assert.Equal("train.learning-rate is -1; allowed: a positive number", refused.Text);
            var reply = await Ask(first, Command.Set, "train.learning-rate", "0.00025");
            Assert.Matches("^train.learning-rate is 0.00025 from update [0-9]+ on$", reply.Text);
            from = int.Parse(reply.Text.Split(' ')[^2], CultureInfo.InvariantCulture);
        }
        var changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var second = Create(options, journal, null, out _, onUpdate: record =>
        {
            if (record.LearningRate != (record.Update < from ? options.LearningRate : 0.00025))
                changed.TrySetException(new InvalidOperationException($"{record}, from {from}"));
            else if (record.Update > from)
                changed.TrySetResult();
        });
        Assert.True(second.Updates <= from + 1);
        _ = Task.Run(() => second.Run(), CancellationToken.None)
            .ContinueWith(task => task.Exception, TaskScheduler.Default);
        await changed.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData(TrainingSource.Pool)]
    [InlineData(TrainingSource.Rollouts)]
    public async Task A_training_that_the_user_paused_stays_so_in_its_next_life_until_it_is_to_go_on(
        TrainingSource source)
    {
        var options = Options(source, 0);
        using var journal = new MemoryJournal();
        var losses = new double[Updates];
        int paused = 0;
        for (int life = 0; life < 3; life++)
        {
            using var training = Create(options, journal, losses, out _);
            using var cancellation = new CancellationTokenSource();
            _ = Task.Run(() => training.Run(cancellation.Token), CancellationToken.None)
                .ContinueWith(task => task.Exception, TaskScheduler.Default);
            if (life == 0)
                Assert.True((await Ask(training, Command.Pause)).Accepted);
            await Task.Delay(50, TestContext.Current.CancellationToken);
            var status = (await Ask(training, Command.Status)).Entries;
            Assert.Equal("paused", status.Single(entry => entry.Key == "state").Value);
            if (life > 0)
                Assert.InRange(training.Updates, 0, paused);
            paused = training.Updates;
            // One life is lost, another ends in good order.
            if (life == 1)
                await cancellation.CancelAsync();
        }
        Assert.InRange(paused, 0, Updates - 1);
        TrainingJournal.GoOn(journal);
        using var last = Create(options, journal, losses, out var model);
        Assert.Equal("", await RunAsync(last));
        AssertSame(options, model, losses);
    }

    [Fact]
    public async Task A_training_that_the_user_cancelled_ends_in_its_next_life_too_unless_it_is_to_go_on()
    {
        var options = Options(TrainingSource.Pool, 0);
        using var journal = new MemoryJournal();
        var losses = new double[Updates];
        using (var first = Create(options, journal, losses, out _))
        {
            var run = RunAsync(first);
            await Ask(first, Command.Pause);
            Assert.Equal("the run is cancelled", (await Ask(first, Command.Cancel)).Text);
            Assert.Equal(TrainerState.Cancelled, await run);
        }
        using (var second = Create(options, journal, losses, out _))
            Assert.Equal(TrainerState.Cancelled, await RunAsync(second));
        TrainingJournal.GoOn(journal);
        long events = journal.LastSequence(ActorNames.Trainer);
        TrainingJournal.GoOn(journal);
        Assert.Equal(events, journal.LastSequence(ActorNames.Trainer));
        using var last = Create(options, journal, losses, out var model);
        Assert.Equal("", await RunAsync(last));
        AssertSame(options, model, losses);
    }

    [Fact]
    public async Task What_is_asked_of_a_training_that_is_over_is_refused()
    {
        using var journal = new MemoryJournal();
        using var training = Create(Options(TrainingSource.Pool, 0), journal, null, out _);
        Assert.Equal("", await RunAsync(training));
        var reply = await Ask(training, Command.Pause)
            .WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.Equal((false, Inquiries.Over), (reply.Accepted, reply.Text));
    }

    private static LeapsModel Model()
    {
        var model = new LeapsModel(
            new LocallyEquivariantConv(Target, [new Window(3, 3), new Window(4, 4)], 4),
            new FreeEnergyNetwork([8, 8]));
        model.Initialise(3);
        return model;
    }

    [Fact]
    public async Task What_a_training_writes_is_measured()
    {
        using var node = new NodeTelemetry("n1");
        using var listener = new TelemetryListener(node);
        using var journal = new MemoryJournal();
        using var training = Create(Options(TrainingSource.Pool, 0), journal, null, out _,
            telemetry: node.Of(Guid.NewGuid()));
        Assert.Equal("", await RunAsync(training));
        Assert.True(listener.Sum(MetricNames.JournalBytes) > 0);
        Assert.True(listener.Sum(MetricNames.JournalWriteSeconds) > 0);
    }

    private static EmbeddedTraining Create(TrainingOptions options, IJournal journal, double[]? losses,
        out LeapsModel model, int devices = 1, Action<TrainingRecord>? onUpdate = null,
        RunTelemetry? telemetry = null, TimeSpan? snapshots = null)
    {
        var created = model = Model();
        SimdNetwork[] networks =
            [.. Enumerable.Range(0, devices).Select(_ => new SimdNetwork(created.Network))];
        return new EmbeddedTraining(Target, model, networks, new SimdNetwork(model.Network), options, journal,
            new TrainingHomeOptions
            {
                SnapshotInterval = snapshots ?? TimeSpan.FromMilliseconds(10),
                Telemetry = telemetry,
                OnUpdate = (_, record) =>
                {
                    if (losses is not null)
                        losses[record.Update] = record.Loss;
                    onUpdate?.Invoke(record);
                },
            });
    }

    private static Task<string> RunAsync(EmbeddedTraining training) =>
        Task.Run(() => training.Run()).WaitAsync(TimeSpan.FromSeconds(60));

    private static Task<ControlReply> Ask(
        EmbeddedTraining training, Command command, string key = "", string value = "") =>
        training.Ask(new ControlRequest { Request = 1, Command = command, Key = key, Value = value },
            TestContext.Current.CancellationToken);

    private static void AssertSame(TrainingOptions options, LeapsModel actual, double[] losses)
    {
        var model = Model();
        var trainer = new Algorithm2(Target, model, new SimdNetwork(model.Network), options);
        var expected = new List<double>();
        while (!trainer.IsComplete)
            expected.Add(trainer.Update(TestContext.Current.CancellationToken).Loss);
        trainer.RestoreBest();
        Assert.Equal(expected, losses);
        Assert.Equal(model.Parameters.Values, actual.Parameters.Values);
    }
}
