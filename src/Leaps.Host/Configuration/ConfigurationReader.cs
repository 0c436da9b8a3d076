using Leaps.Model;

namespace Leaps.Host.Configuration;

/// <summary>
/// YAML → <see cref="RunConfiguration"/>. Every key is checked: an error is one line with the file, the line
/// (or the option), the key, and what to write instead.
/// </summary>
public static class ConfigurationReader
{
    /// <summary>Reads a file, with values of the command line put over it.</summary>
    /// <exception cref="LeapsException">The file or a value is wrong.</exception>
    public static RunConfiguration ReadFile(string path, params IEnumerable<Override> overrides) =>
        Read(YamlTree.ReadFile(path), path, overrides);

    /// <summary>
    /// As <see cref="ReadFile"/>, of a text that <paramref name="name"/> names in messages.
    /// </summary>
    /// <exception cref="LeapsException">The text or a value is wrong.</exception>
    public static RunConfiguration ReadText(
        string text, string name, params IEnumerable<Override> overrides) =>
        Read(YamlTree.Parse(text, line => new Origin(name, line)), name, overrides);

    private static RunConfiguration Read(ConfigNode? document, string name, IEnumerable<Override> overrides)
    {
        if (document is null)
            throw new LeapsException($"{name}: the file is empty; it must say at least what 'target' is");
        if (document is MappingNode mapping)
        {
            foreach (var change in overrides)
                mapping = change.ApplyTo(mapping);
            document = mapping;
        }
        var top = new Section(document, "");
        if (top["target"] is not { } targetNode)
            throw new LeapsException($"{name}: 'target' is missing; it says what to sample");
        var target = TargetReader.Read(targetNode, out var created);
        var network = top["network"] is { } networkNode ? NetworkReader.Read(networkNode, created) : null;
        var train = TrainingReader.Read(top);
        if (train is not null && network is null)
            throw top["train"]!.Value.Origin.Error("'train' needs a network; add 'network' with its kernels");

        var configuration = new RunConfiguration
        {
            Target = target,
            Network = network,
            Train = train,
            Sample = SampleReader.Read(top),
            Seed = top["seed"]?.Seed() ?? 1,
            Output = top["output"]?.Text() ?? DefaultOutput(name),
        };
        configuration = Set(top, "threads", (c, value) => c with { Threads = value.Integer() });
        if (top["device"] is { } device)
            configuration = configuration with { Device = device.Device() };
        configuration = Set(top, "time-limit", (c, value) => c with { TimeLimit = value.Duration() });
        return top.Find("checkpoint") is { } checkpoint
            ? Set(checkpoint, "every", (c, value) => c with { CheckpointEvery = value.Duration() })
            : configuration;

        RunConfiguration Set(Section section, string key,
            Func<RunConfiguration, ConfigValue, RunConfiguration> apply) =>
            section.Set(configuration, key, apply, c => c.Validate());
    }

    private static string DefaultOutput(string name) => $"runs/{Path.GetFileNameWithoutExtension(name)}";
}
