using System.Globalization;
using YamlDotNet.RepresentationModel;

namespace Leaps.Host.Tests.Deployment;

/// <summary>A part of a YAML document; what is not there is a failed test that names the way to it.</summary>
internal sealed class Manifest(YamlNode node, string way)
{
    public string Way => way;

    /// <summary>A scalar's text.</summary>
    public string Text => node is YamlScalarNode { Value: { } text } ? text
        : throw new Xunit.Sdk.XunitException($"{way} is no scalar.");

    public int Number => int.Parse(Text, CultureInfo.InvariantCulture);

    public IReadOnlyList<Manifest> Items => node is YamlSequenceNode list
        ? [.. list.Children.Select((item, i) => new Manifest(item, $"{way}[{i}]"))]
        : throw new Xunit.Sdk.XunitException($"{way} is no list.");

    public IReadOnlyDictionary<string, Manifest> Entries => node is YamlMappingNode map
        ? map.Children.ToDictionary(entry => ((YamlScalarNode)entry.Key).Value!,
            entry => new Manifest(entry.Value, $"{way}.{((YamlScalarNode)entry.Key).Value}"))
        : throw new Xunit.Sdk.XunitException($"{way} is no mapping.");

    /// <summary>What lies that way, key after key.</summary>
    public Manifest this[params string[] keys] => keys.Aggregate(this, (from, key) => from.Find(key)
        ?? throw new Xunit.Sdk.XunitException($"{from.Way} has no {key}."));

    public Manifest? Find(string key) => Entries.GetValueOrDefault(key);

    /// <summary>The item of a list that is called so.</summary>
    public Manifest Named(string name) => Items.FirstOrDefault(item => item.Find("name")?.Text == name)
        ?? throw new Xunit.Sdk.XunitException($"{way} has nothing called {name}.");

    /// <summary>Texts of a mapping.</summary>
    public Dictionary<string, string> Texts() => Entries.ToDictionary(entry => entry.Key, entry =>
        entry.Value.Text);

    /// <summary>Every mapping in it, itself included, that has the key.</summary>
    public IEnumerable<Manifest> WithKey(string key)
    {
        IEnumerable<Manifest> inner = node switch
        {
            YamlMappingNode => Entries.Values,
            YamlSequenceNode => Items,
            _ => [],
        };
        return (node is YamlMappingNode && Find(key) is not null ? [this] : Array.Empty<Manifest>())
            .Concat(inner.SelectMany(part => part.WithKey(key)));
    }

    /// <summary>The documents of a file.</summary>
    public static IReadOnlyList<Manifest> Load(string path)
    {
        var stream = new YamlStream();
        using var reader = new StreamReader(Repository.PathOf(path));
        stream.Load(reader);
        return [.. stream.Documents.Select(document =>
            new Manifest(document.RootNode, Path.GetFileName(path)))];
    }
}
