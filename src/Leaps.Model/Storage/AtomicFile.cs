using System.Text;

namespace Leaps.Model.Storage;

/// <summary>
/// Writes a file whole or not at all: under a temporary name (".leaps-….tmp") in the same folder, flushed to
/// disk, then renamed. Whatever fails on the way, the temporary file is deleted and the final name shows
/// either the former file or none.
/// </summary>
public static class AtomicFile
{
    private const int BufferBytes = 1 << 16;

    /// <param name="path">the final name; its folder must exist</param>
    /// <param name="write">writes the content; the stream can seek</param>
    /// <param name="refuseExisting">a file of that name is an error instead of being replaced</param>
    /// <exception cref="LeapsException">
    /// The file can't be written, or exists and may not be replaced. Other exceptions of
    /// <paramref name="write"/> pass through.
    /// </exception>
    public static void Write(string path, Action<Stream> write, bool refuseExisting = false)
    {
        if (string.IsNullOrWhiteSpace(path))
            throw new LeapsException("The name of the file to write is empty.");
        if (refuseExisting && Path.Exists(path))
            throw Exists(path, null);
        string folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? path;
        string temporary = Path.Combine(folder, $".leaps-{Guid.NewGuid():N}.tmp");
        try
        {
            using (var stream = new FileStream(
                temporary, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, BufferBytes))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: !refuseExisting);
        }
        catch (Exception cause)
        {
            DeleteIfPossible(temporary);
            if (cause is not (IOException or UnauthorizedAccessException))
                throw;
            if (refuseExisting && Path.Exists(path))
                throw Exists(path, cause);
            throw new LeapsException(
                $"{path} can't be written: {DataFile.OneLine(Reason(cause, folder))}", cause);
        }
    }

    /// <summary>Writes text as UTF-8 without a byte-order mark.</summary>
    /// <inheritdoc cref="Write"/>
    public static void WriteText(string path, string text, bool refuseExisting = false) =>
        Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)), refuseExisting);

    private static LeapsException Exists(string path, Exception? cause)
    {
        string message = $"{path} exists already: choose another name, or remove it first.";
        return cause is null ? new LeapsException(message) : new LeapsException(message, cause);
    }

    private static string Reason(Exception cause, string folder) =>
        cause is DirectoryNotFoundException ? $"the folder {folder} does not exist." : cause.Message;

    private static void DeleteIfPossible(string temporary)
    {
        try
        {
            File.Delete(temporary);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The first error is the one to report; a folder that can't be written holds no temporary file.
        }
    }
}
