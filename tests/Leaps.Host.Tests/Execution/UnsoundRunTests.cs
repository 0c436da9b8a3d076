using Microsoft.Data.Sqlite;

namespace Leaps.Host.Tests.Execution;

/// <summary>What is wrong with a run directory is one line that says what to do.</summary>
public sealed class UnsoundRunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Program _program = new();

    public void Dispose() => _folder.Dispose();

    private string Stopped(string name = "out", string target = "{model: ising, lattice: 3, beta: 0.44}")
    {
        string output = _folder.PathOf(name);
        string configuration = _folder.Write("c.yaml", $"target: {target}\n"
            + "sample: {walkers: 100, windows: 5, mcmc: {kernel: heat-bath-sweep}}\n");
        Assert.Equal(130, _program.RunUntil(
            "sample ", "run", configuration, "--output", output, "--progress"));
        return output;
    }

    [Fact]
    public void A_directory_that_never_was_a_run_is_not_resumed()
    {
        Assert.Equal($"{_folder.PathOf("none")}: no such run directory",
            _program.Refusal("resume", _folder.PathOf("none")));
        Assert.Equal($"{_folder.Path} is not a run directory: there is no config.yaml in it",
            _program.Refusal("resume", _folder.Path));
        _folder.Write("config.yaml", "target: {model: ising, lattice: 3, beta: 0.44}\n");
        Assert.Equal($"{_folder.Path} can't be resumed: there is no journal.db in it; run its config.yaml "
            + "anew with another --output", _program.Refusal("resume", _folder.Path));
    }

    [Theory]
    [InlineData("walkers: 100", "walkers: 99", "sample.walkers is 99, and the run has 100")]
    [InlineData("seed: 1", "seed: 2", "seed is 2, and the run has 1")]
    [InlineData("beta: 0.44", "beta: 0.4", "target.beta is 0.4, and the run has 0.44")]
    public void An_edited_configuration_is_refused_by_the_key(string before, string after, string difference)
    {
        string output = Stopped(), file = Path.Combine(output, "config.yaml");
        File.WriteAllText(file, File.ReadAllText(file).Replace(before, after));
        Assert.Equal($"{file} was edited after the run began: {difference}: change it back, or start a new "
            + "run with it under another --output", _program.Refusal("resume", output));
    }

    [Fact]
    public void What_no_result_depends_on_may_be_edited()
    {
        string output = Stopped(), file = Path.Combine(output, "config.yaml");
        File.WriteAllText(file, File.ReadAllText(file).Replace("threads: 0", "threads: 2")
            .Replace("every: 1s", "every: 2s"));
        Assert.Equal(0, _program.Run("resume", output));
    }

    [Fact]
    public void A_journal_of_another_run_is_refused()
    {
        string output = Stopped(), other = Stopped("other");
        File.Copy(Path.Combine(other, "sampling.db"), Path.Combine(output, "sampling.db"), overwrite: true);
        string message = _program.Refusal("resume", output);
        Assert.StartsWith($"{Path.Combine(output, "sampling.db")} is the journal of run '", message,
            StringComparison.Ordinal);
        Assert.EndsWith("': name the directory of this run.", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("journal.db")]
    [InlineData("sampling.db")]
    public void A_journal_of_another_version_is_refused(string file)
    {
        string path = Path.Combine(Stopped(), file);
        using (var connection = new SqliteConnection($"Data Source={path};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA user_version = 9;";
            command.ExecuteNonQuery();
        }
        string expected = $"{path} is a Leaps journal of format 9, and this version of Leaps reads format 1: "
            + "use the version that wrote it.";
        Assert.Equal(1, _program.Run("resume", Path.GetDirectoryName(path)!));
        Assert.EndsWith($"leaps: {expected}", _program.Error, StringComparison.Ordinal);
        Assert.Equal(expected, _program.Refusal("ctl", "log", Path.GetDirectoryName(path)!));
    }

    [Theory]
    [InlineData("journal.db")]
    [InlineData("sampling.db")]
    public void A_truncated_journal_is_refused(string file)
    {
        string path = Path.Combine(Stopped(), file);
        using (var stream = new FileStream(path, FileMode.Open))
            stream.SetLength(stream.Length / 2);
        Assert.Equal(1, _program.Run("resume", Path.GetDirectoryName(path)!));
        string line = _program.Error.Split('\n')[^1];
        Assert.StartsWith($"leaps: {path} is damaged", line, StringComparison.Ordinal);
        Assert.EndsWith("restore it from a copy, or start the run anew.", line, StringComparison.Ordinal);
    }

    [Fact]
    public void A_journal_that_is_none_is_refused()
    {
        string output = Stopped(), path = Path.Combine(output, "journal.db");
        File.WriteAllText(path, string.Concat(Enumerable.Repeat("no database ", 1000)));
        Assert.Equal($"{path} is no Leaps journal, or its beginning is damaged: name another, or restore it.",
            _program.Refusal("resume", output));
    }

    [Fact]
    public void A_network_that_was_replaced_is_refused()
    {
        string output = _folder.PathOf("out");
        string configuration = _folder.Write("c.yaml", """
            target: {model: ising, lattice: 3, beta: 0.44}
            network: {kernels: [3, 3], channels: 2, free-energy: [4]}
            train: {updates: 2, batch: 8, pool: {walkers: 16, times: 2}, evaluate: {every: 0}}
            sample: {walkers: 10, windows: 2}
            """);
        Assert.Equal(0, _program.Run("run", configuration, "--output", output));
        Assert.Equal(0, _program.Run("train", configuration, "--output", _folder.PathOf("b"), "--seed", "2"));
        string model = Path.Combine(output, "model.safetensors");
        File.Copy(_folder.PathOf("b/model.safetensors"), model, overwrite: true);
        Assert.Equal(1, _program.Run("resume", output));
        Assert.EndsWith($"leaps: {model} is not the network that the run trained: put it back, or remove it, "
            + "and it is made anew from the journal", _program.Error, StringComparison.Ordinal);

        string copy = _folder.PathOf("start.safetensors"), sampled = _folder.PathOf("sampled");
        File.Copy(_folder.PathOf("b/model.safetensors"), copy);
        Assert.Equal(0, _program.Run("sample", configuration, "--model", copy, "--output", sampled));
        File.Delete(model);
        Assert.Equal(0, _program.Run("resume", output));
        File.Copy(model, copy, overwrite: true);
        Assert.Equal($"{copy} (network.model) is not the file that the run began with: put that one back",
            _program.Refusal("resume", sampled));
    }
}
