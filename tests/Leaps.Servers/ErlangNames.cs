using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;

namespace Leaps.Servers;

/// <summary>
/// The name server (epmd) and the cookie of some Erlang nodes that belong together. An own one on an own
/// port: the machine's, if it has one, is left alone, and ours ends with the last node.
/// </summary>
internal sealed class ErlangNames
{
    private static readonly string[] Places = ["/usr/bin/epmd", "/usr/local/bin/epmd"];

    private readonly Process _process;
    private readonly string _cookie = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
    private int _users = 1;

    private ErlangNames(string program)
    {
        Port = FreePort.Next();
        var start = new ProcessStartInfo(program,
            ["-port", Port.ToString(CultureInfo.InvariantCulture), "-address", "127.0.0.1"]);
        _process = Process.Start(start) ?? throw new InvalidOperationException("epmd did not start.");
    }

    public static bool AreInstalled => Places.Any(File.Exists);

    public int Port { get; }

    /// <exception cref="ServerMissingException">Erlang is not installed.</exception>
    public static ErlangNames Start() => new(Places.FirstOrDefault(File.Exists)
        ?? throw new ServerMissingException("Erlang is not installed: install rabbitmq-server (Debian)."));

    /// <summary>One more node uses it; each is to <see cref="Release"/> it.</summary>
    public void Use() => _users++;

    public void Release()
    {
        if (--_users > 0)
            return;
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    /// <summary>Erlang reads it from the home folder and insists that nobody else can.</summary>
    public void WriteCookie(string home)
    {
        string file = Path.Combine(home, ".erlang.cookie");
        File.WriteAllText(file, _cookie);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(file, UnixFileMode.UserRead);
    }
}
