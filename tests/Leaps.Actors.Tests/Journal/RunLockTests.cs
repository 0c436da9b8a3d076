using System.Globalization;
using Leaps.Actors.Journal;
using Leaps.Model;

namespace Leaps.Actors.Tests.Journal;

/// <summary>A killed holder is tried in <see cref="JournalCrashTests"/>.</summary>
public sealed class RunLockTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_second_opener_is_refused_and_told_the_first_process()
    {
        using var first = RunLock.Acquire(folder.Name);
        var refusal = Assert.Throws<LeapsException>(() => RunLock.Acquire(folder.Name));
        Assert.StartsWith(folder.Name, refusal.Message, StringComparison.Ordinal);
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"process {Environment.ProcessId} on "),
            refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
    }

    [Fact]
    public void A_released_lock_can_be_taken_again_and_releasing_twice_harms_nobody()
    {
        var first = RunLock.Acquire(folder.Name);
        first.Dispose();
        using var second = RunLock.Acquire(folder.Name);
        first.Dispose();
        Assert.Throws<LeapsException>(() => RunLock.Acquire(folder.Name));
    }

    [Fact]
    public void What_a_crashed_process_left_behind_locks_nothing()
    {
        File.WriteAllText(folder.File(RunLock.FileName), "");
        File.WriteAllText(folder.File(RunLock.HolderFileName), "process 1 on elsewhere\n");
        using var runLock = RunLock.Acquire(folder.Name);
        Assert.DoesNotContain("elsewhere", File.ReadAllText(folder.File(RunLock.HolderFileName)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_that_does_not_exist_is_refused()
    {
        var refusal = Assert.Throws<LeapsException>(() => RunLock.Acquire(folder.File("absent")));
        Assert.Contains("there is no such run directory", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_directories_are_locked_independently()
    {
        using var other = new TemporaryFolder();
        using var first = RunLock.Acquire(folder.Name);
        using var second = RunLock.Acquire(other.Name);
    }
}
