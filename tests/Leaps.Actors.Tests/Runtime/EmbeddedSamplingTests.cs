using Leaps.Actors.Journal;
using Leaps.Actors.Protocol;
using Leaps.Actors.Runtime;
using Leaps.Actors.Runtime.Embedded;
using Leaps.Model;
using Leaps.Model.Random;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;
using Command = Leaps.Actors.Protocol.ControlRequest.Types.Command;

namespace Leaps.Actors.Tests.Runtime;

/// <summary>
/// The truth is <see cref="ReplicaEnsemble"/>, which knows no actors: whatever happens to a run, its samples,
/// weights and windows are those of the plain call, bit for bit.
/// </summary>
public sealed class EmbeddedSamplingTests
{
    private const int Replicas = 2;

    private static readonly IsingTarget Target = new(new Lattice(5, 5), new CouplingSchedule(
        ScheduleShape.Linear, new Couplings(0, 0, 0.44), new Couplings(1, 0, 0.44)));

    private static readonly double[] Times = TimeGrid.Uniform(20);

    private static AnnealerOptions Options(ResamplingScheme scheme, int groups, ulong seed = 3) => new()
    {
        Walkers = 300,
        Windows = 20,
        Groups = groups,
        Resampling = scheme,
        ResamplingThreshold = 0.97,
        Seed = seed,
        Mcmc = new McmcOptions { Kernel = McmcKernelKind.HeatBathSweep },
    };

    public static TheoryData<ResamplingScheme, int, int> Cases()
    {
        var cases = new TheoryData<ResamplingScheme, int, int>();
        foreach (var scheme in Enum.GetValues<ResamplingScheme>())
        {
            foreach (int groups in (int[])[1, 3, 7])
            {
                foreach (int threads in (int[])[1, 2, 7])
                    cases.Add(scheme, groups, threads);
            }
        }
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task A_run_of_actors_is_the_plain_run(ResamplingScheme scheme, int groups, int threads)
    {
        var options = Options(scheme, groups);
        using var journal = new MemoryJournal();
        using var sampling = Create(options, journal, threads);
        AssertSame(Truth(options), await RunAsync(sampling));
    }

    [Theory]
    [InlineData(ResamplingScheme.Systematic)]
    [InlineData(ResamplingScheme.Residual)]
    public async Task Groups_that_are_lost_at_any_moment_change_nothing(ResamplingScheme scheme)
    {
        const int groups = 5;
        var stream = new RandomStream(11, RandomPurpose.Test, (int)scheme);
        for (ulong seed = 1; seed <= 6; seed++)
        {
            var options = Options(scheme, groups, seed);
            using var journal = new MemoryJournal();
            using var sampling = Create(options, journal, threads: 2);
            var run = RunAsync(sampling);
            for (int loss = 0; loss < 6; loss++)
            {
                await Task.Delay(stream.NextInt(8), TestContext.Current.CancellationToken);
                sampling.Lose(stream.NextInt(groups * Replicas));
            }
            AssertSame(Truth(options), await run);
        }
    }

    [Fact]
    public async Task A_process_that_ends_at_any_moment_is_followed_by_one_that_goes_on()
    {
        var stream = new RandomStream(12, RandomPurpose.Test, 0);
        var options = Options(ResamplingScheme.Stratified, groups: 4);
        var truth = Truth(options);
        for (int trial = 0; trial < 5; trial++)
        {
            using var journal = new MemoryJournal();
            for (int life = 0; life < 4; life++)
            {
                using var killed = Create(options, journal, threads: 2);
                _ = RunAsync(killed).ContinueWith(task => task.Exception, TaskScheduler.Default);
                await Task.Delay(stream.NextInt(40), TestContext.Current.CancellationToken);
            }
            using var last = Create(options, journal, threads: 1 + trial);
            AssertSame(truth, await RunAsync(last));
        }
    }

    [Fact]
    public async Task A_cancelled_run_is_stored_and_goes_on_from_there()
    {
        var options = Options(ResamplingScheme.Systematic, groups: 4);
        using var journal = new MemoryJournal();
        using var cancellation = new CancellationTokenSource();
        int windows = 0;
        using (var first = Create(options, journal, threads: 2, onWindow: () =>
        {
            if (++windows == 9)
                cancellation.Cancel();
        }))
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(
                () => Task.Run(() => first.Run(cancellation.Token)));
        }
        using var second = Create(options, journal, threads: 2, onWindow: () => windows++);
        AssertSame(Truth(options), await RunAsync(second));
        // Each at most once; one whose event was durable when the first process ended is told by neither.
        Assert.InRange(windows, 2 * 20 - 8, 2 * 20);
    }

    [Fact]
    public async Task Pausing_holds_the_run_until_it_is_resumed()
    {
        var options = Options(ResamplingScheme.Systematic, groups: 3);
        using var journal = new MemoryJournal();
        using var sampling = Create(options, journal, threads: 2);
        var run = RunAsync(sampling);
        var paused = await Ask(sampling, Command.Pause);
        Assert.True(paused.Accepted);
        if (run.IsCompleted)
            Assert.Fail("The run was over before it could be paused: make it longer.");
        await Task.Delay(200, TestContext.Current.CancellationToken);
        var status = await Ask(sampling, Command.Status);
        Assert.Equal("paused", status.Entries.Single(entry => entry.Key == "state").Value);
        Assert.False(run.IsCompleted);
        await Ask(sampling, Command.Resume);
        AssertSame(Truth(options), await run);
    }

    [Fact]
    public async Task What_the_user_asks_before_the_run_begins_comes_after_its_beginning()
    {
        var options = Options(ResamplingScheme.Systematic, groups: 3);
        using var journal = new MemoryJournal();
        using var sampling = Create(options, journal, threads: 2);
        var paused = Ask(sampling, Command.Pause);
        var resumed = Ask(sampling, Command.Resume);
        var result = await RunAsync(sampling);
        Assert.True((await paused).Accepted && (await resumed).Accepted);
        AssertSame(Truth(options), result);
        Assert.Equal(Replicas, SamplingJournal.Read(journal)!.End!.Replicas);
    }

    [Fact]
    public async Task What_is_asked_of_a_sampling_that_is_over_is_refused()
    {
        using var journal = new MemoryJournal();
        var sampling = Create(Options(ResamplingScheme.Systematic, groups: 3), journal, threads: 2);
        var before = Ask(sampling, Command.Status);
        sampling.Dispose();
        foreach (var asked in (Task<ControlReply>[])[before, Ask(sampling, Command.Pause)])
        {
            var reply = await asked.WaitAsync(
                TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
            Assert.Equal((false, Inquiries.Over), (reply.Accepted, reply.Text));
        }
    }

    [Fact]
    public void The_journal_of_another_sampling_is_refused()
    {
        using var journal = new MemoryJournal();
        using (var sampling = Create(Options(ResamplingScheme.Systematic, 2), journal, threads: 2))
            sampling.Run(TestContext.Current.CancellationToken);
        var other = Options(ResamplingScheme.Systematic, 2, seed: 4);
        var error = Assert.Throws<LeapsException>(() => Create(other, journal, threads: 2));
        Assert.StartsWith("the journal is that of another sampling", error.Message, StringComparison.Ordinal);
    }

    private static EmbeddedSampling Create(
        AnnealerOptions options, IJournal journal, int threads, Action? onWindow = null) =>
        new(new SamplingTask(Target, options, Times, Replicas), [], journal, new EmbeddedOptions
        {
            Threads = threads,
            SnapshotInterval = TimeSpan.FromMilliseconds(5),
            OnWindow = (_, _) => onWindow?.Invoke(),
        });

    private static EnsembleResult Truth(AnnealerOptions options) =>
        new ReplicaEnsemble(Target, null, options, Replicas, Times).Run();

    private static Task<EnsembleResult> RunAsync(EmbeddedSampling sampling) =>
        Task.Run(() => sampling.Run().Result).WaitAsync(TimeSpan.FromSeconds(60));

    private static Task<ControlReply> Ask(EmbeddedSampling sampling, Command command) =>
        sampling.Ask(new ControlRequest { Request = 1, Command = command },
            TestContext.Current.CancellationToken);

    private static void AssertSame(EnsembleResult expected, EnsembleResult actual)
    {
        Assert.Equal(expected.Walkers.States, actual.Walkers.States);
        Assert.Equal(expected.Walkers.LogWeights, actual.Walkers.LogWeights);
        Assert.Equal(expected.Walkers.Families, actual.Walkers.Families);
        Assert.Equal(expected.ReplicaLogZ, actual.ReplicaLogZ);
        Assert.Equal(expected.Resamplings, actual.Resamplings);
        Assert.True(expected.Resamplings.Sum() > 5);
        Assert.Equal(expected.Windows.Select(Numbers), actual.Windows.Select(Numbers));

        static (double, double, double, IntegrationCost, string) Numbers(EnsembleWindow window) =>
            (window.RelativeEss, window.LogZ, window.LogZStdErr, window.Cost,
                string.Join(' ', window.Resampled));
    }
}
