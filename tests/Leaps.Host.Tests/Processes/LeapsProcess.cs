using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Leaps.Host.Tests.Processes;

/// <summary>The built program as a process of its own, to be killed at will.</summary>
internal sealed partial class LeapsProcess : IDisposable
{
    private const int Interrupt = 2;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly StringBuilder _error = new();

    private LeapsProcess(Process process)
    {
        _process = process;
        _process.ErrorDataReceived += (_, line) =>
        {
            lock (_error)
                _error.Append(line.Data is null ? "" : line.Data + "\n");
        };
        _process.OutputDataReceived += (_, _) => { };
        _process.Start();
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
    }

    public int Id => _process.Id;
    public bool HasExited => _process.HasExited;

    public string Error
    {
        get
        {
            lock (_error)
                return _error.ToString().TrimEnd('\n');
        }
    }

    public static LeapsProcess Start(params string[] arguments) => StartWith(null, arguments);

    /// <param name="library">a folder whose libraries stand before the system's; null: none</param>
    /// <param name="arguments">the command line</param>
    public static LeapsProcess StartWith(string? library, params string[] arguments)
    {
        // Whatever runs the tests in the background has them ignore Ctrl-C.
        var start = new ProcessStartInfo("env", ["--default-signal=INT", "dotnet"])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        if (library is not null)
            start.Environment["LD_LIBRARY_PATH"] = library;
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "leaps.dll"));
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        return new LeapsProcess(new Process { StartInfo = start });
    }

    /// <summary>To its end, which must be a good one.</summary>
    public static void Complete(params string[] arguments) => CompleteWith(null, arguments);

    /// <returns>its error stream</returns>
    public static string CompleteWith(string? library, params string[] arguments)
    {
        using var process = StartWith(library, arguments);
        Assert.True(process.Wait() == 0, $"exit code {process.Wait()}: {process.Error}");
        return process.Error;
    }

    /// <summary>Waits for its end and gives the exit code.</summary>
    public int Wait()
    {
        Assert.True(_process.WaitForExit(Patience), $"It hangs. {Error}");
        _process.WaitForExit();
        return _process.ExitCode;
    }

    /// <summary>kill -9, wherever it is.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>Ctrl-C.</summary>
    public void PressCtrlC() => Assert.Equal(0, Signal(_process.Id, Interrupt));

    public void Dispose()
    {
        if (!_process.HasExited)
            Kill();
        _process.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Signal(int process, int signal);
}
