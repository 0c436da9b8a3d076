using System.Diagnostics;

namespace Leaps.Model.Tests.Storage;

/// <summary>Runs the system's Python, which reads our files with code that is not ours.</summary>
internal static class Python
{
    private const string Executable = "/usr/bin/python3";

    /// <summary>Standard output of the script; skips the test where Python or a module is absent.</summary>
    public static string Run(string script, string? module, params string[] arguments)
    {
        Assert.SkipUnless(File.Exists(Executable), $"{Executable} is absent.");
        if (module is not null)
            Assert.SkipUnless(Start($"import {module}").Code == 0, $"Python's module {module} is absent.");
        var (code, output, error) = Start(script, arguments);
        Assert.True(code == 0, error);
        return output.Trim();
    }

    private static (int Code, string Output, string Error) Start(string script, params string[] arguments)
    {
        var start = new ProcessStartInfo(Executable, ["-c", script, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}
