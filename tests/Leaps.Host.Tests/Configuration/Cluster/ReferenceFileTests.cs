using System.Text.RegularExpressions;
using Leaps.Host.Configuration;
using Leaps.Host.Configuration.Cluster;

namespace Leaps.Host.Tests.Configuration.Cluster;

/// <summary>cluster-config/cluster.yaml says every key, and defaults that are the real ones.</summary>
public sealed partial class ReferenceFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static string Text()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Leaps.sln")))
            folder = folder.Parent;
        return File.ReadAllText(Path.Combine(folder!.FullName, "cluster-config", "cluster.yaml"));
    }

    // A line that begins with # and a key, or with #, two blanks and a key, is a setting.
    private static string WithDefaults(string text) => Setting().Replace(text, "$1");

    private ClusterConfiguration Read(string text) => ClusterConfigurationReader.ReadFile(
        _folder.Write("cluster.yaml", text), new ClusterReading(true, name => name switch
        {
            "LEAPS_BROKER_PASSWORD" or "LEAPS_DATABASE_PASSWORD" => "sesame",
            _ => null,
        }));

    [Fact]
    public void It_is_read_as_it_stands()
    {
        var c = Read(Text());
        Assert.Equal("lab", c.Name);
        Assert.NotNull(c.Broker.Tls);
        Assert.NotNull(c.Database);
    }

    [Fact]
    public void The_defaults_in_its_comments_are_the_real_ones()
    {
        var plain = Read(Text());
        var full = Read(WithDefaults(Text()));
        Assert.Equal(plain.Broker with { Hosts = full.Broker.Hosts }, full.Broker);
        Assert.Equal(plain.Broker.Hosts, full.Broker.Hosts);
        Assert.Equal(plain.Database, full.Database);
        Assert.Equal(new NodeConfiguration { Name = full.Node.Name }, full.Node);
        Assert.Equal(new LimitsConfiguration(), full.Limits);
        Assert.Equal(new TelemetryConfiguration(), full.Telemetry);
        Assert.Equal(new LogConfiguration(), full.Log);
        Assert.Equal((plain.Lease, plain.Administrators.Count), (full.Lease, full.Administrators.Count));
        Assert.Equal((TimeSpan.FromSeconds(10), 0), (full.Lease, full.Administrators.Count));
    }

    [Fact]
    public void It_names_every_key_once()
    {
        var keys = new List<string>();
        Collect(YamlTree.Parse(WithDefaults(Text()), line => new Origin("", line))!, "");
        Assert.Equal(ConfigurationKeys.Values("", ClusterKeys.Under).Order(StringComparer.Ordinal),
            keys.Order(StringComparer.Ordinal));

        void Collect(ConfigNode node, string path)
        {
            if (node is MappingNode mapping)
            {
                foreach (var entry in mapping.Entries)
                    Collect(entry.Value, path.Length == 0 ? entry.Key : $"{path}.{entry.Key}");
            }
            else
                keys.Add(path);
        }
    }

    [GeneratedRegex("^( *)#(?=[a-z]|  [a-z])", RegexOptions.Multiline)]
    private static partial Regex Setting();
}
