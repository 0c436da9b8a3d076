namespace Leaps.Host.Configuration;

/// <summary>A YAML value that knows where it was written.</summary>
public abstract record ConfigNode(Origin Origin)
{
    /// <summary>What it is, for messages: "the text 'abc'", "a list", "a mapping".</summary>
    public abstract string Description { get; }
}

/// <param name="Origin">where it was written</param>
/// <param name="Text">the value without quotes</param>
/// <param name="Plain">written without quotes: only then can it be a number, true, false or null</param>
public sealed record ScalarNode(Origin Origin, string Text, bool Plain) : ConfigNode(Origin)
{
    public bool IsNull => Plain && Text is "null" or "Null" or "NULL" or "~";
    public bool IsEmpty => Plain && Text.Length == 0;
    public override string Description => Plain ? $"'{Text}'" : $"the text \"{Text}\"";
}

public sealed record SequenceNode(Origin Origin, IReadOnlyList<ConfigNode> Items) : ConfigNode(Origin)
{
    public override string Description => "a list";
}

/// <summary>Keys in the order they were written; a key has the origin of its own name.</summary>
public sealed record MappingNode(Origin Origin, IReadOnlyList<MappingEntry> Entries) : ConfigNode(Origin)
{
    public override string Description => "a mapping";

    public MappingEntry? Find(string key) => Entries.FirstOrDefault(entry => entry.Key == key);

    /// <summary>The same mapping with one entry replaced, or added at the end.</summary>
    public MappingNode With(MappingEntry entry)
    {
        var entries = Entries.ToList();
        int index = entries.FindIndex(old => old.Key == entry.Key);
        if (index >= 0)
            entries[index] = entry;
        else
            entries.Add(entry);
        return this with { Entries = entries };
    }
}

public sealed record MappingEntry(string Key, Origin Origin, ConfigNode Value);
