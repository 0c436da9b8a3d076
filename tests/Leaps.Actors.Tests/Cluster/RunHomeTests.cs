using Leaps.Actors.Cluster;
using Leaps.Actors.Journal;
using Leaps.Actors.Journal.PostgreSql;
using Leaps.Actors.Protocol;
using Leaps.Actors.ReplayBuffer;
using Leaps.Actors.Runtime;
using Leaps.Actors.Tests.Journal.PostgreSql;
using Leaps.Actors.Tests.Runtime;
using Leaps.Model;
using Leaps.Model.Devices;
using Leaps.Model.Networks;

namespace Leaps.Actors.Tests.Cluster;

/// <summary>A run has one home: a former one that still lives, without its broker, changes nothing.</summary>
[Collection(SharedPostgreSqlTests.Name)]
public sealed class RunHomeTests(SharedPostgreSql shared)
{
    private readonly Guid _run = Guid.NewGuid();

    [Fact]
    public void A_former_home_writes_no_file_that_there_is_and_none_that_is_new()
    {
        using var here = Open();
        using var there = Open();
        using var former = Home(here);
        former.Files.WriteText("metrics.csv", "of the former home");
        using var home = Home(there);
        foreach (string name in (string[])["metrics.csv", "report.html"])
        {
            var refusal = Assert.Throws<FencedException>(() => former.Files.WriteText(name, "late"));
            Assert.Equal(ActorNames.Home, refusal.Actor);
        }
        Assert.Equal(["metrics.csv"], home.Files.Names());
        Assert.Equal("of the former home", home.Files.ReadText("metrics.csv"));

        foreach (string name in (string[])["metrics.csv", "report.html"])
        {
            home.Files.WriteText(name, "of the home");
            home.Files.WriteText(name, "of the home, again");
            Assert.Throws<FencedException>(() => former.Files.WriteText(name, "late"));
            Assert.Equal("of the home, again", home.Files.ReadText(name));
        }
        Assert.Equal(["metrics.csv", "report.html"], home.Files.Names());
    }

    // To it the journal looks as it was, and groups as if they had gone through resamplings that never were.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_former_home_does_not_conclude_a_run_that_goes_on_elsewhere(bool throws)
    {
        using var here = Open();
        using var there = Open();
        var work = new LateWork(throws);
        var told = new TaskCompletionSource<object>();
        var host = new ActorHost(new Journals(here), work, new NodeOptions
        {
            Name = "n1",
            Device = "simd-fma",
            Threads = 1,
            Speed = 1000,
        }, message => told.TrySetResult(message));
        var hosted = host.Start(ActorKey.HomeOf(_run), assignment: 1, resumptions: 0);
        await work.Begun.WaitAsync(Inbox.Limit, TestContext.Current.CancellationToken);
        using var home = Home(there);
        work.End();
        var ended = Assert.IsType<ActorEnded>(
            await told.Task.WaitAsync(Inbox.Limit, TestContext.Current.CancellationToken));
        Assert.Same(hosted, ended.Actor);
        Assert.Equal(ActorNames.Home, Assert.IsType<FencedException>(ended.Cause).Actor);
    }

    private PostgreSqlDatabase Open() => PostgreSqlDatabase.Open(SharedPostgreSql.Options(shared.Server),
        "cluster", cancellation: TestContext.Current.CancellationToken);

    private RunHome Home(PostgreSqlDatabase database) =>
        new(new Journals(database), _run, nodeThreads: 1, clusterThreads: 1, _ => { }, _ => { });

    // A home has its journal before anything else.
    private sealed class Journals(PostgreSqlDatabase database) : IClusterServices
    {
        public Guid Cluster => database.Cluster;

        public IFencedJournal Journal(Guid run, string part) =>
            database.Journal(run, part, cancellation: TestContext.Current.CancellationToken);

        public IMailboxes Mailboxes(Guid run, string part, bool signed = false) =>
            throw new NotSupportedException();

        public Task<int?> Consumers(string actor) => throw new NotSupportedException();

        public Task Evict(string actor, Func<bool> isDue) => throw new NotSupportedException();

        public Task<ServerTrouble?> Trouble(CancellationToken cancellation) =>
            throw new NotSupportedException();

        public void EndJournals(TimeSpan limit) => throw new NotSupportedException();
    }

    private sealed class LateWork(bool throws) : IRunWork
    {
        private readonly TaskCompletionSource _begun = new();
        private readonly TaskCompletionSource _end = new();

        public Task Begun => _begun.Task;

        public void End() => _end.SetResult();

        public RunConcluded Work(RunHome home, CancellationToken cancellation)
        {
            _begun.SetResult();
            _end.Task.Wait(cancellation);
            return throws ? throw new LeapsException("the journal knows nothing of it") : new RunConcluded
            {
                Outcome = RunConcluded.Types.Outcome.Complete,
            };
        }

        public void Store(IFencedJournal journal, SubmitRun submission) => throw new NotSupportedException();

        public IReadOnlyList<RateNetwork> CreateNetworks(LeapsModel model) =>
            throw new NotSupportedException();

        public RolloutPool CreateRolloutPool(IJournal journal, Action<Exception> failed) =>
            throw new NotSupportedException();
    }
}
