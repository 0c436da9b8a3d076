using Leaps.Host.Tests.Processes;
using Leaps.Model.Tests.Devices.Cuda;

namespace Leaps.Host.Tests.Devices;

/// <summary>Runs the program as on a machine with two GPUs, the stand-in being its libcuda.so.1.</summary>
internal sealed class GpuMachine
{
    private readonly string _libraries;

    public GpuMachine(TemporaryFolder folder)
    {
        string library = EmulatedDriver.RequireLibrary();
        _libraries = folder.PathOf("libraries");
        Directory.CreateDirectory(_libraries);
        File.Copy(library, Path.Combine(_libraries, "libcuda.so.1"));
    }

    public LeapsProcess Start(params string[] arguments) => LeapsProcess.StartWith(_libraries, arguments);

    /// <summary>To its good end.</summary>
    /// <returns>its error stream</returns>
    public string Complete(params string[] arguments) => LeapsProcess.CompleteWith(_libraries, arguments);

    /// <summary>Expects exit code <paramref name="code"/> and gives the last line of the error
    /// stream.</summary>
    public string Refusal(int code, params string[] arguments)
    {
        using var process = Start(arguments);
        Assert.Equal(code, process.Wait());
        return process.Error.Split('\n')[^1];
    }
}
