using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Leaps.Host.Tests.Deployment;

/// <summary>A script of this repository, run as a process, with what it writes.</summary>
internal sealed class Script : IDisposable
{
    public const int Terminate = 15;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly StringBuilder _written = new();

    private Script(Process process) => _process = process;

    /// <summary>All that it has written, to output and error stream.</summary>
    public string Written
    {
        get
        {
            lock (_written)
                return _written.ToString();
        }
    }

    public bool HasExited => _process.HasExited;

    /// <param name="path">from the root</param>
    /// <param name="environment">more of it; null: the variable is not there</param>
    /// <param name="input">what it reads</param>
    /// <param name="arguments">as they are</param>
    public static Script Start(string path, IReadOnlyDictionary<string, string?> environment, string input,
        params string[] arguments)
    {
        var start = new ProcessStartInfo("bash", [Repository.PathOf(path), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Repository.Root,
        };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        var script = new Script(new Process { StartInfo = start });
        script._process.OutputDataReceived += script.Keep;
        script._process.ErrorDataReceived += script.Keep;
        script._process.Start();
        script._process.BeginOutputReadLine();
        script._process.BeginErrorReadLine();
        try
        {
            script._process.StandardInput.Write(input);
            script._process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended without reading; what it wrote says why.
        }
        return script;
    }

    /// <summary>To its end; its exit code and what it wrote.</summary>
    public static (int Code, string Written) Run(string path,
        IReadOnlyDictionary<string, string?> environment, string input, params string[] arguments)
    {
        using var script = Start(path, environment, input, arguments);
        return (script.Wait(), script.Written);
    }

    /// <summary>Waits until it has written something, or fails with all that it did write.</summary>
    public async Task Writes(string text)
    {
        long start = Stopwatch.GetTimestamp();
        while (!Written.Contains(text, StringComparison.Ordinal))
        {
            Assert.True(!HasExited && Stopwatch.GetElapsedTime(start) < Patience,
                $"no '{text}' in: {Written}");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    public void Signal(int signal)
    {
        using var kill = Process.Start("kill",
            [$"-{signal}", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    /// <summary>Its exit code.</summary>
    public int Wait()
    {
        Assert.True(_process.WaitForExit(Patience), $"it does not end: {Written}");
        // All that it wrote has come only now.
        _process.WaitForExit();
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            Signal(Terminate);
            if (!_process.WaitForExit(Patience))
                _process.Kill(entireProcessTree: true);
        }
        _process.Dispose();
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        if (line.Data is null)
            return;
        lock (_written)
            _written.Append(line.Data).Append('\n');
    }
}
