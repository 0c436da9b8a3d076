using System.Diagnostics;
using System.Security.Cryptography;
using Leaps.Actors.Journal;

namespace Leaps.Actors.Tests.Journal;

/// <summary>Bounds far above what a local disk needs: they notice a sync per event.</summary>
public sealed class JournalSpeedTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_snapshot_of_5_MB_takes_less_than_half_a_second()
    {
        using var journal = SqliteJournal.Create(folder.File("journal.db"), "run-1");
        journal.Append("group", 0, [new byte[1]]);
        byte[] state = new byte[5_000_000];
        journal.SaveSnapshot("group", 0, state);
        var best = Best(3, () => journal.SaveSnapshot("group", 1, state));
        TestContext.Current.TestOutputHelper?.WriteLine($"5 MB snapshot: {best.TotalMilliseconds:F1} ms");
        Assert.True(best < TimeSpan.FromSeconds(0.5), $"{best.TotalMilliseconds} ms");
    }

    [Fact]
    public void A_thousand_events_in_batches_of_50_take_less_than_two_seconds()
    {
        using var journal = SqliteJournal.Create(folder.File("journal.db"), "run-1");
        ReadOnlyMemory<byte>[] batch = new ReadOnlyMemory<byte>[50];
        Array.Fill(batch, new byte[200]);
        long last = 0;
        var best = Best(3, () =>
        {
            for (int i = 0; i < 20; i++)
                last = journal.Append("group", last, batch);
        });
        TestContext.Current.TestOutputHelper?.WriteLine($"1,000 events: {best.TotalMilliseconds:F1} ms");
        Assert.Equal(3000, journal.LastSequence("group"));
        Assert.True(best < TimeSpan.FromSeconds(2), $"{best.TotalMilliseconds} ms");
    }

    [Fact]
    public void Snapshots_of_100_000_walkers_take_less_than_half_a_second_each()
    {
        using var journal = SqliteJournal.Create(folder.File("journal.db"), "run-1");
        using var writer = new JournalWriter(journal);
        byte[] state = RandomNumberGenerator.GetBytes(4_100_000);
        long sequence = 0;
        var best = Best(5, () =>
        {
            writer.Enqueue(new JournalAppend("group", sequence++, [new byte[100]]), Assert.Null);
            writer.Enqueue(new JournalSnapshot("group", sequence, state), Assert.Null);
            writer.Flush().Wait();
        });
        TestContext.Current.TestOutputHelper?.WriteLine($"4.1 MB snapshot: {best.TotalMilliseconds:F1} ms");
        Assert.Equal(5, journal.LoadLatestSnapshot("group")!.Sequence);
        Assert.True(best < TimeSpan.FromSeconds(0.5), $"{best.TotalMilliseconds} ms");
    }

    [Fact]
    public void Sixty_four_actors_that_wait_for_each_event_share_transactions()
    {
        const int actors = 64, events = 50;
        using var journal = SqliteJournal.Create(folder.File("journal.db"), "run-1");
        using var counted = new GatedJournal(journal);
        using var writer = new JournalWriter(counted);
        var elapsed = Best(1, () =>
        {
            Thread[] threads = [.. Enumerable.Range(0, actors).Select(n => new Thread(() => Act(writer, n)))];
            Array.ForEach(threads, thread => thread.Start());
            Array.ForEach(threads, thread => thread.Join());
        });
        int commits = counted.Groups.Count;
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{commits / elapsed.TotalSeconds:F0} commits/s, {actors * events / elapsed.TotalSeconds:F0} "
            + $"events/s, {(double)actors * events / commits:F1} events a commit");
        Assert.All(Enumerable.Range(0, actors), n =>
            Assert.Equal(events, journal.LastSequence($"group-{n}")));
        Assert.True(commits <= actors * events / 4, $"{commits} commits");

        static void Act(JournalWriter writer, int actor)
        {
            using var done = new ManualResetEventSlim();
            for (int n = 0; n < events; n++)
            {
                done.Reset();
                writer.Enqueue(new JournalAppend($"group-{actor}", n, [new byte[200]]), _ => done.Set());
                done.Wait();
            }
        }
    }

    private static TimeSpan Best(int times, Action action)
    {
        var best = TimeSpan.MaxValue;
        for (int i = 0; i < times; i++)
        {
            long start = Stopwatch.GetTimestamp();
            action();
            var elapsed = Stopwatch.GetElapsedTime(start);
            best = elapsed < best ? elapsed : best;
        }
        return best;
    }
}
