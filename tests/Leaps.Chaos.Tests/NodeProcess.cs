using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Leaps.Chaos.Tests;

/// <summary>The built program as a node of a cluster, one process, to be killed at will.</summary>
internal sealed partial class NodeProcess : IDisposable
{
    private const int SigTerm = 15, SigCont = 18, SigStop = 19, Remembered = 400;

    private readonly Process _process;
    private readonly Queue<string> _log = new();
    private volatile bool _disposed;

    /// <param name="file">the cluster's</param>
    /// <param name="name">of the node</param>
    /// <param name="place">where it is; null: here</param>
    /// <param name="clock">for the log</param>
    public NodeProcess(string file, string name, NodeNamespace? place, Stopwatch clock)
    {
        Name = name;
        string[] node = [Program, "node", "--cluster", file, "--name", name, "--threads", "1"];
        var (program, arguments) = place?.Inside("dotnet", node) ?? ("dotnet", node);
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        start.Environment["DOTNET_gcServer"] = "0";
        _process = new Process { StartInfo = start };
        DataReceivedEventHandler keep = (_, line) =>
        {
            if (line.Data is null)
                return;
            lock (_log)
            {
                if (_log.Count == Remembered)
                    _log.Dequeue();
                _log.Enqueue(FormattableString.Invariant($"{clock.Elapsed.TotalSeconds,6:F1} {line.Data}"));
            }
        };
        _process.ErrorDataReceived += keep;
        _process.OutputDataReceived += keep;
        _process.Start();
        Id = _process.Id;
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
    }

    public static string Program => Path.Combine(AppContext.BaseDirectory, "leaps.dll");

    public string Name { get; }
    public int Id { get; }
    public bool HasExited => _disposed || _process.HasExited;

    public IReadOnlyList<string> Log
    {
        get
        {
            lock (_log)
                return [.. _log];
        }
    }

    /// <summary>kill -9, frozen or not.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Terminate() => Send(SigTerm);

    public void Freeze() => Send(SigStop);

    public void Continue() => Send(SigCont);

    public Task WaitForExit(CancellationToken cancellation) => _process.WaitForExitAsync(cancellation);

    public void Dispose()
    {
        if (_disposed)
            return;
        if (!_process.HasExited)
            Kill();
        _disposed = true;
        _process.Dispose();
    }

    private void Send(int signal)
    {
        // Another fault may have put a new process in its place.
        if (!HasExited)
            _ = Signal(Id, signal);
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Signal(int process, int signal);
}
