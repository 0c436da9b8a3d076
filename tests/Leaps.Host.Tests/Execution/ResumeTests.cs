using System.Text.Json;
using System.Text.RegularExpressions;

namespace Leaps.Host.Tests.Execution;

/// <summary>leaps resume: runs that were stopped or are extended end as if they had been asked for so at
/// once.</summary>
public sealed class ResumeTests : IDisposable
{
    private const string Trained = """
        target: {model: ising, lattice: 3, beta: 0.44}
        network: {kernels: [3, 3], channels: 2, free-energy: [4]}
        train:
          updates: 60
          batch: 16
          pool: {walkers: 64, times: 4}
          evaluate: {every: 10, walkers: 64, windows: 2}
        sample: {walkers: 300, groups: 2, windows: 12, resample: {threshold: 0.95}, replicas: 2}
        checkpoint: {every: 50ms}
        """;

    private static readonly string[] Files =
        ["samples.npz", "windows.csv", "metrics.csv", "model.safetensors"];

    private readonly TemporaryFolder _folder = new();
    private readonly Program _program = new();
    private readonly string _configuration;
    private string _error = "";

    public ResumeTests() => _configuration = _folder.Write("c.yaml", Trained);

    public void Dispose() => _folder.Dispose();

    private string Whole(params string[] more)
    {
        string output = _folder.PathOf("whole");
        _program.Json(["run", _configuration, "--output", output, .. more]);
        return output;
    }

    private static JsonElement Result(string directory) =>
        JsonDocument.Parse(File.ReadAllText(Path.Combine(directory, "result.json"))).RootElement;

    private static void AssertSame(string expected, string actual)
    {
        Assert.Equal(
            RunJobTests.WithoutTimings(Result(expected)), RunJobTests.WithoutTimings(Result(actual)));
        foreach (string file in Files)
            Assert.Equal(File.ReadAllBytes(Path.Combine(expected, file)),
                File.ReadAllBytes(Path.Combine(actual, file)));
    }

    [Theory]
    [InlineData("pool")]
    [InlineData("rollouts, rollouts: {walkers: 20, buffer-cycle: 5, buffer-size: 4, moves: 9, staleness: 2}")]
    public void A_training_that_is_interrupted_again_and_again_ends_as_an_undisturbed_one(string source)
    {
        _folder.Write("c.yaml", Trained.Replace("  batch: 16",
            "  batch: 16\n  source: " + source.Replace(", rollouts:", "\n  rollouts:")));
        string whole = Whole();
        string output = _folder.PathOf("out");
        int code = _program.RunUntil("train ", "run", _configuration, "--output", output, "--progress");
        int times = 0;
        for (; code == 130; times++)
        {
            Assert.EndsWith($"leaps resume {output}", _program.Error, StringComparison.Ordinal);
            code = _program.RunUntil(
                times % 2 == 0 ? "sample " : "train ", "resume", output, "--progress", "--threads", "2");
            if (times > 20)
                code = _program.Run("resume", output);
        }
        Assert.Equal((0, ""), (code, code == 0 ? "" : _program.Error));
        Assert.True(times > 1);
        AssertSame(whole, output);
    }

    [Fact]
    public void More_replicas_give_what_they_would_have_given_at_once()
    {
        string output = _folder.PathOf("out");
        _program.Json("run", _configuration, "--output", output);
        _program.Json("resume", output, "--replicas", "+3");
        AssertSame(Whole("--set", "sample.replicas=5"), output);
        Assert.Contains("replicas: 5\n", File.ReadAllText(Path.Combine(output, "config.yaml")),
            StringComparison.Ordinal);
    }

    [Fact]
    public void More_updates_give_what_they_would_have_given_at_once_and_a_new_sampling()
    {
        string output = _folder.PathOf("out");
        _program.Json("run", _configuration, "--output", output);
        // Interrupted in the extension, too.
        Assert.Equal(130, _program.RunUntil("train ", "resume", output, "--updates", "+40", "--progress"));
        Assert.Equal(0, _program.Run("resume", output));
        Assert.True(File.Exists(Path.Combine(output, "sampling-2.db")));
        AssertSame(Whole("--set", "train.updates=100"), output);
        Assert.Equal(0, _program.Run("resume", output));
        Assert.Equal($"{output} is complete, nothing is left to do; extend it with --replicas +N or "
            + "--updates +N\n", _program.Output);
    }

    [Fact]
    public void What_is_missing_of_a_complete_run_is_made_anew_from_its_journal()
    {
        string whole = Whole(), output = _folder.PathOf("out");
        _program.Json("run", _configuration, "--output", output);
        foreach (string file in (string[])["samples.npz", "windows.csv", "result.json", "report.html",
            "model.safetensors"])
            File.Delete(Path.Combine(output, file));
        Assert.Equal(0, _program.Run("resume", output));
        AssertSame(whole, output);
        Assert.True(File.Exists(Path.Combine(output, "report.html")));
    }

    [Fact]
    public void A_training_alone_is_resumed_and_extended_as_such()
    {
        string output = _folder.PathOf("out");
        Assert.Equal(130,
            _program.RunUntil("train ", "train", _configuration, "--output", output, "--progress"));
        Assert.Equal(0, _program.Run("resume", output));
        Assert.Equal(0, _program.Run("resume", output));
        Assert.StartsWith($"{output} is complete, ", _program.Output, StringComparison.Ordinal);
        _program.Json("resume", output, "--updates", "100");
        Assert.False(File.Exists(Path.Combine(output, "samples.npz")));
        string whole = Whole("--set", "train.updates=100");
        Assert.Equal(File.ReadAllBytes(Path.Combine(whole, "model.safetensors")),
            File.ReadAllBytes(Path.Combine(output, "model.safetensors")));
        Assert.Equal("--replicas: this run only trains; sample with its model: leaps sample",
            _program.Refusal("resume", output, "--replicas", "3"));
    }

    // With --json, until the time is up: as soon as the status of the run matches.
    private async Task<JsonElement> RunUntil(string status, string output, params string[] arguments)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var clock = new LimitClock();
        var program = new Program { Clock = clock };
        var run = Task.Run(() => program.Run([.. arguments, "--json"]), cancellation);
        while (!(Directory.Exists(output) && _program.Run("ctl", "status", output) == 0
            && !_program.Output.StartsWith("no process", StringComparison.Ordinal)
            && Regex.IsMatch(_program.Output, status)))
        {
            Assert.False(run.IsCompleted, program.Error);
            await Task.Delay(5, cancellation);
        }
        clock.TimeIsUp(cancellation);
        Assert.True(await run == 0, program.Error);
        _error = program.Error;
        using var document = JsonDocument.Parse(program.Output);
        return document.RootElement.Clone();
    }

    [Fact]
    public async Task A_training_whose_time_is_up_is_sampled_with_what_it_has_and_can_go_on()
    {
        string output = _folder.PathOf("out");
        var result = await RunUntil("updates +[1-9]", output, "run", _configuration, "--output", output,
            "--set", "train.updates=1000000", "--set", "time-limit=4s", "--set", "sample.windows=2");
        var training = result.GetProperty("training");
        int updates = training.GetProperty("updates").GetInt32();
        Assert.InRange(updates, 1, 999_999);
        Assert.Equal("the time is up", training.GetProperty("ended").GetString());
        Assert.Contains($"the training ended after {updates} updates: the time is up", _error,
            StringComparison.Ordinal);
        var more = _program.Json("resume", output, "--updates", "+10", "--time-limit", "0");
        Assert.Equal(updates + 10, more.GetProperty("training").GetProperty("updates").GetInt32());
    }

    [Fact]
    public async Task A_sampling_whose_time_is_up_says_so_and_goes_on_when_resumed()
    {
        string output = _folder.PathOf("out");
        string configuration = _folder.Write("s.yaml",
            "target: {model: ising, lattice: 3, beta: 0.44}\n"
            + "sample: {walkers: 400, windows: 10, replicas: 10000, "
            + "mcmc: {kernel: heat-bath-sweep}}\ntime-limit: 700ms\n");
        var result = await RunUntil(
            "replicas +[0-9]{2}", output, "run", configuration, "--output", output);
        int replicas = result.GetProperty("replicas").GetInt32();
        Assert.InRange(replicas, 1, 9999);
        Assert.Contains($"The sampling ended early (the time is up): {replicas} of 10000 replicas. To go on: "
            + $"leaps resume {output}", _error, StringComparison.Ordinal);
        // Many, as some may have been complete before one that was not, and do not count.
        int digits = $"{replicas}".Length + 2;
        result = await RunUntil($"replicas +[0-9]{{{digits}}}", output, "resume", output);
        Assert.InRange(result.GetProperty("replicas").GetInt32(), replicas + 1, 10_000);
    }

    [Fact]
    public void Growth_that_is_none_is_refused()
    {
        string output = Whole();
        Assert.Equal("--replicas 1: the run has 2 already, and only more can be asked for",
            _program.Refusal("resume", output, "--replicas", "1"));
        Assert.Equal("--updates 60: 60 are done already, and only more can be asked for",
            _program.Refusal("resume", output, "--updates", "60"));
        string plain = _folder.Write("p.yaml", "target: {model: ising, lattice: 3, beta: 0.44}\n"
            + $"sample: {{walkers: 10, windows: 2}}\noutput: {_folder.PathOf("plain")}\n");
        Assert.Equal(0, _program.Run("run", plain));
        Assert.Equal("--updates: there is no training in this run",
            _program.Refusal("resume", _folder.PathOf("plain"), "--updates", "+5"));
    }
}
