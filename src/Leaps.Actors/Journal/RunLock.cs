using System.Globalization;
using System.Text;
using Leaps.Model;
using Leaps.Model.Storage;

namespace Leaps.Actors.Journal;

/// <summary>
/// One process per run directory. The lock is the operating system's, on the open file "run.lock": it ends
/// with the process, however that ends, and the file itself stays. Nobody else can read a locked file
/// everywhere, so "run.pid" beside it says which process on which host holds the lock.
/// </summary>
public sealed class RunLock : IDisposable
{
    public const string FileName = "run.lock";
    public const string HolderFileName = "run.pid";

    private const int LongestHolder = 300;

    private readonly FileStream file;
    private readonly string holderPath;

    private RunLock(FileStream file, string holderPath)
    {
        this.file = file;
        this.holderPath = holderPath;
    }

    /// <param name="directory">the run directory, which exists</param>
    /// <exception cref="LeapsException">Somebody else holds the lock, or it can't be written.</exception>
    public static RunLock Acquire(string directory)
    {
        string holderPath = Path.Combine(directory, HolderFileName);
        if (!Directory.Exists(directory))
            throw new LeapsException($"{directory}: there is no such run directory.");
        FileStream file;
        try
        {
            // FileShare.None is flock(LOCK_EX) on Unix: even this process can't take two.
            file = new FileStream(
                Path.Combine(directory, FileName),
                FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (UnauthorizedAccessException cause)
        {
            throw new LeapsException(
                $"{directory} can't be locked: check that {FileName} may be written.", cause);
        }
        catch (IOException cause)
        {
            throw new LeapsException($"{directory} is in use by {Holder(holderPath)}: "
                + "stop that process first, or choose another run directory.", cause);
        }
        try
        {
            AtomicFile.WriteText(holderPath, string.Create(CultureInfo.InvariantCulture,
                $"process {Environment.ProcessId} on {Environment.MachineName}\n"));
            return new RunLock(file, holderPath);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Lets the next process in.</summary>
    public void Dispose()
    {
        if (file.SafeFileHandle.IsClosed)
            return;
        try
        {
            File.Delete(holderPath);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            // The next holder replaces it; what counts is that the lock goes.
        }
        file.Dispose();
    }

    private static string Holder(string holderPath)
    {
        try
        {
            using var reader = new StreamReader(holderPath, Encoding.UTF8);
            char[] text = new char[LongestHolder];
            string holder = OneLine(new string(text, 0, reader.ReadBlock(text))).Trim();
            return holder.Length > 0 ? holder : "another process";
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            return "another process";
        }
    }

    private static string OneLine(string text) =>
        string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));
}
