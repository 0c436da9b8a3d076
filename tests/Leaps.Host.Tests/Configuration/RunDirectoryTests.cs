using Leaps.Host.Configuration;
using Leaps.Model;

namespace Leaps.Host.Tests.Configuration;

public sealed class RunDirectoryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private string Runs => _folder.PathOf("runs/x");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_directory_with_something_in_it_is_refused_and_left_alone()
    {
        Directory.CreateDirectory(Runs);
        string file = Path.Combine(Runs, "notes.txt");
        File.WriteAllText(file, "mine");

        string message = Assert.Throws<LeapsException>(() => RunDirectory.Create(Runs)).Message;

        Assert.Equal($"{Runs} exists: choose another with --output, or remove it; nothing was changed",
            message);
        Assert.Equal([file], Directory.GetFileSystemEntries(Runs));
        Assert.Equal($"{file} exists: choose another with --output, or remove it; nothing was changed",
            Assert.Throws<LeapsException>(() => RunDirectory.Create(file)).Message);
    }

    [Fact]
    public void The_first_free_name_has_a_number()
    {
        Assert.Equal(Runs, RunDirectory.FirstFree(Runs));
        Directory.CreateDirectory(Runs);
        Assert.Equal(Runs, RunDirectory.FirstFree(Runs));
        File.WriteAllText(Path.Combine(Runs, "x"), "");
        File.WriteAllText(Runs + "-2", "");
        Assert.Equal(Runs + "-3", RunDirectory.FirstFree(Runs));
    }

    [Fact]
    public void A_run_that_fails_early_leaves_nothing_behind()
    {
        using (var directory = RunDirectory.Create(Runs))
            directory.WriteText(RunDirectory.Configuration, "seed: 1\n");

        Assert.False(Directory.Exists(Runs));
        Directory.CreateDirectory(Runs);
        using (var directory = RunDirectory.Create(Runs))
            directory.WriteText(RunDirectory.Configuration, "seed: 1\n");
        Assert.Empty(Directory.GetFileSystemEntries(Runs));
    }

    [Fact]
    public void Results_are_kept_whatever_happens_later()
    {
        using (var directory = RunDirectory.Create(Runs))
        {
            directory.WriteText(RunDirectory.Configuration, "seed: 1\n");
            directory.AppendLine(RunDirectory.Metrics, "update,loss");
            directory.AppendLine(RunDirectory.Metrics, "1,0.5");
        }

        using var again = RunDirectory.Open(Runs);
        Assert.Equal("update,loss\n1,0.5\n", File.ReadAllText(again.PathOf(RunDirectory.Metrics)));
        Assert.True(again.Contains(RunDirectory.Configuration));
    }

    [Fact]
    public void A_file_appears_only_when_it_is_complete()
    {
        using var directory = RunDirectory.Create(Runs);
        directory.WriteText(RunDirectory.Result, "old");

        Assert.Throws<InvalidOperationException>(() => directory.Write(RunDirectory.Result, stream =>
        {
            stream.Write("half of the n"u8);
            throw new InvalidOperationException();
        }));

        Assert.Equal("old", File.ReadAllText(directory.PathOf(RunDirectory.Result)));
        Assert.Equal([RunDirectory.Result, "run.lock", "run.pid"], Directory.GetFileSystemEntries(Runs)
            .Select(Path.GetFileName).Order(StringComparer.Ordinal));
        directory.WriteText(RunDirectory.Result, "new");
        Assert.Equal("new", File.ReadAllText(directory.PathOf(RunDirectory.Result)));
    }

    [Fact]
    public void Only_run_directories_are_opened()
    {
        Assert.Equal($"{Runs}: no such run directory",
            Assert.Throws<LeapsException>(() => RunDirectory.Open(Runs)).Message);
        Assert.Equal($"{_folder.Path} is not a run directory: there is no config.yaml in it",
            Assert.Throws<LeapsException>(() => RunDirectory.Open(_folder.Path)).Message);
    }

    [Fact]
    public void A_directory_is_one_processs_at_a_time()
    {
        using (var directory = RunDirectory.Create(Runs))
        {
            directory.WriteText(RunDirectory.Configuration, "seed: 1\n");
            directory.WriteText(RunDirectory.Metrics, "");
            Assert.StartsWith($"{Runs} is in use by process {Environment.ProcessId} on ",
                Assert.Throws<LeapsException>(() => RunDirectory.OpenToResume(Runs)).Message,
                StringComparison.Ordinal);
        }
        string message = Assert.Throws<LeapsException>(() => RunDirectory.OpenToResume(Runs)).Message;
        Assert.Equal($"{Runs} can't be resumed: there is no journal.db in it; run its config.yaml anew with "
            + "another --output", message);
    }

    [Fact]
    public void The_lock_of_a_process_that_was_killed_is_in_nobodys_way()
    {
        Directory.CreateDirectory(Runs);
        File.WriteAllText(Path.Combine(Runs, "run.lock"), "");
        File.WriteAllText(Path.Combine(Runs, "run.pid"), "process 1 on host\n");
        using var directory = RunDirectory.Create(Runs);
        directory.Keep();
        directory.WriteText("samples.npz.unfinished", "");
        directory.RemoveUnfinished();
        Assert.False(directory.Contains("samples.npz.unfinished"));
    }

    [Fact]
    public void A_full_disk_is_one_line()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "The system has no /dev/full.");
        using var directory = RunDirectory.Create(Runs);
        File.CreateSymbolicLink(directory.PathOf(RunDirectory.Metrics), "/dev/full");
        string message = Assert.Throws<LeapsException>(
            () => directory.AppendLine(RunDirectory.Metrics, "1,2")).Message;
        Assert.StartsWith($"{directory.PathOf(RunDirectory.Metrics)} can't be written: ", message,
            StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void A_directory_that_cannot_be_made_is_named()
    {
        string file = _folder.Write("file", "");
        string path = Path.Combine(file, "run");

        string message = Assert.Throws<LeapsException>(() => RunDirectory.Create(path)).Message;

        Assert.StartsWith($"{path} can't be written: ", message, StringComparison.Ordinal);
    }
}
