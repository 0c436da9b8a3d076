using System.Collections.Concurrent;
using System.Collections.Immutable;
using Google.Protobuf;
using Leaps.Actors.Cluster;
using Leaps.Actors.Journal;
using Leaps.Actors.Journal.PostgreSql;
using Leaps.Actors.Protocol;
using Leaps.Actors.ReplayBuffer;
using Leaps.Actors.Runtime.RabbitMq;
using Leaps.Actors.Tests.Journal.PostgreSql;
using Leaps.Actors.Tests.Runtime;
using Leaps.Actors.Tests.Runtime.RabbitMq;
using Leaps.Model;
using Leaps.Model.Devices;
using Leaps.Model.Networks;

namespace Leaps.Actors.Tests.Cluster;

/// <summary>Nodes with a real broker, and each with a way of its own to a real database.</summary>
[Collection(SharedPostgreSqlTests.Name)]
public sealed class DatabaseLossTests(SharedPostgreSql database, SharedBroker broker)
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(2);

    private readonly string _cluster = $"t{Guid.NewGuid():N}";
    private readonly ConcurrentQueue<string> _notices = new();
    private ClusterClient? _client;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_scheduler_that_loses_its_database_alone_is_replaced_and_comes_back_as_a_node(
        bool silently)
    {
        await using var first = await Join("n1");
        await Until(nodes => nodes is [{ Node: "n1", Schedules: true, State: "alive" }]);
        var run = await Submit();
        await Until(() => Task.FromResult(first.Work.Writes(run) > 0), "the run works");
        await using var second = await Join("n2");
        await Until(nodes => nodes.Length == 2 && nodes.All(node => node.State == "alive"));

        first.Proxy.Close(silently);
        await Until(nodes => nodes is [{ Node: "n2", Schedules: true, State: "alive" }]);
        await Until(() => Task.FromResult(second.Work.Writes(run) > 0), "the run goes on elsewhere");

        first.Proxy.Open();
        await Until(nodes => nodes is [{ Node: "n1", Schedules: false, State: "alive" },
        { Node: "n2", Schedules: true, State: "alive" }]);
        // And its seat is there again.
        await second.DisposeAsync();
        await Until(nodes => nodes.Any(node => node is { Node: "n1", Schedules: true }));
    }

    [Fact]
    public async Task With_its_database_a_scheduler_deletes_a_run_that_is_over()
    {
        await using var node = await Join("n1", cancelsAtFirst: true);
        var run = await Submit();
        await Until(async () => await List() is { Runs: [{ State: "cancelled" }], Nodes: [{ Actors: 0 }] },
            "the run has ended");
        var reply = await Ask(ClusterRequest.Types.Command.Forget, run, Cancellation);
        Assert.True(reply.Accepted, reply.Text);
        Assert.Empty((await List()).Runs);
        Assert.Empty(node.Database.Parts(run));
    }

    [Fact]
    public async Task A_deletion_that_waits_for_a_lost_database_does_not_reach_a_run_that_goes_on_meanwhile()
    {
        await using var first = await Join("n1", cancelsAtFirst: true);
        await Until(nodes => nodes is [{ Node: "n1", Schedules: true, State: "alive" }]);
        var run = await Submit();
        await using var second = await Join("n2", cancelsAtFirst: true);
        await Until(async () => await List() is
        { Runs: [{ State: "cancelled" }], Nodes: [{ Actors: 0 }, { Actors: 0 }] }, "the run has ended");

        // The first node is held up in the deletion, then it is without the database.
        var holding = Task.Run(() => database.Server.Execute(
            $"SELECT 1 FROM leaps_actors WHERE run = '{run}' FOR UPDATE; SELECT pg_sleep(600)"),
            Cancellation);
        await Until(() => Task.FromResult(Sessions("wait_event = 'PgSleep'") == "1"), "the rows are held");
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var asking = Ask(ClusterRequest.Types.Command.Forget, run, patience.Token);
        await Until(() => Task.FromResult(Sessions("wait_event_type = 'Lock'") == "1"), "the deletion waits");
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        first.Proxy.Close(silently: false);
        database.Server.Execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
        await Assert.ThrowsAsync<InvalidOperationException>(() => holding);
        await Until(nodes => nodes is [{ Node: "n2", Schedules: true, State: "alive" }]);
        var reply = await Ask(ClusterRequest.Types.Command.Resume, run, Cancellation);
        Assert.True(reply.Accepted, reply.Text);
        await Until(() => Task.FromResult(second.Work.Writes(run) > 0), "the run goes on elsewhere");

        first.Proxy.Open();
        await Until(nodes => nodes is [{ Node: "n1", State: "alive" }, { Node: "n2", State: "alive" }]);
        int before = second.Work.Writes(run);
        await Until(() => Task.FromResult(second.Work.Writes(run) > before + 10), "the run still goes on");
        using var journal = second.Database.Journal(run, "run", cancellation: Cancellation);
        Assert.Equal(1, journal.LastSequence("submission"));
    }

    [Fact]
    public async Task When_all_lose_the_database_they_come_back_and_nobody_is_declared_gone()
    {
        await using var first = await Join("n1");
        await using var second = await Join("n2");
        await Until(nodes => nodes.Length == 2 && nodes.All(node => node.State == "alive"));
        var run = await Submit();
        Member[] members = [first, second];
        await Until(() => Task.FromResult(members.Any(member => member.Work.Writes(run) > 0)), "work");
        var home = members.Single(member => member.Work.Writes(run) > 0);

        Array.ForEach(members, member => member.Proxy.Close(silently: false));
        await Until(() => Task.FromResult(members.All(member => member.Node.Status.Trouble is not null)),
            "trouble");
        await Task.Delay(2 * Lease, Cancellation);
        int before = home.Work.Writes(run);
        // One after the other; the run's home last, when a scheduler would have missed it at other times.
        members.Single(member => member != home).Proxy.Open();
        await Until(nodes => nodes.Any(node => node.Schedules));
        await Task.Delay(3 * new ClusterTimes { Lease = Lease }.Beat, Cancellation);
        home.Proxy.Open();
        await Until(nodes => nodes.Length == 2 && nodes.All(node => node.State == "alive")
            && nodes.Count(node => node.Schedules) == 1);
        await Until(() => Task.FromResult(home.Work.Writes(run) > before + 10), "the run goes on");
        Assert.Equal(1, members.Sum(member => member.Work.Lives(run)));
    }

    [Fact]
    public async Task A_node_without_its_database_ends_when_it_is_told_to()
    {
        await using var node = await Join("n1");
        await Until(nodes => nodes is [{ State: "alive" }]);
        var run = await Submit();
        await Until(() => Task.FromResult(node.Work.Writes(run) > 0), "the run works");
        node.Proxy.Close(silently: false);
        await Until(() => Task.FromResult(node.Node.Status.Trouble is not null), "trouble");
        await node.Node.Run(TimeSpan.FromMilliseconds(100), new CancellationToken(canceled: true));
        await node.Node.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
    }

    private async Task<Member> Join(string name, bool cancelsAtFirst = false)
    {
        var server = await broker.Server;
        var proxy = new SwitchedProxy(database.Server.Port);
        var journals = PostgreSqlDatabase.Open(
            SharedPostgreSql.Options(database.Server) with
            {
                Port = proxy.Port,
                CommandTimeout = TimeSpan.FromSeconds(5),
                LongestBackOff = Lease / 4,
            }, _cluster, line => Note(name, line));
        var connection = await BrokerConnection.Connect(SharedBroker.Options(server), name,
            line => Note(name, line), cancellation: Cancellation);
        var work = new EndlessWork(cancelsAtFirst);
        var node = await ClusterNode.Join(_cluster, connection, journals, work, new NodeOptions
        {
            Name = name,
            Device = "simd-fma",
            Threads = 1,
            Speed = 1000,
            Times = new ClusterTimes { Lease = Lease },
            Notice = line => Note(name, line),
        }, ["guest"], Cancellation);
        // It finds what only nodes may make.
        _client ??= await ClusterClient.Open(
            await BrokerConnection.Connect(SharedBroker.Options(server), "client", _ => { },
                cancellation: Cancellation),
            _cluster, _ => { }, TimeProvider.System, Cancellation);
        return new Member(node, work, proxy, connection, journals);
    }

    private void Note(string name, string line) =>
        _notices.Enqueue($"{TimeProvider.System.GetUtcNow():mm:ss.fff} {name}: {line}");

    private async Task<Guid> Submit()
    {
        var run = Guid.NewGuid();
        var reply = await _client!.Ask(new ClusterRequest
        {
            Command = ClusterRequest.Types.Command.Submit,
            Submit = new SubmitRun
            {
                RunId = ByteString.CopyFrom(run.ToByteArray(bigEndian: true)),
                Name = "endless",
                Configuration = "target: {}\n",
            },
        }, Cancellation);
        Assert.True(reply.Accepted, reply.Text);
        return run;
    }

    private string Sessions(string condition) =>
        database.Server.Execute($"SELECT count(*) FROM pg_stat_activity WHERE {condition}");

    private Task<ClusterReply> List() => _client!.Ask(
        new ClusterRequest { Command = ClusterRequest.Types.Command.List }, Cancellation);

    private Task<ClusterReply> Ask(
        ClusterRequest.Types.Command command, Guid run, CancellationToken cancellation) => _client!.Ask(
            new ClusterRequest { Command = command, Run = run.ToString("N") }, cancellation);

    private Task Until(Func<NodeOverview[], bool> holds) => Until(
        async () => holds([.. (await List()).Nodes.OrderBy(node => node.Node, StringComparer.Ordinal)]),
        "the nodes");

    private async Task Until(Func<Task<bool>> holds, string what)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await holds())
        {
            Assert.False(limit.IsCancellationRequested, $"{what}\n{string.Join('\n', _notices)}");
            await Task.Delay(50, Cancellation);
        }
    }

    private sealed record Member(ClusterNode Node, EndlessWork Work, SwitchedProxy Proxy,
        BrokerConnection Broker, PostgreSqlDatabase Database) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            Proxy.Open();
            await Node.DisposeAsync();
            await Broker.DisposeAsync();
            Database.Dispose();
            Proxy.Dispose();
        }
    }

    /// <summary>A run that writes and writes; it may have been cancelled, until it is resumed.</summary>
    private sealed class EndlessWork(bool cancelsAtFirst) : IRunWork
    {
        private readonly ConcurrentDictionary<Guid, (int Lives, int Writes)> _done = new();

        public int Lives(Guid run) => _done.GetValueOrDefault(run).Lives;

        public int Writes(Guid run) => _done.GetValueOrDefault(run).Writes;

        public void Store(IFencedJournal journal, SubmitRun submission)
        {
            try
            {
                journal.Append("submission", 0, [new byte[1]]);
            }
            catch (Exception late) when (late is SequenceConflictException or FencedException
                && journal.LastSequence("submission") == 1)
            {
                // Asked twice, since the first answer was late.
            }
        }

        public RunConcluded Work(RunHome home, CancellationToken cancellation)
        {
            if (cancelsAtFirst && home.Resumptions == 0)
                return new RunConcluded { Outcome = RunConcluded.Types.Outcome.Cancelled };
            _done.AddOrUpdate(home.Run, (1, 0), (_, done) => (done.Lives + 1, done.Writes));
            for (long sequence = home.Journal.LastSequence("run"); ; sequence++)
            {
                home.Journal.Append("run", sequence, [new byte[1]]);
                _done.AddOrUpdate(home.Run, (1, 1), (_, done) => (done.Lives, done.Writes + 1));
                cancellation.WaitHandle.WaitOne(20);
                cancellation.ThrowIfCancellationRequested();
            }
        }

        public IReadOnlyList<RateNetwork> CreateNetworks(LeapsModel model) => [];

        public RolloutPool CreateRolloutPool(IJournal journal, Action<Exception> failed) =>
            throw new NotSupportedException();
    }
}
