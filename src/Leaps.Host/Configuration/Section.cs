using Leaps.Model;

namespace Leaps.Host.Configuration;

/// <summary>
/// A mapping being read: refuses keys that are not known, and hands out the values of the others.
/// </summary>
internal sealed class Section
{
    private readonly MappingNode _mapping;
    private readonly string _path;
    private readonly Func<string, IReadOnlyList<string>> _keysUnder;

    /// <param name="node">the value of the section's key; must be a mapping</param>
    /// <param name="path">dotted path from the top, "" for the top itself</param>
    /// <param name="keysUnder">the keys that a section may have, by its path; null: those of a run</param>
    public Section(ConfigNode node, string path, Func<string, IReadOnlyList<string>>? keysUnder = null)
    {
        _path = path;
        _keysUnder = keysUnder ?? ConfigurationKeys.Under;
        var known = _keysUnder(path);
        if (node is not MappingNode mapping)
        {
            string what = path.Length == 0 ? "the configuration" : $"'{path}'";
            throw node.Origin.Error($"{what} must be a mapping (key: value), not {node.Description}");
        }
        _mapping = mapping;
        foreach (var entry in mapping.Entries)
        {
            if (!known.Contains(entry.Key))
                throw entry.Origin.Error(UnknownKey(entry.Key, known));
        }
    }

    public Origin Origin => _mapping.Origin;

    /// <summary>The value of a key; null where the key is absent or explicitly null.</summary>
    public ConfigValue? this[string key]
    {
        get
        {
            if (_mapping.Find(key) is not { } entry || entry.Value is ScalarNode { IsNull: true })
                return null;
            string path = PathOf(key);
            if (entry.Value is ScalarNode { IsEmpty: true })
                throw entry.Origin.Error($"'{path}' has no value; give one, or leave the key out");
            return new ConfigValue(entry.Value, path);
        }
    }

    /// <summary>The section under a key; null where it is absent.</summary>
    public Section? Find(string key)
    {
        if (_mapping.Find(key) is { Value: ScalarNode { IsEmpty: true } } entry)
            throw entry.Origin.Error(
                $"'{PathOf(key)}' has no value; write {{}} for the defaults, or leave the key out");
        return this[key] is { } value ? new Section(value.Node, value.Path, _keysUnder) : null;
    }

    /// <exception cref="LeapsException">The key is absent.</exception>
    public ConfigValue Require(string key, string meaning) => this[key]
        ?? throw Origin.Error($"'{PathOf(key)}' is missing; it gives {meaning}");

    /// <summary>
    /// The options with one key applied, where it is present. The defaults being valid, an error of
    /// <paramref name="validate"/> belongs to this key, and gets its line.
    /// </summary>
    public T Set<T>(T options, string key, Func<T, ConfigValue, T> apply, Action<T> validate)
    {
        if (this[key] is not { } value)
            return options;
        var changed = apply(options, value);
        return value.Origin.Guard(() =>
        {
            validate(changed);
            return changed;
        });
    }

    private string PathOf(string key) => ConfigurationKeys.PathOf(_path, key);

    private string UnknownKey(string key, IReadOnlyList<string> known)
    {
        string under = _path.Length == 0 ? "" : $" under '{_path}'";
        return NearestName.Find(key, known) is { } nearest
            ? $"unknown key '{key}'{under}; did you mean '{nearest}'?"
            : $"unknown key '{key}'{under}; known keys: {string.Join(", ", known)}";
    }
}
