using Leaps.Actors.Journal;
using Microsoft.Data.Sqlite;

namespace Leaps.Actors.Tests.Journal;

public sealed class SqliteJournalTests : JournalTests
{
    private readonly TemporaryFolder folder = new();
    private readonly string path;
    private SqliteJournal journal;

    public SqliteJournalTests()
    {
        path = folder.File("journal.db");
        journal = SqliteJournal.Create(path, "run-1", Options);
    }

    private protected override IJournal Journal => journal;

    private protected override void Restart()
    {
        journal.Dispose();
        journal = SqliteJournal.Open(path, "run-1", Options);
    }

    private protected override void FlipSnapshotByte(string actor, long sequence, int index, byte mask) =>
        Flip("snapshots", actor, sequence, index, mask);

    private protected override void FlipEventByte(string actor, long sequence, int index, byte mask) =>
        Flip("events", actor, sequence, index, mask);

    public override void Dispose()
    {
        journal.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void A_second_opener_sees_what_the_first_acknowledged_and_its_late_append_is_refused()
    {
        using var second = SqliteJournal.Open(path, "run-1", Options);
        Assert.Equal(2, journal.Append("coordinator", 0, Events(1, 2)));
        AssertEvents(second.Read("coordinator", 1), 1, 2);
        Assert.Equal(3, second.Append("coordinator", 2, Events(3, 1)));
        Assert.Throws<SequenceConflictException>(() => journal.Append("coordinator", 2, Events(3, 1)));
        AssertEvents(journal.Read("coordinator", 1), 1, 3);
    }

    [Fact]
    public void A_missing_event_is_refused_by_number()
    {
        journal.Append("group", 0, Events(1, 9));
        Raw("DELETE FROM events WHERE sequence = 5;");
        AssertRefusal(() => journal.Read("group", 1), path, "event 5 of actor 'group' is missing");
        Raw("DELETE FROM events WHERE sequence > 7;");
        AssertRefusal(() => journal.Read("group", 6), path, "event 8 of actor 'group' is missing");
        Raw("UPDATE actors SET last_sequence = 6;");
        AssertRefusal(() => journal.Read("group", 6), path, "has an event 7, though its last event is 6");
    }

    [Fact]
    public void An_event_under_another_actor_or_number_is_damaged()
    {
        journal.Append("one", 0, Events(1, 3));
        journal.Append("two", 0, Events(1, 3));
        Raw("""
            UPDATE events SET payload = other.payload, checksum = other.checksum FROM
                (SELECT * FROM events WHERE actor = 1 AND sequence = 3) AS other
                WHERE events.actor = 2 AND events.sequence = 3;
            """);
        AssertRefusal(() => journal.Read("two", 1), path, "event 3 of actor 'two' is damaged");
    }

    [Fact]
    public void A_full_disk_in_the_middle_of_a_snapshot_leaves_the_last_good_one()
    {
        journal.Append("group", 0, Events(1, 4));
        journal.SaveSnapshot("group", 2, "good"u8.ToArray());
        journal.LimitPages(50);
        AssertRefusal(() => journal.SaveSnapshot("group", 4, new byte[1_000_000]), path, "its disk is full");
        Assert.Equal(2, journal.LoadLatestSnapshot("group")!.Sequence);
        AssertEvents(journal.Read("group", 1), 1, 4);
        Assert.Equal(5, journal.Append("group", 4, Events(5, 1)));
        Restart();
        journal.SaveSnapshot("group", 5, new byte[1_000_000]);
        Assert.Equal(5, journal.LoadLatestSnapshot("group")!.Sequence);
    }

    [Fact]
    public void A_full_disk_in_the_middle_of_shared_writes_leaves_none_of_them()
    {
        journal.Append("group", 0, Events(1, 4));
        journal.LimitPages(50);
        AssertRefusal(() => journal.Write([
            new JournalAppend("trainer", 0, Events(1, 4)),
            new JournalSnapshot("group", 4, new byte[1_000_000]),
        ]), path, "its disk is full");
        Assert.Equal(0, journal.LastSequence("trainer"));
        Restart();
        Assert.Equal(["group"], journal.Actors());
        Assert.Null(journal.LoadLatestSnapshot("group"));
    }

    [Fact]
    public void Sqlite_and_memory_answer_alike_over_random_operations() =>
        AssertLikeMemory(seed: 20260, steps: 400);

    [Fact]
    public void After_disposal_the_log_is_gone_and_calls_are_refused()
    {
        journal.Append("group", 0, Events(1, 1));
        journal.Dispose();
        Assert.Equal([path], Directory.GetFiles(folder.Name));
        Assert.Throws<ObjectDisposedException>(() => journal.Read("group", 1));
    }

    private void Flip(string table, string actor, long sequence, int index, byte mask)
    {
        using var connection = Connect();
        using var command = connection.CreateCommand();
        const string where = "WHERE actor = (SELECT id FROM actors WHERE name = $name) AND sequence = $s";
        command.CommandText = $"SELECT payload FROM {table} {where};";
        command.Parameters.AddWithValue("$name", actor);
        command.Parameters.AddWithValue("$s", sequence);
        byte[] payload = (byte[])command.ExecuteScalar()!;
        payload[index] ^= mask;
        command.CommandText = $"PRAGMA synchronous = OFF; UPDATE {table} SET payload = $p {where};";
        command.Parameters.AddWithValue("$p", payload);
        Assert.Equal(1, command.ExecuteNonQuery());
    }

    private void Raw(string sql)
    {
        using var connection = Connect();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        return connection;
    }

    private static void AssertRefusal(Action action, string path, string reason)
    {
        var refusal = Assert.Throws<Model.LeapsException>(action);
        Assert.StartsWith(path, refusal.Message, StringComparison.Ordinal);
        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
    }
}
