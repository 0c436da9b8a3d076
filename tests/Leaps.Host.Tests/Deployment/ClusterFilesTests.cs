using System.Text.RegularExpressions;
using Leaps.Host.Configuration.Cluster;

namespace Leaps.Host.Tests.Deployment;

/// <summary>All YAML of cluster-config parses, and every cluster file in it is read as nodes and users
/// do.</summary>
public sealed partial class ClusterFilesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> YamlFiles => [.. Directory
        .EnumerateFiles(Repository.PathOf("cluster-config"), "*.yaml", SearchOption.AllDirectories)
        .Select(file => Path.GetRelativePath(Repository.Root, file)).Order(StringComparer.Ordinal)];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(YamlFiles))]
    public void Every_file_is_YAML_of_one_or_more_documents(string path) =>
        Assert.All(Manifest.Load(path), document => Assert.NotEmpty(document.Entries));

    [Theory]
    [InlineData("cluster-config/laptop.yaml", true)]
    [InlineData("cluster-config/docker-compose.cluster.yaml", true)]
    [InlineData("cluster-config/docker-compose.user.yaml", false)]
    [InlineData("cluster-config/kubernetes/base/cluster.yaml", true)]
    public void Every_cluster_file_is_read(string path, bool isNode)
    {
        var cluster = ReadCluster(path, isNode);
        Assert.Matches("^[a-z]+$", cluster.Name);
        // Only loopback goes without TLS, which the reader checks; what is away is known by an own authority.
        bool local = ServerReader.IsLoopback(cluster.Broker.Hosts[0].Host) && cluster.Broker.Tls is null;
        Assert.True(local || cluster.Broker.Tls!.CaFile is not null);
        Assert.Equal(isNode, cluster.Database is not null);
    }

    // Files that containers mount lie in a folder of the test.
    private ClusterConfiguration ReadCluster(string path, bool isNode)
    {
        string text = FileKey().Replace(Repository.Read(path), found =>
        {
            string file = _folder.Write(Path.GetFileName(found.Groups[2].Value), "a password of seven words");
            return found.Groups[1].Value + file;
        });
        return ClusterConfigurationReader.ReadFile(_folder.Write("cluster.yaml", text),
            new ClusterReading(isNode, name => name is "LEAPS_BROKER_PASSWORD" or "LEAPS_DATABASE_PASSWORD"
                ? "correct horse battery" : null));
    }

    [GeneratedRegex("((?:password|ca)-file: )([^ }#\n]+)")]
    private static partial Regex FileKey();
}
