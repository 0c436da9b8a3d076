using System.Text.Json;

namespace Leaps.Host.Tests.Execution;

/// <summary>
/// A finished `leaps run` on the 3×3 Ising lattice, made once for the tests that look at it.
/// </summary>
public sealed class TrainedRun : IDisposable
{
    public const string Configuration = """
        target: {model: ising, lattice: 3, beta: 0.44}
        network: {kernels: [3, 3], channels: 4, free-energy: [8]}
        train:
          updates: 60
          batch: 32
          pool: {walkers: 256, times: 8}
          evaluate: {every: 20, walkers: 128, windows: 3}
        sample: {walkers: 1500, windows: 4, replicas: 2, resample: {threshold: 0.9}}
        """;

    private readonly TemporaryFolder _folder = new();

    public TrainedRun()
    {
        ConfigurationFile = _folder.Write("ising.yaml", Configuration);
        var program = new Program();
        Result = program.Json("run", ConfigurationFile, "--output", Path, "--threads", "1");
        Error = program.Error;
    }

    public string ConfigurationFile { get; }
    public string Path => _folder.PathOf("run");
    public string Model => File("model.safetensors");
    public JsonElement Result { get; }
    public string Error { get; }

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => _folder.Dispose();
}
