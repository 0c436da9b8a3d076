using System.Collections.Concurrent;
using Leaps.Actors.Journal;
using Leaps.Model;

namespace Leaps.Actors.Tests.Journal;

/// <summary>What the shared writer promises about grouping, order, failures and its queue.</summary>
public sealed class JournalWriterTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly MemoryJournal memory = new();
    private readonly GatedJournal journal;
    private readonly List<(string Name, Exception? Failure)> completed = [];

    public JournalWriterTests() => journal = new GatedJournal(memory);

    public void Dispose()
    {
        journal.Start();
        journal.Dispose();
    }

    private static JournalAppend Append(string actor, long expected, int bytes = 8) =>
        new(actor, expected, [new byte[bytes]]);

    private void Enqueue(JournalWriter writer, string name, JournalWrite write) =>
        writer.Enqueue(write, failure => completed.Add((name, failure)));

    [Fact]
    public async Task What_comes_during_one_transaction_is_the_next_and_completes_in_order()
    {
        using var writer = new JournalWriter(journal);
        journal.Stop();
        Enqueue(writer, "first", Append("actor-0", 0));
        journal.AwaitArrival();
        for (int n = 1; n <= 40; n++)
            Enqueue(writer, $"{n}", Append($"actor-{n % 7}", Before(n)));
        Assert.Empty(completed);
        journal.Start();
        await writer.Flush().WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.Equal(
            ["first", .. Enumerable.Range(1, 40).Select(n => $"{n}")], completed.Select(c => c.Name));
        Assert.All(completed, c => Assert.Null(c.Failure));
        Assert.Equal([1, 40], journal.Groups.Select(group => group.Count));

        // Events that actor n % 7 has when write n is made: actor 0 begins with one.
        static int Before(int n) => n % 7 == 0 ? n / 7 : (n - 1) / 7;
    }

    [Fact]
    public async Task A_completion_finds_its_write_in_the_journal()
    {
        using var writer = new JournalWriter(journal);
        long found = -1;
        writer.Enqueue(Append("actor", 0), _ => found = memory.LastSequence("actor"));
        await writer.Flush().WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.Equal(1, found);
    }

    [Fact]
    public async Task After_a_failed_append_those_of_the_same_actor_fail_and_those_of_others_are_done()
    {
        using var writer = new JournalWriter(journal);
        journal.Stop();
        Enqueue(writer, "first", Append("other", 0));
        journal.AwaitArrival();
        Enqueue(writer, "good", Append("actor", 0));
        Enqueue(writer, "taken over", Append("actor", 5));
        Enqueue(writer, "behind it", Append("actor", 6));
        Enqueue(writer, "snapshot behind it", new JournalSnapshot("actor", 7, new byte[3]));
        Enqueue(writer, "other", Append("other", 1));
        journal.Start();
        await writer.Flush().WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.Equal(["first", "good", "taken over", "behind it", "snapshot behind it", "other"],
            completed.Select(c => c.Name));
        Assert.Equal([null, null, typeof(SequenceConflictException), typeof(SequenceConflictException),
            typeof(ArgumentOutOfRangeException), null], completed.Select(c => c.Failure?.GetType()));
        Assert.Equal((1, 2), (memory.LastSequence("actor"), memory.LastSequence("other")));
        Assert.Equal([1, 5, 1, 1, 1, 1, 1], journal.Groups.Select(group => group.Count));
    }

    [Fact]
    public async Task A_snapshot_too_large_for_the_disk_fails_alone_and_the_last_good_one_stays()
    {
        using var folder = new TemporaryFolder();
        using var sqlite = SqliteJournal.Create(folder.File("journal.db"), "run-1");
        sqlite.Append("group", 0, [new byte[10]]);
        sqlite.SaveSnapshot("group", 1, "good"u8.ToArray());
        sqlite.LimitPages(50);
        using var gated = new GatedJournal(sqlite);
        using var writer = new JournalWriter(gated);
        gated.Stop();
        Enqueue(writer, "first", Append("group", 1));
        gated.AwaitArrival();
        Enqueue(writer, "trainer", Append("trainer", 0));
        Enqueue(writer, "snapshot", new JournalSnapshot("group", 2, new byte[1_000_000]));
        Enqueue(writer, "group", Append("group", 2));
        gated.Start();
        await writer.Flush().WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.Equal(["first", "trainer", "snapshot", "group"], completed.Select(c => c.Name));
        Assert.Equal("snapshot", Assert.Single(completed, c => c.Failure is not null).Name);
        var refusal = Assert.IsType<LeapsException>(completed[2].Failure);
        Assert.Contains("its disk is full", refusal.Message, StringComparison.Ordinal);
        Assert.Equal("good"u8.ToArray(), sqlite.LoadLatestSnapshot("group")!.Bytes.ToArray());
        Assert.Equal((3, 1), (sqlite.LastSequence("group"), sqlite.LastSequence("trainer")));
    }

    [Fact]
    public void A_full_queue_holds_back_whoever_enqueues_until_there_is_room()
    {
        using var writer = new JournalWriter(journal, queueBytes: 10_000);
        journal.Stop();
        Enqueue(writer, "larger than the queue", Append("large", 0, bytes: 20_000));
        journal.AwaitArrival();
        var held = new Thread(() => Enqueue(writer, "held back", Append("small", 0)));
        held.Start();
        Assert.False(held.Join(100), "a full queue let something in");
        journal.Start();
        Assert.True(held.Join(Patience), "an empty queue let nothing in");
        writer.Dispose();
        Assert.Equal(["larger than the queue", "held back"], completed.Select(c => c.Name));
    }

    [Fact]
    public void A_completion_may_enqueue_though_the_queue_is_full()
    {
        using var writer = new JournalWriter(journal, queueBytes: 1);
        using var done = new CountdownEvent(5);
        Next(0);
        Assert.True(
            done.Wait(Patience, TestContext.Current.CancellationToken), "the writer waits for itself");
        Assert.Equal(10, memory.LastSequence("actor"));

        void Next(long last) => writer.Enqueue(Append("actor", last), _ =>
        {
            writer.Enqueue(Append("actor", last + 1), _ => done.Signal());
            if (last < 8)
                Next(last + 2);
        });
    }

    [Fact]
    public void Disposal_completes_what_was_enqueued_and_leaves_the_journal_open()
    {
        var writer = new JournalWriter(journal);
        for (int n = 0; n < 100; n++)
            Enqueue(writer, $"{n}", Append("actor", n));
        writer.Dispose();
        writer.Dispose();
        Assert.Equal(100, completed.Count);
        Assert.Equal(101, memory.Append("actor", 100, [new byte[1]]));
        Assert.Throws<ObjectDisposedException>(() => Enqueue(writer, "late", Append("actor", 101)));
        Assert.Throws<ObjectDisposedException>(() => { _ = writer.Flush(); });
    }

    [Fact]
    public async Task Many_threads_get_all_their_events_in_order_and_each_completion_once()
    {
        var told = new ConcurrentDictionary<(int Actor, int Number), int>();
        using var writer = new JournalWriter(journal, queueBytes: 5_000);
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, actor =>
        {
            for (int n = 0; n < 200; n++)
            {
                int number = n;
                writer.Enqueue(
                    new JournalAppend($"actor-{actor}", n, [BitConverter.GetBytes(n)]),
                    failure => told.AddOrUpdate((actor, number), failure is null ? 1 : 100, (_, c) => c + 1));
            }
        });
        await writer.Flush().WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.Equal(1600, told.Count);
        Assert.All(told.Values, count => Assert.Equal(1, count));
        for (int actor = 0; actor < 8; actor++)
            Assert.Equal(Enumerable.Range(0, 200),
                memory.Read($"actor-{actor}", 1).Select(e => BitConverter.ToInt32(e.Bytes.Span)));
    }
}
