using System.Diagnostics;
using System.Net;

namespace Leaps.Chaos.Tests;

/// <summary>
/// A network namespace for one node, with a cable to this machine that can be pulled: for the node there is
/// no other network. What it calls localhost is the other end of the cable.
/// </summary>
internal sealed class NodeNamespace : IDisposable
{
    private const string Ip = "ip";

    private readonly string _name;
    private readonly string _hosts;

    private NodeNamespace(int number, string folder)
    {
        Number = number;
        _name = FormattableString.Invariant($"leaps-{Environment.ProcessId}-{number}");
        Cable = FormattableString.Invariant($"lp{Environment.ProcessId}n{number}");
        Address = new IPAddress([10, 213, (byte)(number >> 6), (byte)((number & 63) << 2 | 1)]);
        _hosts = Path.Combine(folder, $"{_name}.hosts");
    }

    private int Number { get; }

    private string Cable { get; }

    /// <summary>This machine's end of the cable.</summary>
    public IPAddress Address { get; }

    /// <summary>Null where this process may not make any, or there is no program for it.</summary>
    /// <param name="number">of the node among all of this process, 0 ... 16383</param>
    /// <param name="folder">for a file</param>
    public static NodeNamespace? TryCreate(int number, string folder)
    {
        if (!Environment.IsPrivilegedProcess || !OperatingSystem.IsLinux())
            return null;
        var made = new NodeNamespace(number, folder);
        try
        {
            made.Make();
            return made;
        }
        catch (Exception error)
            when (error is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            made.Dispose();
            return null;
        }
    }

    /// <summary>The command that runs a program there.</summary>
    public (string Program, IReadOnlyList<string> Arguments) Inside(string program,
        IEnumerable<string> arguments) => (Ip,
        ["netns", "exec", _name, "sh", "-c", "mount --bind \"$0\" /etc/hosts && exec \"$@\"", _hosts, program,
            .. arguments]);

    /// <summary>Nothing passes, and neither side is told.</summary>
    public void Pull() => Run("link", "set", Cable, "down");

    public void Plug() => Run("link", "set", Cable, "up");

    public void Dispose()
    {
        foreach (string[] command in (string[][])[["link", "del", Cable], ["netns", "del", _name]])
        {
            try
            {
                Run(command);
            }
            catch (Exception error)
                when (error is InvalidOperationException or System.ComponentModel.Win32Exception)
            {
                // It was never made.
            }
        }
        File.Delete(_hosts);
    }

    private void Make()
    {
        byte[] there = Address.GetAddressBytes();
        there[3]++;
        string near = $"{Address}/30", far = $"{new IPAddress(there)}/30";
        File.WriteAllText(_hosts, $"{Address} localhost\n");
        Run("netns", "add", _name);
        Run("link", "add", Cable, "type", "veth", "peer", "name", "eth0", "netns", _name);
        Run("addr", "add", near, "dev", Cable);
        Run("link", "set", Cable, "up");
        foreach (string[] command in (string[][])[["addr", "add", far, "dev", "eth0"],
            ["link", "set", "eth0", "up"], ["link", "set", "lo", "up"]])
        {
            Run(["-n", _name, .. command]);
        }
    }

    private static void Run(params string[] arguments)
    {
        var start = new ProcessStartInfo(Ip, arguments) { RedirectStandardError = true };
        using var process = Process.Start(start) ?? throw new InvalidOperationException("no program ip");
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"ip {string.Join(' ', arguments)}: {error.Trim()}");
    }
}
