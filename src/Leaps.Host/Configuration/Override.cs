using Leaps.Model;

namespace Leaps.Host.Configuration;

/// <summary>
/// A value given on the command line in place of the file's: --set key.path=value, or an option of its own.
/// </summary>
public sealed record Override(IReadOnlyList<string> Path, ConfigNode Value)
{
    /// <summary>
    /// Reads the argument of --set; the value is YAML (a number, a word, [a, b], {key: value}).
    /// </summary>
    /// <exception cref="LeapsException">There is no '=', no key, or the value is not YAML.</exception>
    public static Override Parse(string argument)
    {
        var origin = new Origin($"--set {argument}");
        int equals = argument.IndexOf('=');
        if (equals < 0)
            throw origin.Error("there is no '='; write --set key.path=value");
        string path = argument[..equals].Trim(), text = argument[(equals + 1)..];
        if (path.Split('.').Any(key => key.Length == 0))
            throw origin.Error("the key is empty; write --set key.path=value");
        if (string.IsNullOrWhiteSpace(text))
            throw origin.Error("the value is empty; write null to leave the key out");
        return Of(path, text, origin);
    }

    /// <summary>The number given to an option such as --threads, under the key that it stands for.</summary>
    public static Override Number(string path, string option, string text) =>
        Option(path, option, text, plain: true);

    /// <summary>The path or word given to an option such as --output.</summary>
    public static Override Text(string path, string option, string text) =>
        Option(path, option, text, plain: false);

    /// <summary>The document with this value in place.</summary>
    /// <exception cref="LeapsException">The path leads through a value that is not a mapping.</exception>
    public MappingNode ApplyTo(MappingNode document) => Apply(document, 0);

    private static Override Option(string path, string option, string text, bool plain) =>
        new(path.Split('.'), new ScalarNode(new Origin($"{option} {text}"), text, plain));

    private static Override Of(string path, string text, Origin origin) =>
        new(path.Split('.'), YamlTree.Parse(text, _ => origin) ?? throw origin.Error("the value is empty"));

    private MappingNode Apply(MappingNode mapping, int level)
    {
        string key = Path[level];
        if (level == Path.Count - 1)
            return mapping.With(new MappingEntry(key, Value.Origin, Value));
        var below = mapping.Find(key)?.Value switch
        {
            null or ScalarNode { IsNull: true } or ScalarNode { IsEmpty: true } =>
                new MappingNode(Value.Origin, []),
            MappingNode node => node,
            _ => throw Value.Origin.Error($"'{string.Join('.', Path.Take(level + 1))}' has no keys below it"),
        };
        return mapping.With(
            new MappingEntry(key, mapping.Find(key)?.Origin ?? Value.Origin, Apply(below, level + 1)));
    }
}
