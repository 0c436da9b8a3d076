using System.Text.Json.Nodes;
using Leaps.Model.Tests.Devices.Cuda;

namespace Leaps.Host.Tests.Devices;

/// <summary>What measures a GPU runs through, on the stand-in, whose figures mean nothing.</summary>
public sealed class GpuBenchmarkTests
{
    [Fact]
    public void Every_figure_is_taken_and_stands_in_the_table()
    {
        using var folder = new TemporaryFolder();
        string output = folder.PathOf("gpu.json"), reference = folder.PathOf("reference");
        File.WriteAllText(reference, """ising {"walkerStepsPerSecond": 2.0}""");
        string sanitizer = folder.PathOf("sanitizer");
        File.WriteAllText(sanitizer, "memcheck: clean\nracecheck: not finished after 50 seconds\n");

        var (code, text) = Run(output, "--quick", "--library", EmulatedDriver.RequireLibrary(),
            "--reference", reference, "--sanitizer", sanitizer);

        Assert.True(code == 0, text);
        var figures = JsonNode.Parse(File.ReadAllText(output))!;
        Assert.Equal("Emulated device 0", figures["device"]!.GetValue<string>());
        Assert.Contains("mean nothing", figures["quick"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(figures["ising"]!["eulerWalkerStepsPerSecond"]!.GetValue<double>() / 2,
            figures["ising"]!["eulerRatioToReference"]!.GetValue<double>(), 9);
        // Two multiprocessors of 1 GHz; 24 taps of 25 sites.
        Assert.Equal(2e9 * 16 / (24 * 24 * 25),
            figures["ising"]!["ceilings"]!["silu"]!.GetValue<double>(), 1e-3);
        string[] lines = text.Split('\n');
        Assert.Contains("compute-sanitizer: memcheck clean, racecheck not finished after 50 seconds.", lines);
        Assert.Contains(lines, line => line.StartsWith("64 walkers, 4 windows", StringComparison.Ordinal)
            && line.EndsWith(" % of as many.", StringComparison.Ordinal));
        // Only the reference's figures for Potts are missing.
        Assert.Equal(["| … of the PyTorch reference | 2 | – |  |"],
            lines.Where(line => line.Contains("| – |", StringComparison.Ordinal) && !line.Contains("ratio",
                StringComparison.Ordinal)));
    }

    [Fact]
    public void Without_a_driver_it_says_so_and_fails()
    {
        using var folder = new TemporaryFolder();
        var (code, text) = Run(folder.PathOf("gpu.json"), "--library", "libcuda-that-is-not-there.so");
        Assert.Equal(1, code);
        Assert.StartsWith("There is no NVIDIA driver", text, StringComparison.Ordinal);
        Assert.False(File.Exists(folder.PathOf("gpu.json")));
    }

    private static (int Code, string Text) Run(params string[] arguments)
    {
        string configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        string program = Path.Combine(Sources.Root, "benchmarks/Leaps.GpuBenchmarks/bin", configuration,
            "net10.0/Leaps.GpuBenchmarks.dll");
        Assert.True(File.Exists(program), $"{program} is not built: build the whole solution.");
        return Sources.Run("-c", ["exec dotnet \"$@\"", "dotnet", program, .. arguments]);
    }
}
