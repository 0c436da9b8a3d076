using System.Text.Json;
using System.Text.Json.Nodes;
using Leaps.Model.GroundTruth;
using Leaps.Model.Storage;
using Leaps.Model.Targets;

namespace Leaps.Host.Tests.Execution;

public sealed class RunJobTests(TrainedRun trained) : IClassFixture<TrainedRun>, IDisposable
{
    private const double Sigmas = 5;

    private static readonly string[] Timings =
    [
        "seconds", "updatesPerSecond", "walkerStepsPerSecond", "threads", "created", "command", "output",
        "model",
    ];

    private readonly TemporaryFolder _folder = new();
    private readonly Program _program = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_run_leaves_its_files_and_nothing_else()
    {
        Assert.Equal(
            ["config.yaml", "journal.db", "metrics.csv", "model.safetensors", "report.html", "result.json",
                "run.lock", "samples.npz", "sampling.db", "windows.csv"],
            Directory.EnumerateFileSystemEntries(trained.Path).Select(Path.GetFileName)
                .Order(StringComparer.Ordinal));
        Assert.Equal(trained.Result.GetRawText() + "\n", File.ReadAllText(trained.File("result.json")));
        Assert.Equal("", trained.Error);
    }

    [Fact]
    public void Its_result_has_the_promised_keys()
    {
        Assert.All(
            [
                "logZ", "logZStdErr", "logZReplicaStdErr", "logZExact", "relativeEss", "walkers", "windows",
                "evaluationsPerWalker", "jumpsPerWalker", "seconds", "walkerStepsPerSecond", "energyPerSite",
                "energyPerSiteStdErr", "energyPerSiteExact", "absMagnetisation", "absMagnetisationStdErr",
                "absMagnetisationExact", "specificHeat", "specificHeatStdErr", "specificHeatExact",
                "freeEnergyPerSite", "freeEnergyPerSiteStdErr", "binderCumulant", "binderCumulantStdErr",
                "resamplings", "familyStatistic", "survivingFamilies", "replicas", "seed", "threads",
            ],
            key => Assert.Equal(JsonValueKind.Number, trained.Result.GetProperty(key).ValueKind));
        Assert.All(["model", "target", "integrator", "deviceKind"],
            key => Assert.Equal(JsonValueKind.String, trained.Result.GetProperty(key).ValueKind));
        Assert.Equal([3, 3], trained.Result.GetProperty("lattice").EnumerateArray()
            .Select(side => side.GetInt32()));
        var training = trained.Result.GetProperty("training");
        Assert.Equal(60, training.GetProperty("updates").GetInt32());
        Assert.Equal(trained.Model, training.GetProperty("model").GetString());
    }

    [Fact]
    public void Its_estimates_agree_with_enumeration_within_5_sigma()
    {
        var target = ModelFile.Load(trained.Model).Target!;
        var exact = DensityOfStates.Of(target).At(1);

        AssertAgrees(trained.Result, "logZ", exact.LogNormalizer);
        AssertAgrees(trained.Result, "freeEnergyPerSite", -exact.LogNormalizer / 9);
        AssertAgrees(trained.Result, "energyPerSite", exact.EnergyPerSite);
        AssertAgrees(trained.Result, "specificHeat", exact.SpecificHeat);
        AssertAgrees(trained.Result, "absMagnetisation", exact.OrderParameter);
        AssertAgrees(trained.Result, "magnetisationSquared", exact.SecondMoment);
        AssertAgrees(trained.Result, "binderCumulant", exact.BinderCumulant);
        Assert.Equal(exact.LogNormalizer, trained.Result.GetProperty("logZExact").GetDouble(), 1e-9);
        Assert.Equal(exact.OrderParameter, trained.Result.GetProperty("absMagnetisationExact").GetDouble(),
            1e-9);
    }

    [Fact]
    public void The_path_in_windows_csv_ends_at_the_result_and_knows_the_exact_log_Z()
    {
        string[] lines = File.ReadAllLines(trained.File("windows.csv"));
        Assert.Equal("t,relative_ess,log_z,log_z_stderr,resampled,log_z_exact", lines[0]);
        Assert.Equal(6, lines.Length);
        double[] end = [.. lines[^1].Split(',').Select(double.Parse)];
        Assert.Equal(1, end[0]);
        Assert.Equal(trained.Result.GetProperty("relativeEss").GetDouble(), end[1], 1e-9);
        Assert.Equal(trained.Result.GetProperty("logZ").GetDouble(), end[2], 1e-9);
        Assert.Equal(trained.Result.GetProperty("logZExact").GetDouble(), end[5], 1e-9);
    }

    [Fact]
    public void Metrics_have_a_line_for_every_update_and_the_model_is_the_best_one()
    {
        string[] lines = File.ReadAllLines(trained.File("metrics.csv"));
        Assert.Equal("update,loss,gradient_norm,learning_rate,evaluated_relative_ess", lines[0]);
        Assert.Equal(Enumerable.Range(1, 60), lines.Skip(1).Select(line => int.Parse(line.Split(',')[0])));
        var evaluated = lines.Skip(1).Select(line => line.Split(',')).Where(cells => cells[4].Length > 0)
            .ToDictionary(cells => cells[0], cells => double.Parse(cells[4]));
        Assert.Equal(["20", "40", "60"], evaluated.Keys);
        string best = evaluated.MaxBy(entry => entry.Value).Key;
        Assert.Equal(best, ModelFile.Load(trained.Model).Metadata["training.updates"]);
        Assert.Equal(best, trained.Result.GetProperty("training")
            .GetProperty("bestUpdate").GetInt32().ToString());
    }

    [Fact]
    public void The_same_seed_gives_the_same_numbers_on_any_number_of_threads()
    {
        string again = _folder.PathOf("again");
        var second = _program.Json("run", trained.ConfigurationFile, "--output", again, "--threads", "2");

        Assert.Equal(WithoutTimings(trained.Result), WithoutTimings(second));
        foreach (string file in (string[])["samples.npz", "windows.csv", "metrics.csv", "model.safetensors"])
            Assert.Equal(File.ReadAllBytes(trained.File(file)), File.ReadAllBytes(Path.Combine(again, file)));
    }

    [Fact]
    public void Another_seed_gives_other_numbers()
    {
        var other = _program.Json("sample", trained.ConfigurationFile, "--model", trained.Model,
            "--output", _folder.PathOf("x"), "--seed", "2");
        Assert.NotEqual(
            trained.Result.GetProperty("logZ").GetDouble(), other.GetProperty("logZ").GetDouble());
        Assert.Equal(JsonValueKind.Null, other.GetProperty("training").ValueKind);
    }

    [Fact]
    public void Sampling_with_the_trained_model_repeats_the_runs_samples()
    {
        string output = _folder.PathOf("again");
        _program.Json("sample", trained.File("config.yaml"), "--model", trained.Model, "--output", output);
        Assert.Equal(File.ReadAllBytes(trained.File("samples.npz")),
            File.ReadAllBytes(Path.Combine(output, "samples.npz")));
    }

    [Fact]
    public void A_Potts_model_without_a_network_is_annealed_by_MCMC()
    {
        string configuration = _folder.Write("potts.yaml", """
            target: {model: potts, lattice: 3, states: 3, beta: 1.0}
            sample: {walkers: 4000, windows: 8, mcmc: {kernel: heat-bath-sweep}}
            """);
        var result = _program.Json("run", configuration, "--output", _folder.PathOf("out"));

        var target = new PottsTarget(new Lattice(3, 3), 3,
            new CouplingSchedule(ScheduleShape.Linear, new Couplings(0, 0, 1), new Couplings(1, 0, 1)));
        var exact = DensityOfStates.Of(target).At(1);
        AssertAgrees(result, "logZ", exact.LogNormalizer);
        AssertAgrees(result, "energyPerSite", exact.EnergyPerSite);
        AssertAgrees(result, "absMagnetisation", exact.OrderParameter);
        Assert.Equal(JsonValueKind.Null, result.GetProperty("binderCumulant").ValueKind);
        Assert.Equal(JsonValueKind.Null, result.GetProperty("model").ValueKind);
        Assert.Equal(0, result.GetProperty("evaluationsPerWalker").GetDouble());
    }

    [Fact]
    public void Where_nothing_is_exact_a_simulation_is_the_reference_and_says_so()
    {
        string configuration = _folder.Write("potts.yaml", """
            target: {model: potts, lattice: 6, states: 3, beta: 1.0}
            sample: {walkers: 300, windows: 10, mcmc: {kernel: swendsen-wang}}
            """);
        string output = _folder.PathOf("out");
        var result = _program.Json("run", configuration, "--output", output);

        Assert.All(["logZExact", "energyPerSiteExact", "absMagnetisationExact"],
            key => Assert.Equal(JsonValueKind.Null, result.GetProperty(key).ValueKind));
        var reference = result.GetProperty("references").GetProperty("energyPerSite");
        Assert.Equal("Swendsen–Wang, 20,000 sweeps", reference.GetProperty("source").GetString());
        Assert.InRange(reference.GetProperty("stdErr").GetDouble(), 1e-4, 0.1);
        string[] lines = File.ReadAllLines(Path.Combine(output, "windows.csv"));
        Assert.All(lines.Skip(1), line => Assert.EndsWith(",", line, StringComparison.Ordinal));
    }

    [Fact]
    public void A_person_gets_the_table_the_cost_and_the_place_of_the_report()
    {
        string output = _folder.PathOf("out");
        Assert.Equal(0, _program.Run(
            "sample", trained.ConfigurationFile, "--model", trained.Model, "--output", output));
        Assert.Contains("│ log Z ", _program.Output, StringComparison.Ordinal);
        Assert.Contains("│ enumeration │", _program.Output, StringComparison.Ordinal);
        Assert.Contains("2 replicas of 1,500 walkers, 4 windows, exact integrator", _program.Output,
            StringComparison.Ordinal);
        Assert.EndsWith($"report:  {Path.Combine(output, "report.html")}\n", _program.Output,
            StringComparison.Ordinal);
    }

    internal static void AssertAgrees(JsonElement result, string name, double exact)
    {
        double value = result.GetProperty(name).GetDouble();
        double error = result.GetProperty(name + "StdErr").GetDouble();
        Assert.True(Math.Abs(value - exact) < Sigmas * error, $"{name} = {value} ± {error}, exact {exact}");
    }

    /// <summary>A result with training, without what depends on the clock or on the directory.</summary>
    internal static string WithoutTimings(JsonElement result)
    {
        var node = JsonNode.Parse(result.GetRawText())!.AsObject();
        foreach (string key in Timings)
            Assert.True(node.Remove(key) | node["training"]!.AsObject().Remove(key), key);
        return node.ToJsonString();
    }
}
