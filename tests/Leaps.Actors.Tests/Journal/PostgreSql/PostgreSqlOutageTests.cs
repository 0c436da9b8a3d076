using System.Collections.Concurrent;
using Leaps.Actors.Journal;
using Leaps.Actors.Journal.PostgreSql;
using Leaps.Model;
using Leaps.Servers;

namespace Leaps.Actors.Tests.Journal.PostgreSql;

/// <summary>The server goes away and comes back: nothing is lost, nothing is done twice.</summary>
[Collection(SharedPostgreSqlTests.Name)]
public sealed class PostgreSqlOutageTests(SharedPostgreSql shared)
{
    private const int Actors = 4;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly ConcurrentQueue<string> notices = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private PostgreSqlDatabase Open(PostgreSqlOptions options) =>
        PostgreSqlDatabase.Open(options, "cluster", Note, cancellation: Cancellation);

    // That a server for tests doesn't sync to disk is no news.
    private void Note(string line)
    {
        if (!line.Contains("fsync", StringComparison.Ordinal))
            notices.Enqueue(line);
    }

    [Fact]
    public async Task A_restart_in_the_middle_of_a_stream_of_writes_loses_and_repeats_nothing()
    {
        using var server = SharedPostgreSql.Own();
        await Stream(server, restart: () =>
        {
            server.Stop();
            server.Start();
        });
    }

    [Fact]
    public async Task A_kill_in_the_middle_of_a_stream_of_writes_loses_and_repeats_nothing()
    {
        using var server = SharedPostgreSql.Own(durable: true);
        await Stream(server, restart: () =>
        {
            server.Kill();
            server.Start();
        });
    }

    private async Task Stream(PostgreSqlServer server, Action restart)
    {
        using var database = Open(SharedPostgreSql.Options(server));
        using var journal = database.Journal(Guid.NewGuid(), "run", cancellation: Cancellation);
        long[] acknowledged = new long[Actors];
        using (var writer = new JournalWriter(journal, queueBytes: 5_000))
        {
            bool enough = false;
            var failures = new ConcurrentQueue<Exception>();
            var enqueuing = Task.Run(() =>
            {
                for (long n = 0; !Volatile.Read(ref enough); n++)
                {
                    for (int actor = 0; actor < Actors; actor++)
                        Enqueue(actor, n);
                }
            }, Cancellation);
            for (int round = 1; round <= 2; round++)
            {
                await Until(() => acknowledged.All(last => last >= round * 60) || !failures.IsEmpty);
                Assert.Empty(failures);
                restart();
            }
            await Until(() => acknowledged.All(last => last >= 180) || !failures.IsEmpty);
            Volatile.Write(ref enough, true);
            await enqueuing.WaitAsync(Patience, Cancellation);
            await writer.Flush().WaitAsync(Patience, Cancellation);
            Assert.Empty(failures);

            void Enqueue(int actor, long n)
            {
                string name = $"actor-{actor}";
                writer.Enqueue(new JournalAppend(name, n, [BitConverter.GetBytes(n + 1)]), failure =>
                {
                    if (failure is not null)
                        failures.Enqueue(failure);
                    Volatile.Write(ref acknowledged[actor], n + 1);
                });
                if (n % 20 == 19)
                    writer.Enqueue(new JournalSnapshot(name, n - 9, BitConverter.GetBytes(n - 9)), failure =>
                    {
                        if (failure is not null)
                            failures.Enqueue(failure);
                    });
            }
        }
        for (int actor = 0; actor < Actors; actor++)
        {
            string name = $"actor-{actor}";
            var snapshot = journal.LoadLatestSnapshot(name)!;
            Assert.Equal(snapshot.Sequence, BitConverter.ToInt64(snapshot.Bytes.Span));
            Assert.Equal(acknowledged[actor], journal.LastSequence(name));
            var events = journal.Read(name, snapshot.Sequence + 1);
            Assert.Equal(acknowledged[actor] - snapshot.Sequence, events.Count);
            Assert.All(events, e => Assert.Equal(e.Sequence, BitConverter.ToInt64(e.Bytes.Span)));
        }
        // Two outages may be told as one: what counts is that lines come in pairs.
        await Until(() => notices.Count % 2 == 0);
        Assert.InRange(notices.Count, 2, 4);
        Assert.All(notices.Chunk(2), pair =>
        {
            Assert.EndsWith("Waiting for it.", pair[0], StringComparison.Ordinal);
            Assert.EndsWith("it answers again.", pair[1], StringComparison.Ordinal);
        });
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 1)]
    [InlineData(true, 3)]
    [InlineData(false, 3)]
    public void A_connection_that_breaks_over_the_commit_leaves_the_write_done_once(bool delivered, int times)
    {
        using var proxy = new CuttingProxy(shared.Server.Port);
        using var database = Open(SharedPostgreSql.Options(shared.Server) with { Port = proxy.Port });
        var run = Guid.NewGuid();
        using var journal = database.Journal(run, "run", cancellation: Cancellation);
        journal.Append("known", 0, [new byte[] { 1 }]);
        journal.Append("gone", 0, [new byte[] { 1 }]);
        proxy.CutAt(CuttingProxy.Commit, delivered, delivered ? 1 : times);
        JournalWrite[] writes =
        [
            new JournalAppend("known", 1, [new byte[] { 2 }, new byte[] { 3 }]),
            new JournalSnapshot("known", 2, new byte[] { 22 }),
            new JournalSnapshot("known", 3, new byte[] { 33 }),
            new JournalAppend("new", 0, [new byte[] { 4 }]),
            new JournalForget("gone"),
        ];
        journal.Write(writes);
        proxy.AwaitReached();
        Assert.Equal(["known", "new"], journal.Actors());
        Assert.Equal((3, 1), (journal.LastSequence("known"), journal.LastSequence("new")));
        Assert.Equal([3], journal.Read("known", 3).Select(e => e.Bytes.Span[0]));
        Assert.Equal(33, journal.LoadLatestSnapshot("known")!.Bytes.Span[0]);
        // It knows what it owns, and goes on.
        journal.Append("new", 1, [new byte[] { 5 }]);
        journal.Append("known", 3, [new byte[] { 6 }]);
        using var other = database.Journal(run, "run", cancellation: Cancellation);
        Assert.Equal(2, other.Claim("new"));
        Assert.Throws<FencedException>(() => journal.Append("new", 2, [new byte[] { 7 }]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Whoever_claims_while_the_outcome_is_unknown_owns_the_actor_afterwards(bool delivered)
    {
        using var direct = Open(SharedPostgreSql.Options(shared.Server));
        using var proxy = new CuttingProxy(shared.Server.Port);
        using var database = Open(SharedPostgreSql.Options(shared.Server) with { Port = proxy.Port });
        var run = Guid.NewGuid();
        using var journal = database.Journal(run, "run", cancellation: Cancellation);
        using var other = direct.Journal(run, "run", cancellation: Cancellation);
        journal.Append("known", 0, [new byte[] { 1 }]);
        proxy.CutAt(CuttingProxy.Commit, delivered);
        var write = Task.Run(() => journal.Write(
        [
            new JournalAppend("known", 1, [new byte[] { 2 }]),
            new JournalAppend("new", 0, [new byte[] { 3 }]),
        ]), Cancellation);
        proxy.AwaitReached();
        // The next attempt stops at its first message, so that the other comes in between.
        other.Claim("known");
        other.Claim("new");
        long last = other.LastSequence("new");
        try
        {
            await write.WaitAsync(Patience, Cancellation);
            Assert.Equal((2, 1), (other.LastSequence("known"), other.LastSequence("new")));
        }
        catch (FencedException)
        {
            Assert.Equal(last, other.LastSequence("new"));
        }
        foreach (string actor in new[] { "known", "new" })
        {
            Assert.Throws<FencedException>(
                () => journal.Append(actor, other.LastSequence(actor), [new byte[] { 7 }]));
            other.Append(actor, other.LastSequence(actor), [new byte[] { 8 }]);
        }
    }

    [Fact]
    public async Task While_the_server_is_away_disposal_and_cancellation_end_the_waiting()
    {
        using var server = SharedPostgreSql.Own();
        using var database = Open(SharedPostgreSql.Options(server));
        var run = Guid.NewGuid();
        using var cancelled = new CancellationTokenSource();
        using var one = database.Journal(run, "run", cancellation: cancelled.Token);
        using var two = database.Journal(run, "two", cancellation: Cancellation);
        using var three = database.Journal(run, "three", cancellation: Cancellation);
        Assert.True(await database.IsHealthy(Patience, Cancellation));
        server.Stop();
        Assert.False(await database.IsHealthy(Patience, Cancellation));
        var first = Task.Run(() => one.Append("a", 0, [new byte[1]]), Cancellation);
        var second = Task.Run(() => two.Claim("a"), Cancellation);
        var third = Task.Run(() => three.LoadLatestSnapshot("a"), Cancellation);
        await Until(() => !notices.IsEmpty);
        Assert.False(first.IsCompleted || second.IsCompleted || third.IsCompleted);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => first.WaitAsync(Patience, Cancellation));
        two.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => second.WaitAsync(Patience, Cancellation));
        database.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => third.WaitAsync(Patience, Cancellation));
        Assert.Single(notices);
    }

    [Fact]
    public async Task A_server_that_holds_its_breath_is_waited_for()
    {
        using var server = SharedPostgreSql.Own();
        using var database = Open(SharedPostgreSql.Options(server) with
        {
            CommandTimeout = TimeSpan.FromSeconds(1),
        });
        using var journal = database.Journal(Guid.NewGuid(), "run", cancellation: Cancellation);
        journal.Append("a", 0, [new byte[] { 1 }]);
        server.Pause();
        Assert.False(await database.IsHealthy(TimeSpan.FromMilliseconds(100), Cancellation));
        var write = Task.Run(() => journal.Append("a", 1, [new byte[] { 2 }]), Cancellation);
        await Until(() => !notices.IsEmpty);
        Assert.Contains("it does not answer in time", notices.First(), StringComparison.Ordinal);
        server.Continue();
        Assert.Equal(2, await write.WaitAsync(Patience, Cancellation));
        Assert.Equal(2, journal.Read("a", 1).Count);
    }

    [Fact]
    public async Task A_full_disk_and_too_many_connections_are_waited_for()
    {
        var server = shared.Server;
        using var database = Open(SharedPostgreSql.Options(server));
        var run = Guid.NewGuid();
        using var journal = database.Journal(run, "run", cancellation: Cancellation);
        journal.Append("a", 0, [new byte[] { 1 }]);
        (string, string)[] refusals = [("53100", "its disk is full"), ("53300", "too many connections")];
        foreach (var (code, reason) in refusals)
        {
            notices.Clear();
            string name = $"refuse_{code}_{run:N}";
            server.Execute($"""
                CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = '{code}'; END $$;
                CREATE TRIGGER {name} BEFORE UPDATE ON leaps_actors FOR EACH ROW
                    WHEN (NEW.run = '{run}') EXECUTE FUNCTION {name}();
                """);
            long last = journal.LastSequence("a");
            var write = Task.Run(() => journal.Append("a", last, [new byte[] { 2 }]), Cancellation);
            await Until(() => !notices.IsEmpty);
            Assert.Contains(reason, Assert.Single(notices), StringComparison.Ordinal);
            Assert.False(write.IsCompleted);
            server.Execute($"DROP TRIGGER {name} ON leaps_actors");
            Assert.Equal(last + 1, await write.WaitAsync(Patience, Cancellation));
            await Until(() => notices.Count == 2);
        }
    }

    private static async Task Until(Func<bool> holds)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!holds())
            await Task.Delay(5, limit.Token);
    }
}
