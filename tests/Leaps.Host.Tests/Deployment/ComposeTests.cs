using Leaps.Host.Configuration;

namespace Leaps.Host.Tests.Deployment;

/// <summary>The compose file agrees with itself, with the cluster file of its nodes and with the files it
/// mounts.</summary>
public sealed class ComposeTests
{
    private static Manifest File => Manifest.Load("cluster-config/docker-compose.yaml")[0];

    private static Manifest Cluster => Manifest.Load("cluster-config/docker-compose.cluster.yaml")[0];

    private static Manifest Node => File["services", "node"];

    [Fact]
    public void Broker_database_and_nodes_are_its_services() => Assert.Equal(["broker", "database", "node"],
        File["services"].Entries.Keys.Order(StringComparer.Ordinal));

    [Fact]
    public void Nodes_wait_for_servers_that_say_when_they_are_healthy()
    {
        Assert.Equal(["broker", "database"], Node["depends_on"].Entries.Keys.Order(StringComparer.Ordinal));
        foreach (var (service, wait) in Node["depends_on"].Entries)
        {
            Assert.Equal("service_healthy", wait["condition"].Text);
            Assert.NotEmpty(File["services", service, "healthcheck", "test"].Items);
        }
    }

    [Fact]
    public void Every_volume_secret_and_config_that_a_service_uses_is_declared_and_all_are_used()
    {
        var services = File["services"].Entries.Values.ToList();
        Assert.Equal(File["secrets"].Entries.Keys.Order(), services
            .SelectMany(service => service["secrets"].Items).Select(item => item.Text).Distinct().Order());
        Assert.Equal(File["configs"].Entries.Keys.Order(), services
            .SelectMany(service => service["configs"].Items).Select(item =>
                item["source"].Text).Distinct().Order());
        Assert.Equal(File["volumes"].Entries.Keys.Order(), services
            .SelectMany(service => service.Find("volumes")?.Items ?? []).Select(item =>
                item.Text.Split(':')[0]).Order());
        Assert.All(File["configs"].Entries.Values,
            config => Assert.True(System.IO.File.Exists(Repository.PathOf(
                $"cluster-config/{config["file"].Text}"))));
    }

    [Fact]
    public void The_script_makes_every_secret_and_none_stands_in_the_file()
    {
        string script = Repository.Read("cluster-config/docker-secrets");
        foreach (var secret in File["secrets"].Entries.Values)
        {
            string name = secret["file"].Text["secrets/".Length..];
            bool made = script.Contains(name, StringComparison.Ordinal)
                // In a loop over both servers.
                || (name.Split('.') is ["broker" or "database", var kind]
                    && script.Contains($"$server.{kind}", StringComparison.Ordinal));
            Assert.True(made, $"docker-secrets does not make {name}");
        }
        foreach (var variables in File["services"].Entries.Values.Select(service =>
            service["environment"].Texts()))
        {
            Assert.All(variables.Where(item => item.Key.Contains("PASSWORD", StringComparison.Ordinal)),
                item => Assert.EndsWith("_FILE", item.Key));
        }
        Assert.Contains("/cluster-config/secrets/", Repository.Read(".gitignore"));
    }

    [Fact]
    public void The_nodes_find_what_their_cluster_file_names()
    {
        var secrets = Node["secrets"].Items.Select(item => $"/run/secrets/{item.Text}").ToList();
        Assert.All(Cluster.WithKey("password-file"), part =>
            Assert.Contains(part["password-file"].Text, secrets));
        Assert.All(Cluster.WithKey("ca-file"), part => Assert.Contains(part["ca-file"].Text, secrets));
        Assert.Equal(Node["command"].Items[^1].Text, Assert.Single(Node["configs"].Items)["target"].Text);
        Assert.Contains(Cluster["broker", "hosts"].Items[0].Text.Split(':')[0],
            File["services"].Entries.Keys);
        Assert.Contains(Cluster["database", "host"].Text, File["services"].Entries.Keys);
    }

    [Fact]
    public void A_node_has_time_to_leave()
    {
        Assert.True(Duration.TryParse(Cluster["node", "leave-patience"].Text, out var patience));
        Assert.True(Duration.TryParse(Node["stop_grace_period"].Text, out var grace));
        Assert.True(grace > patience, $"{grace} is not more than {patience}");
    }
}
