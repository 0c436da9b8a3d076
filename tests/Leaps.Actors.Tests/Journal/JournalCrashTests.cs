using System.Buffers.Binary;
using System.Diagnostics;
using Leaps.Actors.Journal;
using Leaps.Model;

namespace Leaps.Actors.Tests.Journal;

/// <summary>Nothing acknowledged is lost: killed processes, copies in mid-write, damaged logs.</summary>
public sealed class JournalCrashTests : IDisposable
{
    private const string Run = "run-1";
    private const string Actor = "coordinator";
    private const string FolderVariable = "LEAPS_JOURNAL_CRASH_FOLDER";

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Every_event_acknowledged_before_a_kill_is_there_and_the_lock_is_free()
    {
        string path = folder.File("journal.db");
        string acknowledged = folder.File("acknowledged");
        using (SqliteJournal.Create(path, Run))
        {
        }
        using var child = StartChild(nameof(Child_appends_until_it_is_killed));
        var deadline = Stopwatch.StartNew();
        while (!File.Exists(acknowledged) || new FileInfo(acknowledged).Length < 100 * sizeof(long))
        {
            Assert.False(child.HasExited, "the child ended by itself");
            Assert.True(deadline.Elapsed < TimeSpan.FromSeconds(60), "the child appended too slowly");
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
        var refusal = Assert.Throws<LeapsException>(() => RunLock.Acquire(folder.Name));
        Assert.Contains($"in use by process {child.Id} on ", refusal.Message, StringComparison.Ordinal);
        child.Kill();
        await child.WaitForExitAsync(TestContext.Current.CancellationToken);

        using var runLock = RunLock.Acquire(folder.Name);
        byte[] told = await File.ReadAllBytesAsync(acknowledged, TestContext.Current.CancellationToken);
        int end = told.Length / sizeof(long) * sizeof(long);
        long last = BinaryPrimitives.ReadInt64LittleEndian(told.AsSpan(end - sizeof(long)));
        Assert.True(File.Exists(path + "-wal"), "the child left no log, so it was not killed in the middle");
        using var journal = SqliteJournal.Open(path, Run);
        Assert.True(journal.LastSequence(Actor) >= last, $"{journal.LastSequence(Actor)} < {last}");
        Assert.Equal(0, journal.LastSequence(Actor) % 3);
        var snapshot = journal.LoadLatestSnapshot(Actor);
        AssertNumbered(journal.Read(Actor, (snapshot?.Sequence ?? 0) + 1));
    }

    /// <summary>The child of the test above; it ends only by being killed.</summary>
    [Fact(Explicit = true)]
    public void Child_appends_until_it_is_killed()
    {
        string target = Environment.GetEnvironmentVariable(FolderVariable)
            ?? throw new InvalidOperationException($"Set {FolderVariable}: this runs as a child only.");
        using var runLock = RunLock.Acquire(target);
        using var journal = SqliteJournal.Open(Path.Combine(target, "journal.db"), Run);
        using var acknowledged = new FileStream(Path.Combine(target, "acknowledged"), FileMode.CreateNew,
            FileAccess.Write, FileShare.Read, bufferSize: 0);
        byte[] told = new byte[sizeof(long)];
        for (long last = 0; last < 1_000_000;)
        {
            last = journal.Append(Actor, last, Numbered(last + 1, 3));
            BinaryPrimitives.WriteInt64LittleEndian(told, last);
            acknowledged.Write(told);
            if (last % 60 == 0)
                journal.SaveSnapshot(Actor, last, new byte[20_000]);
        }
    }

    [Fact]
    public void Every_copy_taken_between_appends_has_all_that_was_acknowledged()
    {
        using var journal = SqliteJournal.Create(folder.File("journal.db"), Run);
        for (int batch = 1; batch <= 25; batch++)
        {
            journal.Append(Actor, (batch - 1) * 3, Numbered(batch * 3 - 2, 3));
            if (batch % 10 == 0)
                journal.SaveSnapshot(Actor, batch * 3 - 1, new byte[200_000]);
            using var copy = OpenCopy(log => log);
            Assert.Equal(batch * 3, copy.LastSequence(Actor));
            AssertNumbered(copy.Read(Actor, (copy.LoadLatestSnapshot(Actor)?.Sequence ?? 0) + 1));
        }
    }

    [Fact]
    public void A_log_torn_anywhere_leaves_whole_batches_and_no_error()
    {
        using var journal = SqliteJournal.Create(folder.File("journal.db"), Run);
        for (int batch = 1; batch <= 8; batch++)
            journal.Append(Actor, (batch - 1) * 3, Numbered(batch * 3 - 2, 3));
        long length = new FileInfo(folder.File("journal.db-wal")).Length;
        long before = 0;
        for (int kept = 0; kept <= length; kept += 509)
        {
            using var copy = OpenCopy(log => log[..kept]);
            long last = copy.LastSequence(Actor);
            Assert.True(last % 3 == 0 && last >= before, $"{last} events are left of a log of {kept} bytes");
            AssertNumbered(copy.Read(Actor, 1));
            before = last;
        }
        Assert.True(before >= 21, $"only {before} of 24 events are left of almost the whole log");
    }

    [Fact]
    public void Damage_to_an_acknowledged_part_of_the_log_is_refused_and_to_its_last_batch_is_dropped()
    {
        using var journal = SqliteJournal.Create(folder.File("journal.db"), Run);
        for (int batch = 1; batch <= 6; batch++)
            journal.Append(Actor, (batch - 1) * 3, Numbered(batch * 3 - 2, 3));
        int refused = 0;
        int dropped = 0;
        long length = new FileInfo(folder.File("journal.db-wal")).Length;
        for (int index = 32; index < length; index += 131)
        {
            try
            {
                using var copy = OpenCopy(log => Flipped(log, index));
                Assert.True(copy.LastSequence(Actor) is 15 or 18, $"byte {index} flipped");
                AssertNumbered(copy.Read(Actor, 1));
                dropped++;
            }
            catch (LeapsException refusal)
            {
                Assert.Contains(
                    "is damaged before its last transaction", refusal.Message, StringComparison.Ordinal);
                refused++;
            }
        }
        Assert.True(refused > 3 * dropped, $"{refused} refused, {dropped} dropped");
        Assert.True(dropped > 0);
    }

    private static byte[] Flipped(byte[] log, int index)
    {
        log[index] ^= 0x10;
        return log;
    }

    private SqliteJournal OpenCopy(Func<byte[], byte[]> change)
    {
        string copy = folder.File("copy.db");
        File.Delete(copy + "-shm");
        File.Copy(folder.File("journal.db"), copy, overwrite: true);
        string log = folder.File("journal.db-wal");
        File.WriteAllBytes(copy + "-wal", File.Exists(log) ? change(File.ReadAllBytes(log)) : []);
        return SqliteJournal.Open(copy, Run);
    }

    private static ReadOnlyMemory<byte>[] Numbered(long first, int count)
    {
        var events = new ReadOnlyMemory<byte>[count];
        for (int i = 0; i < count; i++)
        {
            byte[] bytes = new byte[100];
            BinaryPrimitives.WriteInt64LittleEndian(bytes, first + i);
            events[i] = bytes;
        }
        return events;
    }

    private static void AssertNumbered(IReadOnlyList<JournalEvent> events) => Assert.All(events, e =>
        Assert.Equal(e.Sequence, BinaryPrimitives.ReadInt64LittleEndian(e.Bytes.Span)));

    private Process StartChild(string method)
    {
        var tests = typeof(JournalCrashTests);
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            ["exec", tests.Assembly.Location, "-explicit", "only", "-method", $"{tests.FullName}.{method}"])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        start.Environment[FolderVariable] = folder.Name;
        return Process.Start(start)!;
    }
}
