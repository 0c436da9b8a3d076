using System.Diagnostics;

namespace Leaps.Model.Tests.Devices.Cuda;

/// <summary>The source tree of the kernels, and scripts beside it.</summary>
internal static class Sources
{
    public static string Root { get; } = FindRoot();
    public static string Kernels { get; } = Path.Combine(Root, "src/Leaps.Model/Devices/Cuda");

    /// <summary>Runs a script to its end; 127 where it can't be started.</summary>
    public static (int Code, string Text) Run(string script, params string[] arguments)
    {
        var start = new ProcessStartInfo("/bin/sh", [script, .. arguments])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output.GetAwaiter().GetResult() + errors);
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Leaps.sln")))
            folder = folder.Parent;
        return folder?.FullName
            ?? throw new InvalidOperationException($"No Leaps.sln above {AppContext.BaseDirectory}.");
    }
}
