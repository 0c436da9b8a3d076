using System.Text;
using Leaps.Model;

namespace Leaps.Host.Configuration;

/// <summary>
/// The directory that holds everything of one run. A file appears under its name only when it is complete:
/// it is written beside under a temporary name and renamed. A run that ends before it has results leaves no
/// directory, so that the same command can be given again.
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

    private const string Unfinished = ".unfinished";
    private readonly bool _created;
    private readonly bool _wasAbsent;

    private RunDirectory(string path, bool created, bool wasAbsent)
    {
        Path = path;
        _created = created;
        _wasAbsent = wasAbsent;
    }

    public string Path { get; }

    /// <summary>Makes the directory; one that is there already must be empty.</summary>
    /// <exception cref="LeapsException">It exists and is not empty, or can't be made. Nothing was
    /// changed.</exception>
    public static RunDirectory Create(string path)
    {
        CheckFree(path);
        bool wasAbsent = !Directory.Exists(path);
        Guard(path, () => Directory.CreateDirectory(path));
        return new RunDirectory(path, created: true, wasAbsent);
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

    /// <summary>The directory of an earlier run.</summary>
    /// <exception cref="LeapsException">It is not a run directory.</exception>
    public static RunDirectory Open(string path)
    {
        if (!Directory.Exists(path))
            throw new LeapsException($"{path}: no such run directory");
        if (!File.Exists(System.IO.Path.Combine(path, Configuration)))
            throw new LeapsException($"{path} is not a run directory: there is no {Configuration} in it");
        return new RunDirectory(path, created: false, wasAbsent: false);
    }

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
    }

    /// <summary>As <see cref="Write"/>, text in UTF-8.</summary>
    /// <exception cref="LeapsException">The disk is full, or writing is not permitted.</exception>
    public void WriteText(string name, string text) =>
        Write(name, stream => stream.Write(Encoding.UTF8.GetBytes(text)));

    /// <summary>
    /// Adds one line to a file that grows during the run (metrics.csv); it reaches the disk whole.
    /// </summary>
    /// <exception cref="LeapsException">The disk is full, or writing is not permitted.</exception>
    public void AppendLine(string name, string line) => Guard(PathOf(name), () =>
    {
        using var stream = new FileStream(PathOf(name), FileMode.Append, FileAccess.Write);
        stream.Write(Encoding.UTF8.GetBytes(line + "\n"));
        return true;
    });

    /// <summary>
    /// Where this run made the directory and it holds no more than the configuration, takes both away again.
    /// </summary>
    public void Dispose()
    {
        if (!_created || !Directory.Exists(Path))
            return;
        string[] left = Directory.GetFileSystemEntries(Path);
        if (left.Any(entry => System.IO.Path.GetFileName(entry) != Configuration))
            return;
        File.Delete(PathOf(Configuration));
        if (_wasAbsent)
            Directory.Delete(Path);
    }

    private static bool IsTaken(string path) => File.Exists(path)
        || Directory.Exists(path) && Guard(path, () => Directory.EnumerateFileSystemEntries(path).Any());

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
