using System.Net.Sockets;
using System.Text;
using Leaps.Model;
using Leaps.Model.Storage;

namespace Leaps.Actors.Control;

/// <summary>
/// Where the process of a run listens: the file "control.addr" of the run directory, two lines: the path of
/// its Unix domain socket and the run's identifier. Whoever asks goes by this file alone.
/// </summary>
/// <param name="SocketPath">absolute</param>
/// <param name="Run">the run that answers there</param>
internal sealed record ControlAddress(string SocketPath, Guid Run)
{
    public const string FileName = "control.addr";
    public const string SocketName = "control.sock";

    /// <summary>
    /// In UTF-8. A socket's address has 108 bytes on Linux and 104 on macOS, with the zero at its end.
    /// </summary>
    public const int LongestSocketPath = 100;

    private const string TemporaryPrefix = "leaps-control-";
    private const int LongestFile = 8192;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public static string FileIn(string directory) => Path.Combine(directory, FileName);

    private static string SocketIn(string directory) =>
        Path.Combine(Path.GetFullPath(directory), SocketName);

    /// <summary>
    /// A socket that is bound for the owner alone and does not listen yet: in the run directory or, where its
    /// path is too long or its file system has no sockets, in a fresh temporary folder.
    /// </summary>
    /// <exception cref="LeapsException">Neither place will do.</exception>
    public static (Socket Socket, string Path) Bind(string directory)
    {
        string near = SocketIn(directory);
        if (Encoding.UTF8.GetByteCount(near) <= LongestSocketPath && TryBind(near, out var socket, out _))
            return (socket!, near);
        string far = Path.Combine(TemporaryFolder(), SocketName);
        string reason = $"more than {LongestSocketPath} bytes";
        if (Encoding.UTF8.GetByteCount(far) <= LongestSocketPath && TryBind(far, out socket, out reason))
            return (socket!, far);
        Remove(far);
        throw new LeapsException($"{far} can't be a socket ({reason}): "
            + "set TMPDIR to a folder of a short name on a local disk.");
    }

    /// <summary>Tells where the run's process listens, from now on.</summary>
    /// <exception cref="LeapsException">The file can't be written.</exception>
    public void Publish(string directory)
    {
        string path = FileIn(directory);
        AtomicFile.WriteText(path, $"{SocketPath}\n{Run:D}\n");
        Protect(path);
    }

    /// <summary>Null when there is no such file: nobody listens.</summary>
    /// <exception cref="LeapsException">It can't be read, or isn't such a file.</exception>
    public static ControlAddress? Read(string directory)
    {
        string path = FileIn(directory);
        try
        {
            if (!TryRead(path, out var address))
                return null;
            return address ?? throw new LeapsException(
                $"{path} doesn't tell where a run's process listens: end that process and resume the run.");
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw new LeapsException($"{path} can't be read: {cause.Message}", cause);
        }
    }

    /// <summary>Ends what <see cref="Bind"/> and <see cref="Publish"/> began.</summary>
    public void Withdraw(string directory)
    {
        try
        {
            File.Delete(FileIn(directory));
            Remove(SocketPath);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            // A socket without a process refuses connections, and the next process replaces both.
        }
    }

    /// <summary>Removes the socket that a killed process left, as far as it is there.</summary>
    /// <exception cref="LeapsException">A process listens there, or it can't be removed.</exception>
    public static void RemoveStale(string directory)
    {
        try
        {
            if (!TryRead(FileIn(directory), out var address) || address?.SocketPath is not { } socket)
                return;
            if (!IsListenedTo(socket))
                Remove(socket);
            // A copied run directory names the socket of the original: that one is left alone.
            else if (socket == SocketIn(directory))
                throw new LeapsException($"{directory} is in use by another process: stop that one first.");
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw new LeapsException($"{FileIn(directory)}: what it names can't be removed: {cause.Message}",
                cause);
        }
    }

    // Of mode 700.
    private static string TemporaryFolder()
    {
        try
        {
            return Directory.CreateTempSubdirectory(TemporaryPrefix).FullName;
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw new LeapsException($"No folder can be made in {Path.GetTempPath()} ({cause.Message}): "
                + "set TMPDIR to a folder that can be written.", cause);
        }
    }

    // Also the folder, if it was made for the socket.
    private static void Remove(string socket)
    {
        string? folder = Path.GetDirectoryName(socket);
        if (Path.GetFileName(socket) != SocketName || folder is null || !Directory.Exists(folder))
            return;
        File.Delete(socket);
        if (Path.GetFileName(folder).StartsWith(TemporaryPrefix, StringComparison.Ordinal)
            && !Directory.EnumerateFileSystemEntries(folder).Any())
            Directory.Delete(folder);
    }

    // False when there is no such file; null when it is something else.
    private static bool TryRead(string path, out ControlAddress? address)
    {
        address = null;
        try
        {
            using var reader = new StreamReader(path, Encoding.UTF8);
            char[] text = new char[LongestFile];
            string[] lines = new string(text, 0, reader.ReadBlock(text)).Split('\n');
            if (lines is [var socket, var run, ""] && Path.IsPathFullyQualified(socket)
                && Encoding.UTF8.GetByteCount(socket) <= LongestSocketPath
                && Guid.TryParseExact(run, "D", out var id))
                address = new ControlAddress(socket, id);
            return true;
        }
        catch (Exception cause) when (cause is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
    }

    private static bool IsListenedTo(string path)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static bool TryBind(string path, out Socket? socket, out string reason)
    {
        reason = "";
        socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            // What a killed process left: nobody answers there, and it would be in the way.
            File.Delete(path);
            socket.Bind(new UnixDomainSocketEndPoint(path));
            Protect(path);
            return true;
        }
        catch (Exception cause) when (cause is SocketException or IOException or UnauthorizedAccessException)
        {
            socket.Dispose();
            socket = null;
            reason = cause.Message;
            return false;
        }
    }

    private static void Protect(string path)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, OwnerOnly);
    }
}
