namespace Leaps.Host.Configuration;

/// <summary>A key whose value is another in two configurations.</summary>
/// <param name="Key">dotted path</param>
/// <param name="Before">as YAML; null where the key was absent</param>
/// <param name="Now">as YAML; null where the key is absent</param>
internal sealed record ConfigurationDifference(string Key, string? Before, string? Now)
{
    // What no result depends on: each process of a run takes these as they are now.
    // That the kind of device stays the same is seen by the journal.
    private static readonly string[] Free =
        ["threads", "device", "output", "time-limit", "checkpoint.every"];

    /// <summary>The first one that decides over results; null where there is none.</summary>
    public static ConfigurationDifference? Find(RunConfiguration before, RunConfiguration now)
    {
        var (old, present) = (Values(before), Values(now));
        foreach (string key in old.Keys.Concat(present.Keys))
        {
            var difference =
                new ConfigurationDifference(key, old.GetValueOrDefault(key), present.GetValueOrDefault(key));
            if (difference.Before != difference.Now && !Free.Contains(key))
                return difference;
        }
        return null;
    }

    /// <summary>The configuration with whatever no result depends on taken from another.</summary>
    public static RunConfiguration WithFreeOf(RunConfiguration configuration, RunConfiguration other) =>
        configuration with
        {
            Threads = other.Threads,
            Device = other.Device,
            Output = other.Output,
            TimeLimit = other.TimeLimit,
            CheckpointEvery = other.CheckpointEvery,
        };

    private static Dictionary<string, string> Values(RunConfiguration configuration)
    {
        var values = new Dictionary<string, string>();
        string text = ConfigurationWriter.Write(configuration);
        Collect(YamlTree.Parse(text, line => new Origin("", line))!, "");
        return values;

        void Collect(ConfigNode node, string path)
        {
            switch (node)
            {
                case MappingNode mapping:
                    foreach (var entry in mapping.Entries)
                        Collect(entry.Value, path.Length == 0 ? entry.Key : $"{path}.{entry.Key}");
                    break;
                default:
                    values.Add(path, Text(node));
                    break;
            }
        }
    }

    private static string Text(ConfigNode node) => node switch
    {
        ScalarNode scalar => scalar.Text,
        SequenceNode list => $"[{string.Join(", ", list.Items.Select(Text))}]",
        _ => node.Description,
    };
}
