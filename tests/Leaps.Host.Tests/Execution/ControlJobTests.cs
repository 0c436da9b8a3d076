using System.Text.Json;
using Leaps.Actors.Control;
using Leaps.Model;

namespace Leaps.Host.Tests.Execution;

/// <summary>leaps ctl beside a live run, and on one that is gone.</summary>
public sealed class ControlJobTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Program _program = new();
    private readonly Program _control = new();

    public void Dispose() => _folder.Dispose();

    private string Output => _folder.PathOf("out");

    // None of its replicas is complete while a test looks on.
    private const string Endless = "sample: {walkers: 500, groups: 2, windows: 100000, replicas: 2}";

    private string Config(string more = "sample: {walkers: 500, groups: 2, windows: 2000, replicas: 2, "
        + "resample: {threshold: 0.9}, mcmc: {kernel: swendsen-wang}}") =>
        _folder.Write("c.yaml",
            $"target: {{model: ising, lattice: 3, beta: 0.44}}\n{more}\noutput: {Output}\n");

    // The run, once it answers.
    private Task<int> Start(string config, string state = "sampling")
    {
        var run = Task.Run(() => _program.Run("run", config), TestContext.Current.CancellationToken);
        while (!(Directory.Exists(Output) && _control.Run("ctl", "status", Output) == 0
            && _control.Output.Contains($" {state}\n", StringComparison.Ordinal)
            && !_control.Output.StartsWith("no process", StringComparison.Ordinal)))
        {
            Assert.False(run.IsCompleted, _program.Error);
            Thread.Sleep(5);
        }
        return run;
    }

    [Fact]
    public async Task A_live_run_is_asked_paused_stored_changed_and_cancelled()
    {
        var run = Start(Config(Endless));
        Assert.Equal("the run pauses after its present windows",
            _control.Json("ctl", "pause", Output).GetProperty("reply").GetString());
        var status = _control.Json("ctl", "status", Output);
        Assert.True(status.GetProperty("running").GetBoolean());
        Assert.Equal("paused", status.GetProperty("status").GetProperty("state").GetString());
        Assert.Equal(0, _control.Run("ctl", "checkpoint", Output));
        Assert.Equal(0, _control.Run("ctl", "set", Output, "sample.resample.threshold=0.25"));
        Assert.Equal("sample.resample.threshold is 0.25 from the next window on\n", _control.Output);
        Assert.Equal($"{Output}: 'sample.walkers' can't be set: these can: sample.resample.threshold, "
            + "sample.stop.standard-error", _control.Refusal("ctl", "set", Output, "sample.walkers=3"));
        Assert.Equal(0, _control.Run("ctl", "log", Output));
        Assert.Contains("setting-changed    sample.resample.threshold = 0.25\n", _control.Output,
            StringComparison.Ordinal);
        Assert.Equal(0, _control.Run("ctl", "resume", Output));
        Assert.Equal(0, _control.Run("ctl", "cancel", Output));
        Assert.Equal(1, await run);
        Assert.EndsWith("leaps: cancelled by the user, before a replica was complete: there is no result.",
            _program.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_cancels_and_then_resumes_has_thought_better_of_it_and_what_was_set_stays()
    {
        var run = Start(Config());
        Assert.Equal(0, _control.Run("ctl", "pause", Output));
        Assert.Equal(0, _control.Run("ctl", "set", Output, "sample.resample.threshold=0.25"));
        Assert.Equal(0, _control.Run("ctl", "cancel", Output));
        Assert.Equal(1, await run);
        var result = _control.Json("resume", Output);
        Assert.Equal(0.25, result.GetProperty("resamplingThreshold").GetDouble());
        Assert.Equal(2, result.GetProperty("replicas").GetInt32());
    }

    [Fact]
    public async Task A_run_that_was_paused_when_it_was_stopped_goes_on_when_it_is_resumed()
    {
        var run = Start(Config());
        Assert.Equal(0, _control.Run("ctl", "pause", Output));
        _program.PressCtrlC();
        Assert.Equal(130, await run);
        Assert.Equal(0, _control.Run("ctl", "status", Output));
        Assert.Contains("state      paused\n", _control.Output, StringComparison.Ordinal);
        Assert.Equal(2, _control.Json("resume", Output).GetProperty("replicas").GetInt32());
    }

    [Fact]
    public async Task A_training_is_asked_and_cancelled()
    {
        var run = Start(Config("network: {kernels: [3, 3], channels: 2, free-energy: [4]}\n"
            + "train: {updates: 1000000, batch: 8, pool: {walkers: 32, times: 4}, evaluate: {every: 0}}"),
            "training");
        Assert.Equal(0, _control.Run("ctl", "checkpoint", Output));
        Assert.Equal(0, _control.Run("ctl", "cancel", Output));
        Assert.Equal(1, await run);
        Assert.Matches("leaps: the training was cancelled by the user after [0-9]+ updates$", _program.Error);
        var status = _control.Json("ctl", "status", Output);
        Assert.False(status.GetProperty("running").GetBoolean());
        Assert.Equal("training, not at its end",
            status.GetProperty("status").GetProperty("state").GetString());
    }

    [Fact]
    public async Task A_training_that_was_paused_and_cancelled_goes_on_when_it_is_resumed()
    {
        var run = Start(Config("network: {kernels: [3, 3], channels: 2, free-energy: [4]}\n"
            + "train: {updates: 20000, batch: 8, pool: {walkers: 32, times: 4}, evaluate: {every: 0}}\n"
            + "sample: {walkers: 20, windows: 2}"), "training");
        Assert.Equal(0, _control.Run("ctl", "pause", Output));
        _program.PressCtrlC();
        Assert.Equal(130, await run);
        var next = new Program();
        run = Task.Run(() => next.Run("resume", Output), TestContext.Current.CancellationToken);
        while (_control.Run("ctl", "cancel", Output) != 0)
            Assert.False(run.IsCompleted, next.Error);
        Assert.Equal(1, await run);
        Assert.Contains("cancelled by the user", next.Error, StringComparison.Ordinal);
        Assert.Equal(20_000, _control.Json("resume", Output)
            .GetProperty("training").GetProperty("updates").GetInt32());
    }

    [Fact]
    public void A_run_that_is_gone_is_read_from_its_journal()
    {
        Assert.Equal(0, _program.Run("run", Config(), "--set", "sample.windows=5"));
        Assert.Equal($"{Output}: no process runs it now; start it again with leaps resume {Output}",
            _control.Refusal("ctl", "pause", Output));
        Assert.Equal(0, _control.Run("ctl", "status", Output));
        Assert.StartsWith($"no process runs {Output} now; this is what its journal says\n"
            + "state      complete\n", _control.Output, StringComparison.Ordinal);
        string[] files = Directory.GetFiles(Output);
        var log = _control.Json("ctl", "log", Output);
        JsonElement[] events = [.. log.GetProperty("events").EnumerateArray()];
        Assert.Equal(files, Directory.GetFiles(Output));
        Assert.Equal(["configured", "written", "run-started", "epoch-raised"],
            events.Take(4).Select(item => item.GetProperty("kind").GetString()));
        Assert.Equal("2 replicas of 500 walkers in 2 groups, 5 windows, seed 1, device cpu",
            events[2].GetProperty("text").GetString());
        Assert.Equal("run-ended", events[^1].GetProperty("kind").GetString());
    }

    [Fact]
    public async Task A_status_that_is_refused_is_refused_with_the_reason()
    {
        Assert.Equal(0, _program.Run("run", Config(), "--set", "sample.windows=5"));
        await using var busy = ControlServer.Start(Output, Guid.NewGuid(),
            (_, _) => throw new LeapsException("ask again in a moment"), static _ => { });
        Assert.Equal($"{Output}: ask again in a moment", _control.Refusal("ctl", "status", Output));
    }

    [Fact]
    public void What_is_no_run_has_no_status()
    {
        Assert.Equal($"{Output}: no such run directory", _control.Refusal("ctl", "status", Output));
        Assert.Equal($"{_folder.Path} is not a run directory: there is no config.yaml in it",
            _control.Refusal("ctl", "log", _folder.Path));
    }
}
