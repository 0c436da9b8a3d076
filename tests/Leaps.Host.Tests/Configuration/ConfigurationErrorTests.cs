using FsCheck;
using FsCheck.Fluent;
using Leaps.Host.Configuration;
using Leaps.Model;

namespace Leaps.Host.Tests.Configuration;

public class ConfigurationErrorTests
{
    private const string Target = "target:\n  model: ising\n  lattice: 5\n  beta: 0.44\n";

    private static string MessageOf(string text, params string[] sets) => Assert.Throws<LeapsException>(() =>
        ConfigurationReader.ReadText(text, "run.yaml", sets.Select(Override.Parse))).Message;

    [Theory]
    [InlineData("network:\n  kernals: [3]",
        "run.yaml, line 6: unknown key 'kernals' under 'network'; did you mean 'kernels'?")]
    [InlineData("trian: {}", "run.yaml, line 5: unknown key 'trian'; did you mean 'train'?")]
    [InlineData("sample: {mcmc: {kernl: none}}",
        "run.yaml, line 5: unknown key 'kernl' under 'sample.mcmc'; did you mean 'kernel'?")]
    [InlineData("sample: {resample: {colour: red}}",
        "run.yaml, line 5: unknown key 'colour' under 'sample.resample'; known keys: threshold, scheme")]
    [InlineData("sample:\n  walkers: many",
        "run.yaml, line 6: 'sample.walkers' must be a whole number, not 'many'")]
    [InlineData("sample:\n  walkers: \"100\"",
        "run.yaml, line 6: 'sample.walkers' must be a whole number, not the text \"100\"")]
    [InlineData("sample:\n  walkers: 1.5",
        "run.yaml, line 6: 'sample.walkers' must be a whole number, not '1.5'")]
    [InlineData("sample:\n  walkers: 1e12",
        "run.yaml, line 6: 'sample.walkers' must be a whole number of at most 2147483647, not '1e12'")]
    [InlineData("sample:\n  walkers: [1]",
        "run.yaml, line 6: 'sample.walkers' must be a whole number, not a list")]
    [InlineData("sample:\n  walkers: 0", "run.yaml, line 6: walkers is 0; allowed: 1 to 100,000,000.")]
    [InlineData("sample:\n  walkers: 5\n  windows: 0",
        "run.yaml, line 7: windows is 0; allowed: 1 to 1,000,000.")]
    [InlineData("sample:\n  resample:\n    threshold: 1.5",
        "run.yaml, line 7: resampling threshold is 1.5; allowed: 0 to 1.")]
    [InlineData("sample: {grid-target: 1}",
        "run.yaml, line 5: grid-target is 1; allowed: between 0 and 1, both excluded.")]
    [InlineData("sample: {integrator: exakt}",
        "run.yaml, line 5: 'sample.integrator' must be one of exact, euler, not 'exakt'")]
    [InlineData("sample: {mcmc: {rate: .nan}}",
        "run.yaml, line 5: 'sample.mcmc.rate' must be a finite number, not '.nan'")]
    [InlineData("sample: {mcmc: none}",
        "run.yaml, line 5: 'sample.mcmc' must be a mapping (key: value), not 'none'")]
    [InlineData("sample: {replicas: 0}", "run.yaml, line 5: replicas is 0; allowed: 1 to 10,000.")]
    [InlineData("sample:",
        "run.yaml, line 5: 'sample' has no value; write {} for the defaults, or leave the key out")]
    [InlineData("seed: -1",
        "run.yaml, line 5: 'seed' must be a whole number from 0 to 18446744073709551615, not '-1'")]
    [InlineData("seed:", "run.yaml, line 5: 'seed' has no value; give one, or leave the key out")]
    [InlineData("threads: 9999", "run.yaml, line 5: threads is 9999; allowed: 0 to 4096.")]
    [InlineData("sample: {walkers: 5, groups: 6}", "run.yaml, line 5: groups is 6; allowed: 0 to 5.")]
    [InlineData("sample: {stop: {standard-error: -1}}",
        "run.yaml, line 5: stop standard-error is -1; allowed: a finite number, 0 or more.")]
    [InlineData("time-limit: 5",
        "run.yaml, line 5: 'time-limit' must be a duration such as 90s, 30m or 2h, not '5'")]
    [InlineData("time-limit: -2h",
        "run.yaml, line 5: 'time-limit' must be a duration such as 90s, 30m or 2h, not '-2h'")]
    [InlineData("time-limit: 99d", "run.yaml, line 5: time-limit is 99d; allowed: 0 (none) to 40d.")]
    [InlineData("checkpoint: {every: 0}", "run.yaml, line 5: checkpoint every is 0; allowed: 10ms to 1d.")]
    [InlineData("output: [a]", "run.yaml, line 5: 'output' must be a text of one line, not a list")]
    [InlineData("train: {}", "run.yaml, line 5: 'train' needs a network; add 'network' with its kernels")]
    [InlineData("seed: 1\nseed: 2", "run.yaml, line 6: the key 'seed' is given twice (first in line 5)")]
    [InlineData("output: &a x",
        "run.yaml, line 5: anchors and aliases (& and *) are not supported; write the value out")]
    [InlineData("output: *a",
        "run.yaml, line 5: anchors and aliases (& and *) are not supported; write the value out")]
    [InlineData("output: !!str x", "run.yaml, line 5: tags (!) are not supported; write the plain value")]
    [InlineData("? [a]\n: 1", "run.yaml, line 5: a key must be a plain word")]
    [InlineData("---\nseed: 1",
        "run.yaml, line 5: a second document starts here; a configuration is one document")]
    [InlineData("seed: [[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]",
        "run.yaml, line 5: nested more than 16 levels deep")]
    public void A_wrong_line_is_named_and_explained(string lines, string message) =>
        Assert.Equal(message, MessageOf(Target + lines));

    [Theory]
    [InlineData("[6]", "run.yaml, line 6: Kernel size 6 is larger than the lattice side 5: a window that "
        + "wraps around sees its own site and breaks local equivariance. Use at most 5.")]
    [InlineData("[3, 4]",
        "run.yaml, line 6: Kernel size 4 is even: use an odd size, or the full lattice side 5.")]
    [InlineData("[3]", "run.yaml, line 6: A network needs at least two kernel sizes: the first convolution "
        + "and one layer.")]
    [InlineData("3", "run.yaml, line 6: 'network.kernels' must be a list of sizes, e.g. [3, 5], not '3'")]
    [InlineData("[3, [3, 3, 3]]",
        "run.yaml, line 6: 'network.kernels[1]' must be a whole number, or [rows, columns], not a list")]
    [InlineData("[3, 5]\n  channels: 0", "run.yaml, line 7: 0 channels are not possible: use 1 to 256.")]
    [InlineData("[3, 5]\n  padding: none",
        "run.yaml, line 7: 'network.padding' must be one of periodic, zeros, not 'none'")]
    [InlineData("[3, 5]\n  embedding-max-norm: yes",
        "run.yaml, line 7: 'network.embedding-max-norm' must be true or false, not 'yes'")]
    [InlineData("[3, 5]\n  embedding-max-norm: true",
        "run.yaml, line 7: 'network.embedding-max-norm' is for model: potts only")]
    [InlineData("[3, 5]\n  free-energy: []",
        "run.yaml, line 7: The free-energy network needs hidden sizes of 1 to 4096 units.")]
    [InlineData("null", "run.yaml, line 6: 'network.kernels' is missing; it gives the kernel sizes, e.g. "
        + "[3, 5]; or give 'network.model', a model file")]
    [InlineData("null\n  model: m\n  channels: 3",
        "run.yaml, line 8: 'network.channels' is the model file's; leave it out, or give 'network.kernels' "
        + "too")]
    public void A_wrong_network_is_named_and_explained(string kernels, string message) =>
        Assert.Equal(message, MessageOf(Target + "network:\n  kernels: " + kernels));

    [Theory]
    [InlineData("batch: 0", "run.yaml, line 7: batch is 0; allowed: 1 to 1,000,000.")]
    [InlineData("learning-rate: -1", "run.yaml, line 7: learning-rate is -1; allowed: a positive number.")]
    [InlineData("source: oracle",
        "run.yaml, line 7: 'train.source' must be one of pool, rollouts, not 'oracle'")]
    [InlineData("decay: {factor: 2}", "run.yaml, line 7: decay factor is 2; allowed: above 0, at most 1.")]
    [InlineData("pool: {walkers: 4, times: 0}", "run.yaml, line 7: pool times is 0; allowed: 1 or more.")]
    [InlineData("pool: {walkers: 0}", "run.yaml, line 7: pool walkers is 0; allowed: 1 or more.")]
    [InlineData("evaluate: {wakers: 5}",
        "run.yaml, line 7: unknown key 'wakers' under 'train.evaluate'; did you mean 'walkers'?")]
    [InlineData("target-relative-ess: 1.5",
        "run.yaml, line 7: target-relative-ess is 1.5; allowed: 0 to 1.")]
    [InlineData("target-relative-ess: 0.9\n  evaluate: {every: 0}",
        "run.yaml, line 8: evaluate every is 0; allowed: 1 or more where there is a target-relative-ess.")]
    [InlineData("rollouts: {staleness: -1}",
        "run.yaml, line 7: rollout staleness is -1; allowed: 0 to 100,000.")]
    public void A_wrong_training_option_is_named_and_explained(string line, string message) =>
        Assert.Equal(message, MessageOf(Target + "network: {kernels: [3, 5]}\ntrain:\n  " + line));

    [Theory]
    [InlineData("model: ising\n  beta: 1",
        "run.yaml, line 2: 'target.lattice' is missing; it gives the side L, or [rows, columns]")]
    [InlineData("lattice: 4\n  beta: 1",
        "run.yaml, line 2: 'target.model' is missing; it gives the model: ising or potts")]
    [InlineData("model: ising\n  lattice: 4",
        "run.yaml, line 2: 'target.beta' is missing; it gives the inverse temperature")]
    [InlineData("model: isling\n  lattice: 4",
        "run.yaml, line 2: 'target.model' must be one of ising, potts, not 'isling'")]
    [InlineData("model: ising\n  lattice: 1",
        "run.yaml, line 3: A lattice of 1×1 is not possible: each side must be at least 2, and the sites at "
        + "most 2^24.")]
    [InlineData("model: ising\n  lattice: [4, 4, 4]",
        "run.yaml, line 3: 'target.lattice' must be a whole number, or [rows, columns], not a list")]
    [InlineData("model: potts\n  lattice: 4",
        "run.yaml, line 2: 'target.states' is missing; it gives the number of Potts states q")]
    [InlineData("model: potts\n  lattice: 4\n  states: 1",
        "run.yaml, line 4: A Potts model with 1 states is not supported: use 2 to 64.")]
    [InlineData("model: ising\n  lattice: 4\n  states: 3",
        "run.yaml, line 4: 'target.states' is for model: potts only")]
    [InlineData("model: ising\n  lattice: 4\n  beta: 1\n  switch-value: 0.5",
        "run.yaml, line 5: 'target.switch-value' is for schedule: switch only")]
    [InlineData("model: ising\n  lattice: 4\n  beta: [0, 1, 2]",
        "run.yaml, line 4: 'target.beta' must be one number, or two [at t = 0, at t = 1], not a list")]
    [InlineData("model: ising\n  lattice: 4\n  beta: 2\n  J: 1",
        "run.yaml, line 5: The density at t = 0 must be uniform, but the schedule starts with βJ = 2 and "
        + "βh = 0: let J, h or β start at 0.")]
    [InlineData("model: ising\n  lattice: 4\n  beta: 2\n  h: 1",
        "run.yaml, line 5: The density at t = 0 must be uniform, but the schedule starts with βJ = 0 and "
        + "βh = 2: let J, h or β start at 0.")]
    [InlineData("model: potts\n  lattice: 4\n  states: 3\n  beta: 2\n  h: [0, 1]",
        "run.yaml, line 6: The Potts model has no field: set h to 0.")]
    [InlineData("model: ising\n  lattice: 4\n  beta: 1e300\n  J: [0, 2]",
        "run.yaml, line 4: 'target.beta' is too large: βJ is 2E+300 at t = 1; allowed: ±30 on the whole "
        + "path.")]
    [InlineData("model: ising\n  lattice: 4\n  beta: 2\n  J: [0, -20]",
        "run.yaml, line 5: 'target.J' is too large: βJ is -40 at t = 1; allowed: ±30 on the whole "
        + "path.")]
    [InlineData("model: ising\n  lattice: 4\n  beta: 2\n  h: [0, 20]",
        "run.yaml, line 5: 'target.h' is too large: βh is 40 at t = 1; allowed: ±30 on the whole "
        + "path.")]
    [InlineData("model: ising\n  lattice: 4\n  beta: 1\n  schedule: switch\n  switch-value: 2",
        "run.yaml, line 6: The switch value is 2; allowed: 0 to 1.")]
    public void A_wrong_target_is_named_and_explained(string lines, string message) =>
        Assert.Equal(message, MessageOf("target:\n  " + lines));

    [Theory]
    [InlineData("", "run.yaml: the file is empty; it must say at least what 'target' is")]
    [InlineData("# nothing\n", "run.yaml: the file is empty; it must say at least what 'target' is")]
    [InlineData("seed: 1", "run.yaml: 'target' is missing; it says what to sample")]
    [InlineData("- a\n- b", "run.yaml, line 1: the configuration must be a mapping (key: value), not a list")]
    [InlineData("ising", "run.yaml, line 1: the configuration must be a mapping (key: value), not 'ising'")]
    [InlineData("target: 5", "run.yaml, line 1: 'target' must be a mapping (key: value), not '5'")]
    public void A_document_of_the_wrong_kind_is_refused(string text, string message) =>
        Assert.Equal(message, MessageOf(text));

    [Theory]
    [InlineData("target: {model: ising", "run.yaml, line 1: this is not YAML: ")]
    [InlineData("seed: 1\n  threads: 2", "run.yaml, line 2: this is not YAML: ")]
    [InlineData("seed: 'abc", "run.yaml, line 1: this is not YAML: ")]
    [InlineData("seed: @1", "run.yaml, line 1: this is not YAML: ")]
    public void Broken_YAML_is_one_line_with_its_place(string text, string start)
    {
        string message = MessageOf(text);

        Assert.StartsWith(start, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Theory]
    [InlineData("sample.windws=3",
        "--set sample.windws=3: unknown key 'windws' under 'sample'; did you mean 'windows'?")]
    [InlineData("sample.windows=0", "--set sample.windows=0: windows is 0; allowed: 1 to 1,000,000.")]
    [InlineData("sample.windows", "--set sample.windows: there is no '='; write --set key.path=value")]
    [InlineData("=3", "--set =3: the key is empty; write --set key.path=value")]
    [InlineData("sample..windows=3", "--set sample..windows=3: the key is empty; write --set key.path=value")]
    [InlineData("seed=", "--set seed=: the value is empty; write null to leave the key out")]
    [InlineData("target.beta.x=1", "--set target.beta.x=1: 'target.beta' has no keys below it")]
    [InlineData("target=null", "run.yaml: 'target' is missing; it says what to sample")]
    [InlineData("network={kernels: [3, 7]}",
        "--set network={kernels: [3, 7]}: Kernel size 7 is larger than the lattice side 5: a window that "
        + "wraps around sees its own site and breaks local equivariance. Use at most 5.")]
    public void A_wrong_set_is_named_and_explained(string set, string message) =>
        Assert.Equal(message, MessageOf(Target, set));

    [Fact]
    public void Files_that_cannot_be_a_configuration_are_refused()
    {
        using var folder = new TemporaryFolder();
        string OfFile(string path) =>
            Assert.Throws<LeapsException>(() => ConfigurationReader.ReadFile(path)).Message;
        string tab = folder.Write("tab.yaml", "target:\n\tmodel: ising\n");
        string large = folder.Write("large.yaml", new string('#', (1 << 20) + 1));
        string binary = folder.PathOf("binary.yaml");
        File.WriteAllBytes(binary, [0x61, 0x80, 0x81]);

        Assert.Equal($"{tab}, line 2: a tab in the indentation; YAML allows only spaces there", OfFile(tab));
        Assert.Equal($"{large}: larger than 1 MiB; this can't be a configuration", OfFile(large));
        Assert.Equal($"{binary}: is not UTF-8 text", OfFile(binary));
        Assert.Equal($"{folder.Path}: is a folder; give a YAML file", OfFile(folder.Path));
        Assert.Equal($"{folder.PathOf("none.yaml")}: no such file", OfFile(folder.PathOf("none.yaml")));
    }

    [Fact]
    public void No_text_makes_the_reader_throw_anything_but_an_explanation()
    {
        // Pieces of YAML put together at random reach deeper than random characters do.
        string[] pieces = ["target", ":", " ", "\n", "  ", "- ", "[", "]", "{", "}", ",", "'", "\"", "&a ",
            "*a", "!t ", "|", ">", "#", "%", "---", "...", "? ", "\t", "model: ising", "lattice: 4",
            "beta: 1", "sample", "\\x", "\0", "é"];
        var texts = Gen.Elements(pieces).ArrayOf().Select(string.Concat);

        Prop.ForAll(texts.ToArbitrary(), text =>
        {
            try
            {
                ConfigurationReader.ReadText(text, "x");
            }
            catch (LeapsException error)
            {
                return !error.Message.Contains('\n', StringComparison.Ordinal);
            }
            return true;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3000).WithReplay(1, 1));
    }
}
