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
    public void Sqlite_and_memory_answer_alike_over_random_operations()
    {
        const int seed = 20260;
        var random = new Random(seed);
        using var memory = new MemoryJournal(Options);
        for (int step = 0; step < 400; step++)
        {
            string actor = $"actor-{random.Next(3)}";
            long last = memory.LastSequence(actor);
            long about = last + random.Next(-6, 3);
            var batch = Events(last + 1, random.Next(0, 4));
            int choice = random.Next(5);
            long believed = random.Next(3) > 0 ? last : about;
            string expected = Outcome(memory, choice, actor, believed, about, batch);
            string found = Outcome(journal, choice, actor, believed, about, batch);
            Assert.True(expected == found, $"seed {seed}, step {step}: memory {expected}, SQLite {found}");
            if (step % 100 == 99)
                Restart();
        }
    }

    [Fact]
    public void After_disposal_the_log_is_gone_and_calls_are_refused()
    {
        journal.Append("group", 0, Events(1, 1));
        journal.Dispose();
        Assert.Equal([path], Directory.GetFiles(folder.Name));
        Assert.Throws<ObjectDisposedException>(() => journal.Read("group", 1));
    }

    private static string Outcome(
        IJournal journal, int choice, string actor, long expected, long about, ReadOnlyMemory<byte>[] batch)
    {
        try
        {
            return choice switch
            {
                0 => $"{journal.Append(actor, Math.Max(0, expected), batch)}",
                1 => string.Join(';', journal.Read(actor, Math.Max(1, about)).Select(
                    e => $"{e.Sequence}:{Convert.ToHexString(e.Bytes.Span)}")),
                2 => Saved(journal, actor, about),
                3 => Written(journal, actor, expected, about, batch),
                _ => journal.LoadLatestSnapshot(actor) is { } snapshot
                    ? $"{snapshot.Sequence}:{Convert.ToHexString(snapshot.Bytes.Span)}" : "none",
            };
        }
        catch (Exception refusal) when (refusal is ArgumentException or SequenceConflictException)
        {
            return refusal.Message;
        }
    }

    private static string Saved(IJournal journal, string actor, long sequence)
    {
        journal.SaveSnapshot(actor, sequence, EventBytes(Math.Max(0, sequence)));
        return "saved";
    }

    private static string Written(
        IJournal journal, string actor, long expected, long about, ReadOnlyMemory<byte>[] batch)
    {
        journal.Write([
            new JournalAppend("actor-0", journal.LastSequence("actor-0"), batch),
            new JournalAppend(actor, Math.Max(0, expected) + (actor == "actor-0" ? batch.Length : 0), batch),
            new JournalSnapshot(actor, about, EventBytes(Math.Max(0, about))),
        ]);
        return "written";
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
