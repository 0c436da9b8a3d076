using System.Text.Json;
using Leaps.Host.Tests.Processes;
using Leaps.Model.Random;

namespace Leaps.Host.Tests.Devices;

/// <summary>
/// Whole runs on emulated GPUs: the number of GPUs changes no bit, nor do kills, and a run stays on devices
/// of the kind that it began on.
/// </summary>
public sealed class GpuRunTests : IDisposable
{
    private const string Kind = "cuda-8.0-tf32";
    private static readonly string[] Results =
        ["samples.npz", "windows.csv", "metrics.csv", "model.safetensors"];

    private readonly TemporaryFolder _folder = new();
    private readonly GpuMachine _machine;

    public GpuRunTests() => _machine = new GpuMachine(_folder);

    public void Dispose() => _folder.Dispose();

    private string Config(int updates, string train = "", int replicas = 2) => _folder.Write("c.yaml", $$$"""
        target: {model: ising, lattice: 3, beta: 0.44}
        network: {kernels: [3, 3], channels: 2, free-energy: [4]}
        train: {updates: {{{updates}}}, batch: 4, pool: {walkers: 8, times: 2},
                evaluate: {every: 10, walkers: 8, windows: 1}{{{train}}}}
        sample: {walkers: 30, groups: 5, windows: 3, resample: {threshold: 0.999}, replicas: {{{replicas}}},
                 mcmc: {kernel: heat-bath-sweep}}
        checkpoint: {every: 10ms}
        """);

    private string PathOf(string run) => _folder.PathOf(run);

    private string DeviceOf(string run)
    {
        using var result = JsonDocument.Parse(File.ReadAllText(Path.Combine(PathOf(run), "result.json")));
        return result.RootElement.GetProperty("deviceKind").GetString()!;
    }

    private void AssertSame(string expected, string actual, string history = "")
    {
        foreach (string file in Results)
            Assert.True(File.ReadAllBytes(Path.Combine(PathOf(expected), file))
                .SequenceEqual(File.ReadAllBytes(Path.Combine(PathOf(actual), file))),
                $"{history} {file} differs");
    }

    [Fact]
    public void A_run_on_two_GPUs_is_that_on_one_bit_for_bit()
    {
        string config = Config(updates: 20);
        string one = _machine.Complete("run", config, "--output", PathOf("one"), "--device", "cuda:1");
        string two = _machine.Complete("run", config, "--output", PathOf("two"), "--device", "auto");
        Assert.Contains("networks are on GPU 1 (Emulated device 1)\n", one, StringComparison.Ordinal);
        Assert.Contains("networks are on GPU 0 (Emulated device 0), GPU 1 (Emulated device 1)\n", two,
            StringComparison.Ordinal);
        AssertSame("one", "two");
        Assert.Equal(Kind, DeviceOf("two"));
        _machine.Complete("run", config, "--output", PathOf("cpu"), "--device", "cpu");
        Assert.NotEqual(Kind, DeviceOf("cpu"));
        Assert.NotEqual(File.ReadAllBytes(Path.Combine(PathOf("one"), "model.safetensors")),
            File.ReadAllBytes(Path.Combine(PathOf("cpu"), "model.safetensors")));
    }

    [Theory]
    [InlineData("", 30UL)]
    [InlineData(", source: rollouts, rollouts: {walkers: 6, buffer-cycle: 10, buffer-size: 4, moves: 2, "
        + "staleness: 5}", 31UL)]
    public void A_training_on_a_GPU_that_is_killed_again_and_again_is_the_undisturbed_one_bit_for_bit(
        string source, ulong seed)
    {
        const int kills = 3;
        string config = Config(updates: 90, source);
        _machine.Complete("run", config, "--output", PathOf("whole"));
        var random = new RandomStream(seed, RandomPurpose.Test);
        string history = $"seed {seed}:";
        int killed = 0;
        for (int kill = 0; kill < kills; kill++)
        {
            int milliseconds = 500 + (int)(random.NextDouble() * 500);
            using var process = _machine.Start(Command());
            Thread.Sleep(milliseconds);
            if (!process.HasExited)
            {
                process.Kill();
                killed++;
            }
            history += $" {milliseconds} ms";
        }
        Assert.True(killed > 0, $"{history} all came too late");
        _machine.Complete(Command());
        AssertSame("whole", "killed", history);

        string[] Command() => File.Exists(Path.Combine(PathOf("killed"), "config.yaml"))
            ? ["resume", PathOf("killed")] : ["run", config, "--output", PathOf("killed")];
    }

    [Fact]
    public void A_run_goes_on_where_it_began_whatever_else_the_machine_has()
    {
        LeapsProcess.Complete("run", Config(updates: 20), "--output", PathOf("cpu"));
        _machine.Complete("resume", PathOf("cpu"), "--updates", "+20", "--replicas", "+1");
        Assert.StartsWith("simd-", DeviceOf("cpu"), StringComparison.Ordinal);
        Assert.Contains("is cuda-8.0-tf32, where its numbers would be others: resume it with --device auto",
            _machine.Refusal(1, "resume", PathOf("cpu"), "--device", "cuda"), StringComparison.Ordinal);

        _machine.Complete("run", Config(updates: 20), "--output", PathOf("gpu"));
        using (var elsewhere = LeapsProcess.Start("resume", PathOf("gpu"), "--replicas", "+1"))
        {
            Assert.Equal(1, elsewhere.Wait());
            Assert.StartsWith($"leaps: the run began on a device of kind {Kind}, and this machine has simd-",
                elsewhere.Error, StringComparison.Ordinal);
        }
        _machine.Complete("resume", PathOf("gpu"), "--replicas", "+1");
        _machine.Complete("run", Config(updates: 20, replicas: 3), "--output", PathOf("at-once"));
        AssertSame("at-once", "gpu");
    }

    [Fact]
    public void Evaluate_uses_a_GPU_only_if_told()
    {
        _machine.Complete("train", Config(updates: 10), "--output", PathOf("trained"));
        string model = Path.Combine(PathOf("trained"), "model.safetensors");
        string[] evaluate = ["evaluate", "--model", model, "--walkers", "8", "--windows", "1"];
        Assert.DoesNotContain("GPU", _machine.Complete(evaluate), StringComparison.Ordinal);
        Assert.StartsWith("networks are on GPU 1 (Emulated device 1)\n",
            _machine.Complete([.. evaluate, "--device", "cuda:1"]), StringComparison.Ordinal);
    }

    [Fact]
    public void A_GPU_that_is_not_there_is_one_line()
    {
        string message = _machine.Refusal(
            1, "run", Config(updates: 1), "--output", PathOf("none"), "--device", "cuda:0,7");
        Assert.Equal("leaps: There is no GPU 7: this machine has 2, numbered from 0.", message);
        Assert.False(Directory.Exists(PathOf("none")));
    }
}
