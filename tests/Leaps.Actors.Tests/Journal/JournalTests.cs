using Leaps.Actors.Journal;
using Leaps.Model;

namespace Leaps.Actors.Tests.Journal;

/// <summary>
/// What every journal promises, whatever it stores its rows in; each kind of journal adds a class of a few
/// lines.
/// </summary>
public abstract class JournalTests : IDisposable
{
    private readonly List<string> notices = [];

    private protected JournalTests()
    {
        Options = new JournalOptions { KeepSnapshots = 2, Notice = notices.Add };
    }

    private protected JournalOptions Options { get; }

    private protected abstract IJournal Journal { get; }

    /// <summary>The journal as a restarted process finds it.</summary>
    private protected abstract void Restart();

    private protected abstract void FlipSnapshotByte(string actor, long sequence, int index, byte mask);

    private protected abstract void FlipEventByte(string actor, long sequence, int index, byte mask);

    public abstract void Dispose();

    private protected static ReadOnlyMemory<byte>[] Events(long first, int count) =>
        [.. Enumerable.Range(0, count).Select(i => new ReadOnlyMemory<byte>(EventBytes(first + i)))];

    private protected static byte[] EventBytes(long sequence)
    {
        byte[] bytes = new byte[sequence % 50];
        for (int i = 0; i < bytes.Length; i++)
            bytes[i] = (byte)(sequence * 31 + i * 7);
        return bytes;
    }

    private protected static void AssertEvents(IReadOnlyList<JournalEvent> events, long first, int count)
    {
        Assert.Equal(count, events.Count);
        for (int i = 0; i < count; i++)
        {
            Assert.Equal(first + i, events[i].Sequence);
            Assert.Equal(EventBytes(first + i), events[i].Bytes.ToArray());
        }
    }

    [Fact]
    public void Events_come_back_in_order_and_byte_for_byte_after_a_restart()
    {
        Assert.Equal(3, Journal.Append("coordinator", 0, Events(1, 3)));
        Assert.Equal(53, Journal.Append("coordinator", 3, Events(4, 50)));
        Restart();
        Assert.Equal(53, Journal.LastSequence("coordinator"));
        AssertEvents(Journal.Read("coordinator", 1), 1, 53);
        AssertEvents(Journal.Read("coordinator", 40), 40, 14);
        Assert.Empty(Journal.Read("coordinator", 54));
    }

    [Fact]
    public void An_actor_that_never_wrote_has_no_events_and_no_snapshot()
    {
        Assert.Equal(0, Journal.LastSequence("nobody"));
        Assert.Empty(Journal.Read("nobody", 1));
        Assert.Null(Journal.LoadLatestSnapshot("nobody"));
    }

    [Fact]
    public void Actors_are_kept_apart_whatever_their_names()
    {
        string[] names = ["group-1", "group-10", "Group-1", "gruppe-ß", "'; DROP TABLE events; --"];
        for (int i = 0; i < names.Length; i++)
            Journal.Append(names[i], 0, Events(1, i + 1));
        Restart();
        for (int i = 0; i < names.Length; i++)
            AssertEvents(Journal.Read(names[i], 1), 1, i + 1);
    }

    [Fact]
    public void An_append_with_another_expected_sequence_is_refused_and_changes_nothing()
    {
        Journal.Append("trainer", 0, Events(1, 5));
        foreach (long wrong in new long[] { 0, 4, 6 })
        {
            var refusal = Assert.Throws<SequenceConflictException>(
                () => Journal.Append("trainer", wrong, Events(wrong + 1, 2)));
            Assert.Equal(("trainer", wrong, 5L), (refusal.Actor, refusal.Expected, refusal.Found));
        }
        Assert.Throws<SequenceConflictException>(() => Journal.Append("trainer", 4, []));
        Assert.Throws<SequenceConflictException>(() => Journal.Append("newcomer", 1, Events(2, 1)));
        AssertEvents(Journal.Read("trainer", 1), 1, 5);
        Assert.Equal(0, Journal.LastSequence("newcomer"));
    }

    [Fact]
    public void An_empty_batch_only_checks_the_expectation()
    {
        Assert.Equal(0, Journal.Append("trainer", 0, []));
        Journal.Append("trainer", 0, Events(1, 2));
        Assert.Equal(2, Journal.Append("trainer", 2, []));
    }

    [Fact]
    public void What_the_caller_does_with_its_buffer_afterwards_does_not_matter()
    {
        byte[] buffer = EventBytes(7);
        Journal.Append("group", 0, [buffer]);
        Journal.SaveSnapshot("group", 1, buffer);
        Array.Clear(buffer);
        Assert.Equal(EventBytes(7), Journal.Read("group", 1)[0].Bytes.ToArray());
        Assert.Equal(EventBytes(7), Journal.LoadLatestSnapshot("group")!.Bytes.ToArray());
    }

    [Fact]
    public void The_newest_snapshot_and_the_events_after_it_are_the_state()
    {
        Journal.Append("group", 0, Events(1, 10));
        Journal.SaveSnapshot("group", 4, "four"u8.ToArray());
        Journal.SaveSnapshot("group", 8, "eight"u8.ToArray());
        Restart();
        var snapshot = Journal.LoadLatestSnapshot("group")!;
        Assert.Equal(8, snapshot.Sequence);
        Assert.Equal("eight"u8.ToArray(), snapshot.Bytes.ToArray());
        AssertEvents(Journal.Read("group", snapshot.Sequence + 1), 9, 2);
        Assert.Empty(notices);
    }

    [Fact]
    public void Only_the_newest_k_snapshots_stay_and_events_up_to_the_oldest_of_them_go()
    {
        Journal.Append("group", 0, Events(1, 10));
        Journal.SaveSnapshot("group", 2, "two"u8.ToArray());
        AssertEvents(Journal.Read("group", 1), 1, 10);
        Journal.SaveSnapshot("group", 5, "five"u8.ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => Journal.Read("group", 2));
        AssertEvents(Journal.Read("group", 3), 3, 8);
        Journal.SaveSnapshot("group", 9, "nine"u8.ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => Journal.Read("group", 5));
        AssertEvents(Journal.Read("group", 6), 6, 5);
        Restart();
        FlipSnapshotByte("group", 9, 0, 1);
        Assert.Equal(5, Journal.LoadLatestSnapshot("group")!.Sequence);
        FlipSnapshotByte("group", 5, 0, 1);
        var lost = Assert.Throws<LeapsException>(() => Journal.LoadLatestSnapshot("group"));
        Assert.Contains("'group' has no intact snapshot", lost.Message, StringComparison.Ordinal);
        Assert.Equal(11, Journal.Append("group", 10, Events(11, 1)));
    }

    [Fact]
    public void A_snapshot_of_the_same_number_replaces_the_former()
    {
        Journal.Append("group", 0, Events(1, 3));
        Journal.SaveSnapshot("group", 0, "start"u8.ToArray());
        Journal.SaveSnapshot("group", 3, "once"u8.ToArray());
        FlipSnapshotByte("group", 3, 2, 0x80);
        Journal.SaveSnapshot("group", 3, "again"u8.ToArray());
        Assert.Equal("again"u8.ToArray(), Journal.LoadLatestSnapshot("group")!.Bytes.ToArray());
        AssertEvents(Journal.Read("group", 1), 1, 3);
    }

    [Fact]
    public void A_snapshot_ahead_of_the_events_or_behind_the_pruned_ones_is_refused()
    {
        Journal.Append("group", 0, Events(1, 6));
        Assert.Throws<ArgumentOutOfRangeException>(() => Journal.SaveSnapshot("group", 7, new byte[1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Journal.SaveSnapshot("group", -1, new byte[1]));
        Journal.SaveSnapshot("group", 4, new byte[1]);
        Journal.SaveSnapshot("group", 6, new byte[1]);
        Assert.Throws<ArgumentOutOfRangeException>(() => Journal.SaveSnapshot("group", 3, new byte[1]));
        Assert.Equal(6, Journal.LoadLatestSnapshot("group")!.Sequence);
    }

    [Fact]
    public void Any_flipped_bit_of_a_snapshot_is_noticed_and_the_one_before_is_used()
    {
        Journal.Append("group", 0, Events(1, 2));
        Journal.SaveSnapshot("group", 1, "before"u8.ToArray());
        Journal.SaveSnapshot("group", 2, Enumerable.Range(0, 40).Select(i => (byte)(i * i)).ToArray());
        for (int index = 0; index < 40; index++)
        {
            byte mask = (byte)(1 << (index % 8));
            FlipSnapshotByte("group", 2, index, mask);
            Assert.Equal(1, Journal.LoadLatestSnapshot("group")!.Sequence);
            FlipSnapshotByte("group", 2, index, mask);
        }
        Assert.Equal(40, notices.Count);
        Assert.All(notices, line => Assert.Contains(
            "the snapshot of actor 'group' at event 2 is damaged", line, StringComparison.Ordinal));
        Assert.Equal(2, Journal.LoadLatestSnapshot("group")!.Sequence);
    }

    [Fact]
    public void A_damaged_event_is_refused_by_actor_and_number_and_those_after_it_too()
    {
        Journal.Append("group", 0, Events(1, 9));
        FlipEventByte("group", 6, 3, 4);
        var refusal = Assert.Throws<LeapsException>(() => Journal.Read("group", 1));
        Assert.Contains("event 6 of actor 'group' is damaged", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
        AssertEvents(Journal.Read("group", 7), 7, 3);
    }

    [Fact]
    public void Writes_of_several_actors_are_done_together_and_in_order()
    {
        Journal.Append("group-1", 0, Events(1, 2));
        Journal.Write([
            new JournalAppend("group-1", 2, Events(3, 3)),
            new JournalAppend("trainer", 0, Events(1, 4)),
            new JournalSnapshot("group-1", 4, "four"u8.ToArray()),
            new JournalAppend("group-1", 5, Events(6, 1)),
            new JournalSnapshot("group-1", 6, "six"u8.ToArray()),
            new JournalSnapshot("idle", 0, "start"u8.ToArray()),
            new JournalAppend("trainer", 4, []),
        ]);
        Restart();
        AssertEvents(Journal.Read("group-1", 5), 5, 2);
        Assert.Throws<ArgumentOutOfRangeException>(() => Journal.Read("group-1", 4));
        AssertEvents(Journal.Read("trainer", 1), 1, 4);
        Assert.Equal("six"u8.ToArray(), Journal.LoadLatestSnapshot("group-1")!.Bytes.ToArray());
        Assert.Equal("start"u8.ToArray(), Journal.LoadLatestSnapshot("idle")!.Bytes.ToArray());
    }

    [Fact]
    public void If_one_of_the_writes_is_refused_none_is_done()
    {
        Journal.Append("group", 0, Events(1, 4));
        Journal.SaveSnapshot("group", 1, "one"u8.ToArray());
        JournalWrite[] sound =
        [
            new JournalAppend("group", 4, Events(5, 2)),
            new JournalSnapshot("group", 5, "five"u8.ToArray()),
            new JournalAppend("newcomer", 0, Events(1, 2)),
        ];
        var conflict = Assert.Throws<SequenceConflictException>(
            () => Journal.Write([.. sound, new JournalAppend("group", 4, Events(5, 1))]));
        Assert.Equal(("group", 4L, 6L), (conflict.Actor, conflict.Expected, conflict.Found));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => Journal.Write([.. sound, new JournalSnapshot("newcomer", 3, new byte[1])]));
        Restart();
        AssertEvents(Journal.Read("group", 1), 1, 4);
        Assert.Equal(1, Journal.LoadLatestSnapshot("group")!.Sequence);
        Assert.Equal(0, Journal.LastSequence("newcomer"));
        Journal.Write(sound);
        Assert.Equal((6, 2), (Journal.LastSequence("group"), Journal.LastSequence("newcomer")));
    }

    [Fact]
    public void Actors_that_wrote_are_listed_in_ordinal_order_and_those_asked_for_are_not()
    {
        Assert.Empty(Journal.Actors());
        string[] names = ["Group-1", "group-1", "group-10", "group-2", "ß", "\U0001F9F2", "\uFF21"];
        foreach (string name in names.Reverse())
            Journal.Append(name, 0, Events(1, 1));
        Journal.SaveSnapshot("idle", 0, new byte[1]);
        Assert.Equal(0, Journal.LastSequence("nobody"));
        Journal.Append("nobody", 0, []);
        Journal.Write([]);
        Restart();
        Assert.Equal([.. names[..4], "idle", .. names[4..]], Journal.Actors());
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("two\nlines")]
    public void An_actor_needs_a_printable_name(string name)
    {
        Assert.Throws<ArgumentException>(() => Journal.Append(name, 0, Events(1, 1)));
        Assert.Throws<ArgumentException>(() => Journal.Append(new string('x', 201), 0, Events(1, 1)));
    }

    [Fact]
    public void Actors_on_many_threads_each_get_their_own_events_in_order()
    {
        Parallel.For(0, 4, actor =>
        {
            for (int batch = 0; batch < 10; batch++)
                Journal.Append($"group-{actor}", batch * 3, Events(batch * 3 + 1, 3));
        });
        for (int actor = 0; actor < 4; actor++)
            AssertEvents(Journal.Read($"group-{actor}", 1), 1, 30);
    }

    [Fact]
    public void A_forgotten_actor_is_as_if_it_had_never_been_and_the_others_stay()
    {
        Journal.Append("a", 0, Events(1, 3));
        Journal.SaveSnapshot("a", 3, EventBytes(9));
        Journal.Append("b", 0, Events(1, 2));
        Journal.Write([new JournalForget("a"), new JournalForget("never-there")]);
        Restart();
        Assert.Equal(["b"], Journal.Actors());
        Assert.Equal(0, Journal.LastSequence("a"));
        Assert.Null(Journal.LoadLatestSnapshot("a"));
        AssertEvents(Journal.Read("b", 1), 1, 2);
        Assert.Equal(2, Journal.Append("a", 0, Events(1, 2)));
    }

    /// <summary>Every answer and refusal over random operations is that of the journal in memory.</summary>
    private protected void AssertLikeMemory(int seed, int steps)
    {
        var random = new Random(seed);
        using var memory = new MemoryJournal(Options);
        for (int step = 0; step < steps; step++)
        {
            string actor = $"actor-{random.Next(3)}";
            long last = memory.LastSequence(actor);
            long about = last + random.Next(-6, 3);
            var batch = Events(last + 1, random.Next(0, 4));
            int choice = random.Next(6);
            long believed = random.Next(3) > 0 ? last : about;
            string expected = Outcome(memory, choice, actor, believed, about, batch);
            string found = Outcome(Journal, choice, actor, believed, about, batch);
            Assert.True(expected == found, $"seed {seed}, step {step}: memory {expected}, here {found}");
            if (step % 100 == 99)
                Restart();
        }
        Assert.Equal(memory.Actors(), Journal.Actors());
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
                4 when expected % 5 == 3 => Forgotten(journal, actor, about, batch),
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

    private static string Forgotten(
        IJournal journal, string actor, long about, ReadOnlyMemory<byte>[] batch)
    {
        journal.Write([
            new JournalAppend(actor, journal.LastSequence(actor), batch),
            new JournalForget(actor),
            new JournalAppend(actor, 0, batch),
            new JournalSnapshot(actor, Math.Clamp(about, 0, batch.Length), EventBytes(7)),
        ]);
        return "forgotten";
    }
}
