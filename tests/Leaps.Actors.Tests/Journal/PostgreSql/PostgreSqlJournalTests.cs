using Leaps.Actors.Journal;
using Leaps.Actors.Journal.PostgreSql;
using Leaps.Model;
using Leaps.Servers;

namespace Leaps.Actors.Tests.Journal.PostgreSql;

[Collection(SharedPostgreSqlTests.Name)]
public sealed class PostgreSqlJournalTests : JournalTests
{
    private readonly Guid run = Guid.NewGuid();
    private readonly PostgreSqlServer server;
    private PostgreSqlDatabase database;
    private PostgreSqlJournal journal;

    public PostgreSqlJournalTests(SharedPostgreSql shared)
    {
        server = shared.Server;
        (database, journal) = Open();
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private protected override IJournal Journal => journal;

    private protected override void Restart()
    {
        Dispose();
        (database, journal) = Open();
    }

    private protected override void FlipSnapshotByte(string actor, long sequence, int index, byte mask) =>
        Flip("leaps_snapshots", actor, sequence, index, mask);

    private protected override void FlipEventByte(string actor, long sequence, int index, byte mask) =>
        Flip("leaps_events", actor, sequence, index, mask);

    public override void Dispose()
    {
        journal.Dispose();
        database.Dispose();
    }

    [Fact]
    public void PostgreSql_and_memory_answer_alike_over_random_operations() =>
        AssertLikeMemory(seed: 20261, steps: 300);

    [Fact]
    public void A_missing_event_is_refused_by_number()
    {
        journal.Append("group", 0, Events(1, 9));
        Raw("DELETE FROM leaps_events WHERE sequence = 5 AND actor IN (SELECT id FROM actor)");
        AssertRefusal(() => journal.Read("group", 1), "event 5 of actor 'group' is missing");
        Raw("DELETE FROM leaps_events WHERE sequence > 7 AND actor IN (SELECT id FROM actor)");
        AssertRefusal(() => journal.Read("group", 6), "event 8 of actor 'group' is missing");
        Raw("UPDATE leaps_actors SET last_sequence = 6 WHERE id IN (SELECT id FROM actor)");
        AssertRefusal(() => journal.Read("group", 6), "has an event 7, though its last event is 6");
    }

    [Fact]
    public void Runs_and_parts_and_clusters_are_apart_and_a_forgotten_run_is_gone()
    {
        using var other = PostgreSqlDatabase.Open(
            SharedPostgreSql.Options(server), $"other {run}", cancellation: Cancellation);
        Assert.NotEqual(database.Cluster, other.Cluster);
        using var second = database.Journal(run, "sampling-1", Options, Cancellation);
        using var elsewhere = other.Journal(run, "run", Options, Cancellation);
        journal.Append("group", 0, Events(1, 3));
        second.Append("group", 0, Events(1, 2));
        elsewhere.Append("group", 0, Events(1, 1));
        Assert.Equal([3, 2, 1], new[] { journal, second, elsewhere }.Select(j => j.LastSequence("group")));
        Assert.Equal(["run", "sampling-1"], database.Parts(run));
        Forget();
        Assert.Empty(database.Parts(run));
        Assert.Equal([0, 0, 1], new[] { journal, second, elsewhere }.Select(j => j.LastSequence("group")));
        Assert.Throws<FencedException>(() => journal.Append("group", 0, Events(1, 1)));
        Assert.Equal("1", server.Execute("SELECT count(*) FROM leaps_events e JOIN leaps_actors a "
            + $"ON a.id = e.actor WHERE a.run = '{run}'"));
    }

    [Fact]
    public void A_snapshot_of_64_MiB_is_kept_and_a_larger_one_refused()
    {
        byte[] state = new byte[PostgreSqlJournal.LargestPayload];
        new Random(5).NextBytes(state.AsSpan(0, 1 << 20));
        journal.Append("group", 0, Events(1, 1));
        journal.SaveSnapshot("group", 1, state);
        Assert.True(journal.LoadLatestSnapshot("group")!.Bytes.Span.SequenceEqual(state));
        AssertRefusal(() => journal.SaveSnapshot("group", 1, new byte[state.Length + (1 << 20)]),
            "actor 'group' has 65 MiB to keep, and 64 MiB is the most");
        Forget();
    }

    [Fact]
    public void After_disposal_calls_are_refused()
    {
        journal.Append("group", 0, Events(1, 1));
        journal.Dispose();
        Assert.Throws<ObjectDisposedException>(() => journal.Read("group", 1));
        Assert.Throws<ObjectDisposedException>(() => journal.Append("group", 1, Events(2, 1)));
    }

    private void Forget()
    {
        using var cluster = database.Journal(Guid.NewGuid(), "run", Options, Cancellation);
        cluster.Claim("scheduler");
        cluster.ForgetRun(run, "scheduler");
    }

    private (PostgreSqlDatabase, PostgreSqlJournal) Open()
    {
        var opened = PostgreSqlDatabase.Open(SharedPostgreSql.Options(server), "cluster");
        return (opened, opened.Journal(run, "run", Options));
    }

    private void Flip(string table, string actor, long sequence, int index, byte mask) => server.Execute($"""
        UPDATE {table} SET payload = set_byte(payload, {index}, get_byte(payload, {index}) # {mask})
        WHERE sequence = {sequence} AND actor =
            (SELECT id FROM leaps_actors WHERE run = '{run}' AND name = '{actor}')
        """);

    private void Raw(string sql) => server.Execute(
        $"WITH actor AS (SELECT id FROM leaps_actors WHERE run = '{run}') {sql}");

    private void AssertRefusal(Action action, string reason)
    {
        var refusal = Assert.Throws<LeapsException>(action);
        Assert.StartsWith(database.Place, refusal.Message, StringComparison.Ordinal);
        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
    }
}
