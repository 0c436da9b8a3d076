using System.Text.Json;
using Leaps.Model.GroundTruth;
using Leaps.Model.Targets;

namespace Leaps.Host.Tests.Execution;

/// <summary>Runs of kinds that nothing else completes, from the command line to their files.</summary>
public sealed class SmallRunTests : IDisposable
{
    // Critical, 4×4: enumeration knows everything about it.
    private const double Coupling = 0.4407;
    private const string Target = "target: {model: ising, lattice: 4, beta: 0.4407}\n";

    private readonly TemporaryFolder _folder = new();
    private readonly Program _program = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Plain_annealing_by_Swendsen_Wang_agrees_with_enumeration()
    {
        var result = Run("out", "sample: {walkers: 4000, windows: 10, mcmc: {kernel: swendsen-wang}}");

        var exact = DensityOfStates.Of(new IsingTarget(new Lattice(4, 4), new CouplingSchedule(
            ScheduleShape.Linear, new Couplings(0, 0, Coupling), new Couplings(1, 0, Coupling)))).At(1);
        // Within 5 σ.
        RunJobTests.AssertAgrees(result, "logZ", exact.LogNormalizer);
        RunJobTests.AssertAgrees(result, "energyPerSite", exact.EnergyPerSite);
        RunJobTests.AssertAgrees(result, "specificHeat", exact.SpecificHeat);
        RunJobTests.AssertAgrees(result, "absMagnetisation", exact.OrderParameter);
        RunJobTests.AssertAgrees(result, "binderCumulant", exact.BinderCumulant);
        Assert.Equal("no network", result.GetProperty("network").GetString());
        Assert.Equal(0, result.GetProperty("jumpsPerWalker").GetDouble());
    }

    [Fact]
    public void An_adaptive_grid_takes_fewer_windows_than_allowed_and_ends_at_one()
    {
        const int allowed = 60;
        var result = Run("out", "sample: {walkers: 2000, windows: 60, grid: adaptive, grid-target: 0.9, "
            + "mcmc: {kernel: heat-bath-sweep}}");

        int windows = result.GetProperty("windows").GetInt32();
        Assert.InRange(windows, 2, allowed - 1);
        double[] times = [.. File.ReadAllLines(Path.Combine(_folder.PathOf("out"), "windows.csv")).Skip(1)
            .Select(line => double.Parse(line.Split(',')[0]))];
        Assert.Equal(windows + 1, times.Length);
        Assert.Equal((0.0, 1.0), (times[0], times[^1]));
        Assert.Equal(times.Order().Distinct(), times);
        RunJobTests.AssertAgrees(result, "logZ", result.GetProperty("logZExact").GetDouble());
    }

    [Fact]
    public void The_same_configuration_and_seed_give_the_same_bytes()
    {
        const string rest = """
            network: {kernels: [3, 4], channels: 4, free-energy: [8]}
            train: {updates: 20, batch: 16, pool: {walkers: 64, times: 4}, evaluate: {every: 10, walkers: 64}}
            sample: {walkers: 500, windows: 40, replicas: 2, resample: {threshold: 0.9}, grid: adaptive}
            seed: 7
            """;
        var first = Run("first", rest);
        var second = Run("second", rest);

        Assert.Equal(Bytes("first", "samples.npz"), Bytes("second", "samples.npz"));
        Assert.Equal(Bytes("first", "model.safetensors"), Bytes("second", "model.safetensors"));
        Assert.Equal(RunJobTests.WithoutTimings(first), RunJobTests.WithoutTimings(second));
    }

    private JsonElement Run(string output, string rest)
    {
        string directory = _folder.PathOf(output);
        var result =
            _program.Json("run", _folder.Write("run.yaml", Target + rest), "--output", directory);
        Assert.Equal(
            result.GetRawText() + "\n", File.ReadAllText(Path.Combine(directory, "result.json")));
        return result;
    }

    private byte[] Bytes(string output, string file) =>
        File.ReadAllBytes(Path.Combine(_folder.PathOf(output), file));
}
