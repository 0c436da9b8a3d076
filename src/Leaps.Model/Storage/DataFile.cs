namespace Leaps.Model.Storage;

/// <summary>
/// Opens a file for a parser and turns whatever is wrong with it into one clear line that names the file.
/// Parsers throw <see cref="InvalidDataException"/> and need not know the file's name.
/// </summary>
internal static class DataFile
{
    private const int LongestMessage = 400;

    /// <exception cref="LeapsException">The file can't be read, or the parser refused it.</exception>
    public static T Read<T>(string path, Func<Stream, T> parse)
    {
        if (string.IsNullOrWhiteSpace(path))
            throw new LeapsException("The name of the file to read is empty.");
        if (Directory.Exists(path))
            throw new LeapsException($"{path} is a folder: name a file.");
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            if (!stream.CanSeek)
                throw new InvalidDataException("it is not a regular file.");
            return parse(stream);
        }
        catch (Exception cause) when (cause is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new LeapsException($"{path}: there is no such file.", cause);
        }
        catch (Exception cause) when (cause is LeapsException or InvalidDataException or IOException
            or UnauthorizedAccessException)
        {
            throw new LeapsException($"{path}: {OneLine(cause.Message)}", cause);
        }
    }

    /// <summary>
    /// A message fit for a terminal: text out of a hostile file may hold line breaks and escape sequences.
    /// </summary>
    public static string OneLine(string message)
    {
        if (message.Length > LongestMessage)
            message = string.Concat(message.AsSpan(0, LongestMessage), "…");
        return string.Create(message.Length, message, (span, text) =>
        {
            for (int i = 0; i < span.Length; i++)
                span[i] = char.IsControl(text[i]) ? '?' : text[i];
        });
    }
}
