using System.Diagnostics;
using Leaps.Actors.Journal;
using Leaps.Actors.Journal.PostgreSql;
using Leaps.Servers;

namespace Leaps.Actors.Tests.Journal.PostgreSql;

/// <summary>Two processes share a journal: each actor has one writer, whoever claimed it last.</summary>
[Collection(SharedPostgreSqlTests.Name)]
public sealed class PostgreSqlFencingTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Guid run = Guid.NewGuid();
    private readonly PostgreSqlServer server;
    private readonly CuttingProxy proxy;
    private readonly PostgreSqlDatabase hereDatabase;
    private readonly PostgreSqlDatabase thereDatabase;
    private readonly PostgreSqlJournal here;
    private readonly PostgreSqlJournal there;

    public PostgreSqlFencingTests(SharedPostgreSql shared)
    {
        server = shared.Server;
        proxy = new CuttingProxy(server.Port);
        var options = SharedPostgreSql.Options(server);
        hereDatabase = PostgreSqlDatabase.Open(
            options with { Port = proxy.Port }, "cluster", cancellation: Cancellation);
        thereDatabase = PostgreSqlDatabase.Open(
            options with { TransactionSilence = Patience }, "cluster", cancellation: Cancellation);
        here = hereDatabase.Journal(run, "run", cancellation: Cancellation);
        there = thereDatabase.Journal(run, "run", cancellation: Cancellation);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        here.Dispose();
        there.Dispose();
        hereDatabase.Dispose();
        thereDatabase.Dispose();
        proxy.Dispose();
    }

    private static ReadOnlyMemory<byte>[] Event => [new byte[] { 1, 2, 3 }];

    [Fact]
    public void After_a_claim_the_old_owner_is_refused_until_it_claims_anew()
    {
        Assert.Equal(1, here.Claim("group"));
        here.Append("group", 0, Event);
        Assert.Equal(2, there.Claim("group"));
        for (int attempt = 0; attempt < 2; attempt++)
        {
            var refusal = Assert.Throws<FencedException>(() => here.Append("group", 1, Event));
            Assert.Equal("group", refusal.Actor);
        }
        Assert.Throws<FencedException>(() => here.SaveSnapshot("group", 1, new byte[1]));
        Assert.Throws<FencedException>(() => here.Write([new JournalForget("group")]));
        Assert.Throws<FencedException>(() => here.Append("group", 1, []));
        Assert.Equal(1, there.LastSequence("group"));
        there.Append("group", 1, Event);
        Assert.Equal(3, here.Claim("group"));
        here.Append("group", 2, Event);
        Assert.Throws<FencedException>(() => there.Append("group", 3, Event));
    }

    [Fact]
    public void The_first_write_claims_and_a_refused_one_does_not()
    {
        here.Append("group", 0, Event);
        Assert.Throws<SequenceConflictException>(() => there.Append("group", 0, Event));
        here.Append("group", 1, Event);
        there.Append("group", 2, Event);
        Assert.Throws<FencedException>(() => here.Append("group", 3, Event));
        Assert.Throws<FencedException>(() => here.Append("group", 2, Event));
        Assert.Equal(3, there.Claim("group"));
    }

    [Fact]
    public void An_actor_that_was_claimed_only_or_forgotten_is_not_listed_and_its_claims_go_on_rising()
    {
        Assert.Equal(1, here.Claim("group"));
        Assert.Empty(here.Actors());
        here.Append("group", 0, Event);
        here.Write([new JournalForget("group")]);
        Assert.Empty(here.Actors());
        Assert.Equal(2, there.Claim("group"));
        Assert.Throws<FencedException>(() => here.Append("group", 0, Event));
        there.Append("group", 0, Event);
        Assert.Equal(["group"], here.Actors());
    }

    [Fact]
    public void A_run_is_forgotten_in_the_name_of_an_actor_that_nobody_has_claimed_since()
    {
        using var other = hereDatabase.Journal(Guid.NewGuid(), "run", cancellation: Cancellation);
        other.Append("group", 0, Event);
        Assert.Throws<FencedException>(() => here.ForgetRun(other.Run, "scheduler"));
        here.Claim("scheduler");
        there.Claim("scheduler");
        var refusal = Assert.Throws<FencedException>(() => here.ForgetRun(other.Run, "scheduler"));
        Assert.Equal("scheduler", refusal.Actor);
        // It goes on.
        other.Append("group", 1, Event);
        Assert.Equal(2, other.Read("group", 1).Count);
        there.ForgetRun(other.Run, "scheduler");
        Assert.Empty(hereDatabase.Parts(other.Run));
        Assert.Throws<FencedException>(() => other.Append("group", 0, Event));
    }

    [Fact]
    public async Task A_claim_waits_for_a_write_in_flight_and_sees_it()
    {
        here.Append("group", 0, Event);
        proxy.HoldAt(CuttingProxy.Commit);
        var write = Task.Run(() => here.Append("group", 1, Event), Cancellation);
        proxy.AwaitReached();
        var claim = Task.Run(() => there.Claim("group"), Cancellation);
        await Until(() => server.Execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") == "1");
        Assert.False(claim.IsCompleted, "the claim did not wait for the write");
        proxy.Release();
        Assert.Equal(2, await write.WaitAsync(Patience, Cancellation));
        await claim.WaitAsync(Patience, Cancellation);
        Assert.Equal(2, there.LastSequence("group"));
        Assert.Throws<FencedException>(() => here.Append("group", 2, Event));
        there.Append("group", 2, Event);
    }

    [Fact]
    public async Task Of_a_shared_write_only_the_fenced_actor_fails()
    {
        string[] actors = ["a", "b", "c"];
        using var gated = new GatedJournal(here);
        using var writer = new JournalWriter(gated);
        var completed = new List<(string Actor, Exception? Failure)>();
        void Enqueue(string actor, long expected) => writer.Enqueue(
            new JournalAppend(actor, expected, Event), failure => completed.Add((actor, failure)));
        foreach (string actor in actors)
            here.Append(actor, 0, Event);
        there.Claim("b");
        gated.Stop();
        Enqueue("a", 1);
        gated.AwaitArrival();
        foreach (string actor in actors)
            Enqueue(actor, actor == "a" ? 2 : 1);
        Enqueue("b", 2);
        gated.Start();
        await writer.Flush().WaitAsync(Patience, Cancellation);
        Assert.Equal(["a", "a", "b", "c", "b"], completed.Select(c => c.Actor));
        Assert.All(completed, c => Assert.Equal(
            c.Actor == "b" ? typeof(FencedException) : null, c.Failure?.GetType()));
        Assert.Equal([3, 1, 2], actors.Select(there.LastSequence));
    }

    [Theory]
    [InlineData("between two messages", "group", true)]
    [InlineData("in the middle of a message", "group", true)]
    [InlineData("in the middle of a message", "newcomer", true)]
    [InlineData("between two messages", "group", false)]
    [InlineData("in the middle of a message", "group", false)]
    [InlineData("in the middle of a message", "newcomer", false)]
    public void A_node_that_stops_inside_a_transaction_holds_nobody_up_for_long(
        string place, string actor, bool isClaimed)
    {
        var options = SharedPostgreSql.Options(server);
        using var hereDatabase = PostgreSqlDatabase.Open(
            options with { Port = proxy.Port }, "cluster", cancellation: Cancellation);
        using var thereDatabase = PostgreSqlDatabase.Open(options, "cluster", cancellation: Cancellation);
        using var here = hereDatabase.Journal(run, "run", cancellation: Cancellation);
        using var there = thereDatabase.Journal(run, "run", cancellation: Cancellation);
        here.Append("group", 0, Event);
        long last = here.LastSequence(actor);
        bool between = place == "between two messages";
        proxy.HoldAt(between ? "INSERT INTO leaps_events"u8 : CuttingProxy.Commit);
        // Such a payload needs several packets.
        byte[] state = new byte[between ? 1 : 1_000_000];
        var write = Task.Run(() => here.Append(actor, last, [state]), Cancellation);
        proxy.AwaitReached();
        long begun = Stopwatch.GetTimestamp();
        if (isClaimed)
        {
            there.Claim(actor);
            Assert.Equal(last, there.LastSequence(actor));
        }
        there.Append(actor, last, Event);
        Assert.True(
            Stopwatch.GetElapsedTime(begun) < options.TransactionTimeout / 2, "it waited for too long");
        proxy.Release();
        Assert.Throws<FencedException>(() => write.GetAwaiter().GetResult());
        Assert.Equal(last + 1, there.LastSequence(actor));
    }

    [Fact]
    public void Two_that_claim_and_write_in_turn_never_both_write_the_same_number()
    {
        const int claims = 40;
        long[] written = new long[2];
        PostgreSqlJournal[] journals = [here, there];
        Parallel.For(0, 2, side =>
        {
            for (int n = 0; n < claims; n++)
            {
                journals[side].Claim("group");
                for (bool mine = true; mine;)
                {
                    try
                    {
                        long last = journals[side].LastSequence("group");
                        journals[side].Append("group", last, [BitConverter.GetBytes(side)]);
                        written[side]++;
                        mine = written[side] % 5 != 0;
                    }
                    catch (FencedException)
                    {
                        mine = false;
                    }
                    catch (SequenceConflictException)
                    {
                        // The other wrote between the two calls, so it has claimed.
                        mine = false;
                    }
                }
            }
        });
        var events = here.Read("group", 1);
        for (int side = 0; side < 2; side++)
            Assert.Equal(written[side], events.Count(e => BitConverter.ToInt32(e.Bytes.Span) == side));
        Assert.Equal(2 * claims + 1, here.Claim("group"));
    }

    private static async Task Until(Func<bool> holds)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!holds())
            await Task.Delay(20, limit.Token);
    }
}
