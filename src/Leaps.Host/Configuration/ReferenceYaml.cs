using Leaps.Model;

namespace Leaps.Host.Configuration;

/// <summary>
/// Reads a configuration of the published PyTorch reference: one flat mapping such as "L: 15",
/// "kernel_sizes: [3, 5]", "beta_1: 0.4407". What the keys mean is not decided here.
/// </summary>
public static class ReferenceYaml
{
    /// <summary>Key → text, or list of texts (<see cref="IReadOnlyList{T}"/> of string).</summary>
    /// <exception cref="LeapsException">The file can't be read, or is not a flat mapping.</exception>
    public static IReadOnlyDictionary<string, object> Parse(string path)
    {
        if (YamlTree.ReadFile(path) is not MappingNode mapping)
            throw new LeapsException(
                $"{path}: not a configuration of the reference; expected lines such as 'L: 15'");
        var values = new Dictionary<string, object>();
        foreach (var entry in mapping.Entries)
            values.Add(entry.Key, ReadValue(entry));
        return values;
    }

    private static object ReadValue(MappingEntry entry) => entry.Value switch
    {
        ScalarNode scalar => scalar.Text,
        SequenceNode list when list.Items.All(item => item is ScalarNode) =>
            (IReadOnlyList<string>)[.. list.Items.Cast<ScalarNode>().Select(item => item.Text)],
        _ => throw entry.Origin.Error($"'{entry.Key}' must be a value or a list of values"),
    };
}
