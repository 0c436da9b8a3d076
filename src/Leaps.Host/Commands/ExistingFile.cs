using Leaps.Model;

namespace Leaps.Host.Commands;

/// <summary>A file that a command is to read: refused early where it is not there.</summary>
internal static class ExistingFile
{
    /// <exception cref="LeapsException">There is no such file.</exception>
    public static string Check(string path) => File.Exists(path) ? path
        : throw new LeapsException(Directory.Exists(path)
            ? $"{path}: is a folder; give a file"
            : $"{path}: no such file");
}
