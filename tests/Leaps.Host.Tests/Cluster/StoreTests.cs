using Google.Protobuf;
using Leaps.Actors.Cluster;
using Leaps.Actors.Journal;
using Leaps.Actors.Journal.PostgreSql;
using Leaps.Actors.Protocol;
using Leaps.Host.Execution;
using Leaps.Host.Execution.Cluster;
using Leaps.Host.Tests.Execution;

namespace Leaps.Host.Tests.Cluster;

/// <summary>
/// A submission is asked for again until it is answered: one that is slow may find that another has stored
/// the run meanwhile, and that it lives.
/// </summary>
[Collection(ClusterCollection.Name)]
public sealed class StoreTests(ClusterServers servers, TrainedRun trained)
    : IDisposable, IClassFixture<TrainedRun>
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_second_call_that_comes_late_leaves_a_run_that_lives_to_its_home(bool hasModel)
    {
        using var database = servers.OpenDatabase(ClusterServers.NewName(), _ => { });
        var run = Guid.NewGuid();
        var submission = Submission(run, hasModel);
        var work = new ClusterRunWork(_folder.Path, RunDevices.Cpu, TimeProvider.System);
        using var home = Open(database, run);
        using var first = Open(database, run);
        using var second = new LateJournal(Open(database, run), () =>
        {
            work.Store(first, submission);
            home.Claim("run");
            home.Append("run", 1, ["event"u8.ToArray()]);
            new RunFiles(home).WriteText("config.yaml", "of the home");
        });

        work.Store(second, submission);

        home.Append("run", 2, ["event"u8.ToArray()]);
        var files = new RunFiles(home);
        Assert.Equal("of the home", files.ReadText("config.yaml"));
        files.WriteText("config.yaml", "of the home, too");
        Assert.Equal(hasModel, files.Names().Contains(ClusterRunWork.SubmittedModel));
    }

    [Fact]
    public async Task Many_calls_at_a_time_store_a_run_once_and_none_is_refused()
    {
        using var database = servers.OpenDatabase(ClusterServers.NewName(), _ => { });
        var run = Guid.NewGuid();
        var submission = Submission(run, hasModel: true);
        var work = new ClusterRunWork(_folder.Path, RunDevices.Cpu, TimeProvider.System);
        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() =>
        {
            using var journal = Open(database, run);
            work.Store(journal, submission);
        }, TestContext.Current.CancellationToken)));
        using var stored = Open(database, run);
        Assert.Single(stored.Read("run", 1));
        Assert.Equal(submission.Model, ByteString.CopyFrom(
            new RunFiles(stored).ReadAll(ClusterRunWork.SubmittedModel)));
    }

    private static PostgreSqlJournal Open(PostgreSqlDatabase database, Guid run) =>
        database.Journal(run, "run", cancellation: TestContext.Current.CancellationToken);

    private SubmitRun Submission(Guid run, bool hasModel) => new()
    {
        RunId = Envelope.RunIdBytes(run),
        Name = "test",
        Configuration = "target: {model: ising, lattice: 3, beta: 0.44}\n"
            + (hasModel ? "network: {model: m.safetensors}\n" : ""),
        Model = hasModel ? ByteString.CopyFrom(File.ReadAllBytes(trained.Model)) : ByteString.Empty,
    };

    // Once it has said that nothing is stored, others go first.
    private sealed class LateJournal(IFencedJournal journal, Action others) : IFencedJournal
    {
        private bool _asked;

        public IReadOnlyList<string> Actors() => journal.Actors();

        public long Claim(string actor) => journal.Claim(actor);

        public void ForgetRun(Guid run, string actor) => journal.ForgetRun(run, actor);

        public long LastSequence(string actor)
        {
            long last = journal.LastSequence(actor);
            if (!_asked)
            {
                _asked = true;
                others();
            }
            return last;
        }

        public void Write(IReadOnlyList<JournalWrite> writes) => journal.Write(writes);

        public IReadOnlyList<JournalEvent> Read(string actor, long fromSequence) =>
            journal.Read(actor, fromSequence);

        public Leaps.Actors.Journal.Snapshot? LoadLatestSnapshot(string actor) =>
            journal.LoadLatestSnapshot(actor);

        public void Dispose() => journal.Dispose();
    }
}
