using System.Text.Json;
using Leaps.Model.Networks;
using Leaps.Model.Storage;
using Leaps.Model.Targets;
using Leaps.Model.Tests;

namespace Leaps.Host.Tests.Execution;

public sealed class EvaluateJobTests(TrainedRun trained) : IClassFixture<TrainedRun>, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Program _program = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_model_is_measured_against_its_own_target()
    {
        var exact = _program.Json("exact", "--model", trained.Model);
        var result = _program.Json(
            "evaluate", "--model", trained.Model, "--walkers", "3000", "--windows", "5");

        Assert.Equal(exact.GetProperty("logZ").GetDouble(), result.GetProperty("logZExact").GetDouble());
        RunJobTests.AssertAgrees(result, "logZ", exact.GetProperty("logZ").GetDouble());
        RunJobTests.AssertAgrees(result, "energyPerSite", exact.GetProperty("energyPerSite").GetDouble());
        Assert.Equal(0, result.GetProperty("resamplings").GetInt32());
        Assert.Equal(3000, result.GetProperty("survivingFamilies").GetInt32());
        Assert.True(result.GetProperty("evaluationsPerWalker").GetDouble() >= 5);
        Assert.Equal(JsonValueKind.Null, result.GetProperty("logZReplicaStdErr").ValueKind);
        Assert.Equal(JsonValueKind.Null, result.GetProperty("output").ValueKind);
        Assert.Empty(result.GetProperty("warnings").EnumerateArray());
    }

    [Fact]
    public void Numbers_that_cannot_be_trusted_come_with_warnings()
    {
        var result = _program.Json(
            "evaluate", "--model", trained.Model, "--walkers", "10", "--windows", "2", "--integrator",
            "euler");

        string[] warnings = [.. result.GetProperty("warnings").EnumerateArray()
            .Select(text => text.GetString()!)];
        Assert.StartsWith("The euler integrator is biased", warnings[0], StringComparison.Ordinal);
        Assert.StartsWith("Too few families: 10 of 10", warnings[1], StringComparison.Ordinal);
        Assert.Equal(warnings.Select(text => $"warning: {text}"), _program.Error.Split('\n'));
    }

    [Fact]
    public void A_model_that_cannot_be_used_is_refused_in_one_line()
    {
        string nameless = _folder.PathOf("nameless.safetensors");
        string text = _folder.Write("text.safetensors", "hello");
        ModelFile.Save(nameless, ModelFile.Load(trained.Model).Model);

        Assert.Equal($"{nameless}: the file does not say what target its model was trained for; "
            + $"sample with a configuration that does: leaps sample CONFIG --model {nameless}",
            _program.Refusal("evaluate", "--model", nameless));
        Assert.StartsWith($"{text}: ", _program.Refusal("evaluate", "--model", text),
            StringComparison.Ordinal);
        Assert.Equal("none: there is no such file.", _program.Refusal("evaluate", "--model", "none"));
        Assert.StartsWith(_folder.Write("zip.ckpt", "PK\u0003\u0004") + ": ",
            _program.Refusal("evaluate", "--model", _folder.PathOf("zip.ckpt")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_network_for_another_lattice_or_of_another_shape_is_refused_before_anything_is_written()
    {
        string output = _folder.PathOf("out");
        string Config(string lattice, string network) => _folder.Write("c.yaml",
            $"target: {{model: ising, lattice: {lattice}, beta: 0.4}}\n"
            + $"network: {{{network}model: {trained.Model}}}\noutput: {output}\n");

        Assert.Equal($"{trained.Model}: The network was made for the lattice L=3, the target has L=4.",
            _program.Refusal("sample", Config("4", "")));
        Assert.Equal($"{trained.Model}: its network has kernels [3, 3] and 4 channels, the configuration "
            + "asks for [3, 3] and 5; leave network.kernels out to use the file's",
            _program.Refusal("sample", Config("3", "kernels: [3, 3], channels: 5, ")));
        Assert.False(Directory.Exists(output));

        var other = _program.Json("sample", Config("3", ""));
        Assert.StartsWith("The model was trained for other couplings (periodic, β = 0.44",
            other.GetProperty("warnings")[0].GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_published_checkpoint_is_evaluated_as_it_is_and_imported()
    {
        string checkpoint = ReferenceData.Require("ising_final.ckpt");
        string model = _folder.PathOf("ising.safetensors");

        var imported = _program.Json(
            "import", checkpoint, "--config", ReferenceData.Require("ising_config.yml"),
            "--out", model);
        Assert.Equal(("ising", model, 400_000), (imported.GetProperty("target").GetString(),
            imported.GetProperty("model").GetString(), imported.GetProperty("updates").GetInt32()));
        Assert.Equal($"{model} exists already: choose another name, or remove it first.",
            _program.Refusal("import", checkpoint, "--out", model));
        string[] options = ["--walkers", "4", "--windows", "10", "--integrator", "euler"];
        var fromCheckpoint = _program.Json(["evaluate", "--model", checkpoint, .. options]);
        var fromModel = _program.Json(["evaluate", "--model", model, .. options]);

        Assert.Equal(fromModel.GetProperty("logZ").GetDouble(),
            fromCheckpoint.GetProperty("logZ").GetDouble());
        Assert.Equal(209.826070136, fromModel.GetProperty("logZExact").GetDouble(), 1e-8);
        Assert.Equal(JsonValueKind.Null, fromModel.GetProperty("absMagnetisationExact").ValueKind);
        Assert.StartsWith("Swendsen–Wang", fromModel.GetProperty("references").GetProperty("absMagnetisation")
            .GetProperty("source").GetString(), StringComparison.Ordinal);
    }
}
