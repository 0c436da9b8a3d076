using Leaps.Actors.Journal;
using Leaps.Host.Commands;
using Leaps.Host.Configuration;
using Leaps.Host.Execution;
using Leaps.Host.Terminal;
using Leaps.Model;
using Leaps.Model.Storage;

namespace Leaps.Host.Tests.Execution;

/// <summary>Runs that do not reach their end: Ctrl-C, a full disk, work that is refused.</summary>
public sealed class InterruptionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Program _program = new();

    public void Dispose() => _folder.Dispose();

    private string Output => _folder.PathOf("out");

    private string Config(string train, string more = "") => _folder.Write("c.yaml",
        "target: {model: ising, lattice: 3, beta: 0.44}\n"
        + "network: {kernels: [3, 3], channels: 2, free-energy: [4]}\n"
        + $"train: {{updates: 100000, batch: 8, pool: {{walkers: 32, times: 4}}, {train}}}\n"
        + $"{more}output: {Output}\n");

    private string[] Files => [.. Directory.EnumerateFileSystemEntries(Output).Select(Path.GetFileName)
        .Order(StringComparer.Ordinal)!];

    [Fact]
    public void A_training_that_is_interrupted_keeps_the_best_model_and_whole_lines()
    {
        int code = _program.RunUntil(
            "train ", "run", Config("evaluate: {every: 1, walkers: 16, windows: 1}"), "--progress");

        Assert.Equal(130, code);
        Assert.Equal(["config.yaml", "journal.db", "metrics.csv", "model.safetensors", "run.lock"], Files);
        string model = Path.Combine(Output, "model.safetensors");
        Assert.NotNull(ModelFile.Load(model).Target);
        Assert.EndsWith($"leaps: interrupted while training; go on with: leaps resume {Output}",
            _program.Error, StringComparison.Ordinal);
        string metrics = File.ReadAllText(Path.Combine(Output, "metrics.csv"));
        Assert.EndsWith("\n", metrics, StringComparison.Ordinal);
        string[] lines = metrics.TrimEnd().Split('\n')[1..];
        Assert.Equal(Enumerable.Range(1, lines.Length), lines.Select(line => int.Parse(line.Split(',')[0])));
    }

    [Fact]
    public void A_training_that_is_interrupted_before_an_evaluation_has_no_model_yet()
    {
        Assert.Equal(130, _program.RunUntil("train ", "train", Config("evaluate: {every: 0}"), "--progress"));
        Assert.Equal(["config.yaml", "journal.db", "metrics.csv", "run.lock"], Files);
    }

    [Fact]
    public void A_sampling_that_is_interrupted_keeps_what_was_trained()
    {
        string config = Config("evaluate: {every: 0}", "sample: {walkers: 10, windows: 3}\n");
        Assert.Equal(130, _program.RunUntil(
            "sample ", "run", config, "--set", "train.updates=3", "--progress"));
        Assert.Equal(["config.yaml", "journal.db", "metrics.csv", "model.safetensors", "run.lock",
            "sampling.db"], Files);
        Assert.EndsWith($"leaps: interrupted while sampling; go on with: leaps resume {Output}",
            _program.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sampling_that_fails_keeps_what_was_trained()
    {
        string config = Config("evaluate: {every: 0}", "sample: {walkers: 10, windows: 1, grid: adaptive}\n");
        Assert.Equal(1, _program.Run("run", config, "--set", "train.updates=3", "--set", "target.beta=4"));
        Assert.StartsWith("failed while sampling; what was done is kept; once it is mended: leaps resume ",
            _program.Error, StringComparison.Ordinal);
        Assert.Contains("leaps: The adaptive grid reached only", _program.Error, StringComparison.Ordinal);
        Assert.Equal(["config.yaml", "journal.db", "metrics.csv", "model.safetensors", "run.lock",
            "sampling.db"], Files);
    }

    [Fact]
    public void A_sampling_that_is_interrupted_is_resumed_and_ends_as_if_it_had_not_been()
    {
        string config = _folder.Write(
            "c.yaml", $"target: {{model: ising, lattice: 3, beta: 0.4}}\noutput: {Output}\n");
        Assert.Equal(130, _program.RunUntil("sample ", "run", config, "--progress"));
        Assert.Equal(0, _program.Run("resume", Output));
        Assert.Equal(0, _program.Run("run", config, "--output", _folder.PathOf("whole")));
        Assert.Equal(File.ReadAllBytes(_folder.PathOf("whole/samples.npz")),
            File.ReadAllBytes(_folder.PathOf("out/samples.npz")));
    }

    [Fact]
    public void A_sampling_that_cannot_begin_leaves_nothing()
    {
        string config = _folder.Write("c.yaml",
            "target: {model: ising, lattice: 3, beta: 4}\nsample: {walkers: 10, windows: 1, grid: adaptive}\n"
            + $"output: {Output}\n");
        Assert.StartsWith("The adaptive grid reached only", _program.Refusal("run", config),
            StringComparison.Ordinal);
        Assert.False(Directory.Exists(Output));
    }

    [Fact]
    public void What_the_sampling_would_refuse_is_refused_before_the_training()
    {
        string config = Config("evaluate: {every: 0}", "sample: {mcmc: {kernel: swendsen-wang}}\n");
        string message = _program.Refusal("run", config, "--set", "target.beta=-0.4");
        Assert.Contains("Swendsen–Wang", message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Output));
    }

    [Fact]
    public void A_run_directory_that_cannot_be_made_is_one_line()
    {
        string message = _program.Refusal("run", Config(""), "--output", "/dev/null/out");
        Assert.StartsWith("/dev/null/out can't be written: ", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_full_disk_stops_the_training_with_one_line_and_it_goes_on_when_there_is_room()
    {
        var configuration = ConfigurationReader.ReadFile(Config("evaluate: {every: 0}"),
            Override.Parse("train.updates=5"));
        var target = configuration.Target.CreateTarget();
        using var directory = RunDirectory.Create(Output);
        var context = new JobContext(new NoProgress(), _ => { }, TimeProvider.System, CancellationToken.None);
        using var journal = SqliteJournal.Create(directory.PathOf(RunDirectory.Journal), "r");
        journal.LimitPages(1);

        TrainingResult Train()
        {
            var network = PreparedNetwork.Of(configuration, target, RunDevices.Cpu)!;
            return new TrainingRun(target, network, configuration.Training!, directory, journal,
                new EmbeddedActors(0), context).Run();
        }

        var error = Assert.Throws<LeapsException>(Train);
        Assert.Equal($"{directory.PathOf(RunDirectory.Journal)} can't grow, as its disk is full: free some "
            + "space and resume; what was acknowledged is safe.", error.Message);
        Assert.False(directory.Contains(RunDirectory.Model));
        journal.LimitPages(100_000);
        Assert.Equal(5, Train().Updates);
        Assert.True(directory.Contains(RunDirectory.Model));
    }
}
