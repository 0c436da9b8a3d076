using System.Globalization;
using System.Text;
using Leaps.Actors.Journal;
using Leaps.Model;

namespace Leaps.Host.Configuration;

/// <summary>
/// The directory that holds everything of one run, locked while a process works on it. A file appears under
/// its name only when it is complete: it is written beside under a temporary name and renamed. A run that
/// fails before there is anything to keep leaves no directory, so that the same command can be given again.
/// </summary>
public sealed class RunDirectory : IDisposable
{
    public const string Configuration = "config.yaml";
    public const string Metrics = "metrics.csv";
    public const string Model = "model.safetensors";
    public const string Windows = "windows.csv";
    public const string Samples = "samples.npz";
    public const string Report = "report.html";
    public const string Result = "result.json";
    public const string Notices = "notices.log";

    /// <summary>What the run is and how its training stands.</summary>
    public const string Journal = "journal.db";

    private const string Unfinished = ".unfinished";
    private const string SamplingPrefix = "sampling", SamplingSuffix = ".db";

    private readonly Lock _appending = new();
    private readonly RunLock? _lock;
    private readonly bool _wasAbsent;
    private volatile bool _kept;

    private RunDirectory(string path, RunLock? runLock, bool kept, bool wasAbsent)
    {
        Path = Shown = path;
        _lock = runLock;
        _kept = kept;
        _wasAbsent = wasAbsent;
    }

    public string Path { get; }

    /// <summary>The directory as results name it.</summary>
    public string Shown { get; set; }

    public string ShownPathOf(string name) => System.IO.Path.Combine(Shown, name);

    /// <summary>
    /// The journal of a sampling: "sampling.db" with the first network of the run, or without one,
    /// "sampling-2.db" with the network after a second training, and so on.
    /// </summary>
    /// <param name="number">from 1</param>
    public static string Sampling(int number) => number == 1
        ? SamplingPrefix + SamplingSuffix
        : string.Create(CultureInfo.InvariantCulture, $"{SamplingPrefix}-{number}{SamplingSuffix}");

    /// <summary>Makes and locks the directory; one that is there already must be empty.</summary>
    /// <exception cref="LeapsException">It exists and is not empty, or can't be made. Nothing was
    /// changed.</exception>
    public static RunDirectory Create(string path)
    {
        CheckFree(path);
        bool wasAbsent = !Directory.Exists(path);
        Guard(path, () => Directory.CreateDirectory(path));
        var runLock = RunLock.Acquire(path);
        try
        {
            CheckFree(path);
            var directory = new RunDirectory(path, runLock, kept: false, wasAbsent);
            directory.Remove(name => IsBeforeBegin(name) && !IsLock(name));
            return directory;
        }
        catch
        {
            runLock.Dispose();
            throw;
        }
    }

    /// <summary>
    /// What <see cref="Create"/> would refuse, without making anything: to be asked before long work.
    /// </summary>
    /// <exception cref="LeapsException">The path exists and is not an empty directory.</exception>
    public static void CheckFree(string path)
    {
        if (IsTaken(path))
            throw new LeapsException(
                $"{path} exists: choose another with --output, or remove it; nothing was changed");
    }

    /// <summary>The path, or the first of path-2, path-3, … that <see cref="Create"/> would accept.</summary>
    public static string FirstFree(string path)
    {
        string candidate = path;
        for (int number = 2; IsTaken(candidate); number++)
            candidate = $"{path}-{number}";
        return candidate;
    }

    /// <summary>The directory of an earlier run, to look at.</summary>
    /// <exception cref="LeapsException">It is not a run directory.</exception>
    public static RunDirectory Open(string path)
    {
        CheckIsRun(path);
        return new RunDirectory(path, null, kept: true, wasAbsent: false);
    }

    /// <summary>The directory of an earlier run, locked, to go on with it.</summary>
    /// <exception cref="LeapsException">
    /// It is not a run directory, has no journal, or another process works on it.
    /// </exception>
    public static RunDirectory OpenToResume(string path)
    {
        CheckIsRun(path);
        var runLock = RunLock.Acquire(path);
        var directory = new RunDirectory(path, runLock, kept: true, wasAbsent: false);
        if (directory.Contains(Journal))
            return directory;
        directory.Dispose();
        throw new LeapsException($"{path} can't be resumed: there is no {Journal} in it; run its "
            + $"{Configuration} anew with another --output");
    }

    /// <summary>Called with the name of every file that was written or grew, before the writing
    /// returns.</summary>
    public Action<string> Changed { get; set; } = static _ => { };

    /// <summary>From now on the directory stays, whatever becomes of the run.</summary>
    public void Keep() => _kept = true;

    /// <summary>Removes what a killed process had not finished writing.</summary>
    public void RemoveUnfinished() => Remove(IsUnfinished);

    private void Remove(Func<string, bool> wanted) => Guard(Path, () =>
    {
        foreach (string file in Directory.GetFiles(Path))
        {
            if (wanted(System.IO.Path.GetFileName(file)))
                File.Delete(file);
        }
        return true;
    });

    public string PathOf(string name) => System.IO.Path.Combine(Path, name);

    public bool Contains(string name) => File.Exists(PathOf(name));

    /// <summary>Writes a file as a whole: a reader sees the old content or the new, never a part.</summary>
    /// <exception cref="LeapsException">The disk is full, or writing is not permitted.</exception>
    public void Write(string name, Action<Stream> write)
    {
        string unfinished = PathOf(name + Unfinished);
        Guard(PathOf(name), () =>
        {
            try
            {
                using (var stream = new FileStream(unfinished, FileMode.Create, FileAccess.ReadWrite))
                {
                    write(stream);
                    stream.Flush(flushToDisk: true);
                }
                File.Move(unfinished, PathOf(name), overwrite: true);
                return true;
            }
            finally
            {
                File.Delete(unfinished);
            }
        });
        Changed(name);
    }

    /// <summary>As <see cref="Write"/>, text in UTF-8.</summary>
    /// <exception cref="LeapsException">The disk is full, or writing is not permitted.</exception>
    public void WriteText(string name, string text) =>
        Write(name, stream => stream.Write(Encoding.UTF8.GetBytes(text)));

    /// <summary>
    /// Adds one line to a file that grows during the run (metrics.csv); it reaches the disk whole.
    /// </summary>
    /// <exception cref="LeapsException">The disk is full, or writing is not permitted.</exception>
    public void AppendLine(string name, string line)
    {
        lock (_appending)
        {
            Guard(PathOf(name), () =>
            {
                using var stream = new FileStream(PathOf(name), FileMode.Append, FileAccess.Write);
                stream.Write(Encoding.UTF8.GetBytes(line + "\n"));
                return true;
            });
            Changed(name);
        }
    }

    /// <summary>
    /// Where this run made the directory and nothing is worth keeping, takes it away again; unlocks it.
    /// </summary>
    public void Dispose()
    {
        // While it is locked, nobody else can begin in it.
        if (!_kept && Directory.Exists(Path))
            RemoveBeginning();
        _lock?.Dispose();
    }

    private void RemoveBeginning()
    {
        string[] left = Directory.GetFileSystemEntries(Path);
        if (!left.All(entry => IsBeginning(System.IO.Path.GetFileName(entry))))
            return;
        foreach (string file in left)
            File.Delete(file);
        if (_wasAbsent)
            Directory.Delete(Path);
    }

    private static bool IsBeginning(string name) => name == Configuration || IsBeforeBegin(name)
        || name.StartsWith(Sampling(1), StringComparison.Ordinal);

    // A run has begun when its configuration is there, which is written last: what a process leaves that was
    // killed before is of no use.
    private static bool IsBeforeBegin(string name) => IsLock(name) || IsUnfinished(name)
        || name.StartsWith(Journal, StringComparison.Ordinal);

    private static bool IsLock(string name) => name is RunLock.FileName or RunLock.HolderFileName;

    private static bool IsUnfinished(string name) => name.EndsWith(Unfinished, StringComparison.Ordinal)
        || name.StartsWith(".leaps-", StringComparison.Ordinal)
        || name.Contains(SamplingSuffix + ".", StringComparison.Ordinal)
            && name.Contains(".tmp", StringComparison.Ordinal);

    private static void CheckIsRun(string path)
    {
        if (!Directory.Exists(path))
            throw new LeapsException($"{path}: no such run directory");
        if (!File.Exists(System.IO.Path.Combine(path, Configuration)))
            throw new LeapsException(
                $"{path} is not a run directory: there is no {Configuration} in it");
    }

    private static bool IsTaken(string path) => File.Exists(path)
        || Directory.Exists(path) && Guard(path, () => Directory.EnumerateFileSystemEntries(path)
            .Any(entry => !IsBeforeBegin(System.IO.Path.GetFileName(entry))));

    private static T Guard<T>(string path, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new LeapsException(
                $"{path} can't be written: {error.Message.ReplaceLineEndings(" ")}", error);
        }
    }
}
