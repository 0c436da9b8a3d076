using System.Diagnostics;
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
        var best = Best(1, () =>
        {
            for (int i = 0; i < 20; i++)
                last = journal.Append("group", last, batch);
        });
        TestContext.Current.TestOutputHelper?.WriteLine($"1,000 events: {best.TotalMilliseconds:F1} ms");
        Assert.Equal(1000, journal.LastSequence("group"));
        Assert.True(best < TimeSpan.FromSeconds(2), $"{best.TotalMilliseconds} ms");
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
