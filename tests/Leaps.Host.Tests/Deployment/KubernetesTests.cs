using System.Diagnostics;
using Leaps.Host.Configuration;
using Leaps.Host.Configuration.Cluster;

namespace Leaps.Host.Tests.Deployment;

/// <summary>
/// The manifests agree with each other and with the cluster file that they mount. Their fields were compared
/// with the schemas of cluster operator (v1beta1) and CloudNativePG (v1) by hand; here is what would break a
/// cluster.
/// </summary>
public sealed class KubernetesTests
{
    private const string Base = "cluster-config/kubernetes/base";

    // What somebody else makes, and its keys: README.md of the folder has the same table.
    private static readonly Dictionary<string, string[]> Secrets = new()
    {
        ["leaps-broker-definitions"] = ["definitions.json"],
        ["leaps-broker"] = ["username", "password"],
        ["leaps-database"] = ["username", "password"],
        ["leaps-broker-tls"] = ["ca.crt", "tls.crt", "tls.key"],
        ["leaps-database-ca"] = ["ca.crt"],
    };

    private static IReadOnlyList<Manifest> All() =>
    [
        .. Manifest.Load($"{Base}/kustomization.yaml")[0]["resources"].Items
            .SelectMany(file => Manifest.Load($"{Base}/{file.Text}")),
    ];

    private static Manifest Of(string kind, string? name = null) => Assert.Single(All(), manifest =>
        manifest["kind"].Text == kind && (name is null || manifest["metadata", "name"].Text == name));

    private static Manifest Pod() => Of("StatefulSet")["spec", "template"];

    private static Manifest Container() => Pod()["spec", "containers"].Named("leaps");

    private static Manifest ClusterFile() => Manifest.Load($"{Base}/cluster.yaml")[0];

    [Fact]
    public void Every_manifest_is_of_a_kind_and_version_that_there_is()
    {
        string[] kinds = [.. All().Select(manifest =>
            $"{manifest["apiVersion"].Text} {manifest["kind"].Text} {manifest["metadata", "name"].Text}")];
        Assert.Equal(
        [
            "apps/v1 StatefulSet leaps-node", "cert-manager.io/v1 Certificate leaps-broker",
            "cert-manager.io/v1 Certificate leaps-ca", "cert-manager.io/v1 Issuer leaps-ca",
            "cert-manager.io/v1 Issuer leaps-self-signed", "policy/v1 PodDisruptionBudget leaps-node",
            "postgresql.cnpg.io/v1 Cluster leaps-database",
            "rabbitmq.com/v1beta1 RabbitmqCluster leaps-broker",
            "v1 Service leaps-node",
        ], kinds.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Selectors_match_the_labels_of_the_pods()
    {
        var labels = Pod()["metadata", "labels"].Texts();
        Assert.Equal(labels, Of("StatefulSet")["spec", "selector", "matchLabels"].Texts());
        Assert.Equal(labels, Of("Service")["spec", "selector"].Texts());
        Assert.Equal(labels, Of("PodDisruptionBudget")["spec", "selector", "matchLabels"].Texts());
        Assert.Equal("None", Of("Service")["spec", "clusterIP"].Text);
        Assert.Equal(Of("Service")["metadata", "name"].Text, Of("StatefulSet")["spec", "serviceName"].Text);
    }

    [Fact]
    public void Probes_ask_the_port_of_the_cluster_file()
    {
        int port = ClusterFile()["node", "health-port"].Number;
        Assert.Equal(port, Container()["ports"].Named("health")["containerPort"].Number);
        Assert.Equal(port, Of("Service")["spec", "ports"].Named("health")["port"].Number);
        foreach (var (probe, path) in ((string, string)[])
            [("startupProbe", "/healthz"), ("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")])
        {
            Assert.Equal("health", Container()[probe, "httpGet", "port"].Text);
            Assert.Equal(path, Container()[probe, "httpGet", "path"].Text);
        }
    }

    [Fact]
    public void A_pod_is_not_killed_before_its_actors_have_left()
    {
        Assert.True(Duration.TryParse(ClusterFile()["node", "leave-patience"].Text, out var patience));
        int grace = Pod()["spec", "terminationGracePeriodSeconds"].Number;
        // What follows: connections close within 5 s each, and the process ends.
        Assert.InRange(grace, patience.TotalSeconds + 20, 600);
    }

    [Fact]
    public void Every_secret_and_every_key_that_is_asked_for_is_one_that_is_made()
    {
        foreach (var reference in Pod().WithKey("secretKeyRef").Select(part => part["secretKeyRef"]))
            Assert.Contains(reference["key"].Text, Secrets[reference["name"].Text]);
        foreach (var volume in All().SelectMany(manifest => manifest.WithKey("items"))
            .Where(part => part.Find("secretName") is not null))
            Assert.All(volume["items"].Items, item =>
                Assert.Contains(item["key"].Text, Secrets[volume["secretName"].Text]));
        Assert.Contains(Of("RabbitmqCluster")["spec", "tls", "secretName"].Text, Secrets.Keys);
        Assert.Equal("leaps-broker-tls", Of("Certificate", "leaps-broker")["spec", "secretName"].Text);
        Assert.Equal(ClusterReading.BrokerPasswordVariable, ClusterFile()["broker", "password-env"].Text);
        Assert.Equal(ClusterReading.DatabasePasswordVariable, ClusterFile()["database", "password-env"].Text);
        string table = Repository.Read("cluster-config/kubernetes/README.md");
        Assert.All(Secrets, secret =>
            Assert.Contains($"| {secret.Key} | {string.Join(", ", secret.Value)} |", table));
    }

    [Fact]
    public void Files_lie_where_the_cluster_file_looks_for_them()
    {
        var mounts = Container()["volumeMounts"].Items.ToDictionary(
            mount => mount["mountPath"].Text, mount => mount["name"].Text);
        var volumes = Pod()["spec", "volumes"];
        foreach (string server in (string[])["broker", "database"])
        {
            string file = ClusterFile()[server, "tls", "ca-file"].Text;
            var items = volumes.Named(mounts[Path.GetDirectoryName(file)!])["secret", "items"].Items;
            Assert.Contains(items, item => item["path"].Text == Path.GetFileName(file));
        }
        Assert.Contains(ClusterFile()["node", "work-directory"].Text, mounts.Keys);
        string cluster = Container()["args"].Items[^1].Text;
        Assert.Equal("leaps-cluster",
            volumes.Named(mounts[Path.GetDirectoryName(cluster)!])["configMap", "name"].Text);
        var generated =
            Assert.Single(Manifest.Load($"{Base}/kustomization.yaml")[0]["configMapGenerator"].Items);
        Assert.Equal(("leaps-cluster", Path.GetFileName(cluster)),
            (generated["name"].Text, Assert.Single(generated["files"].Items).Text));
    }

    [Fact]
    public void The_broker_and_the_database_have_the_names_that_nodes_call_them_by()
    {
        string broker = Assert.Single(ClusterFile()["broker", "hosts"].Items).Text.Split(':')[0];
        Assert.Equal(broker, Of("RabbitmqCluster")["metadata", "name"].Text);
        Assert.Contains(Of("Certificate", "leaps-broker")["spec", "dnsNames"].Items, name =>
            name.Text == broker);
        Assert.Equal(Of("Cluster")["metadata", "name"].Text + "-rw", ClusterFile()["database", "host"].Text);
        var initial = Of("Cluster")["spec", "bootstrap", "initdb"];
        Assert.Equal(ClusterFile()["database", "name"].Text, initial["database"].Text);
        Assert.Equal(ClusterFile()["database", "user"].Text, initial["owner"].Text);
        Assert.Equal("leaps-database", initial["secret", "name"].Text);
    }

    [Fact]
    public void A_pod_has_no_rights()
    {
        Assert.Equal("true", Pod()["spec", "securityContext", "runAsNonRoot"].Text);
        Assert.Contains($"USER {Pod()["spec", "securityContext", "runAsUser"].Text}:",
            Repository.Read("Dockerfile"));
        var container = Container()["securityContext"];
        Assert.Equal("true", container["readOnlyRootFilesystem"].Text);
        Assert.Equal("false", container["allowPrivilegeEscalation"].Text);
        Assert.Equal("ALL", Assert.Single(container["capabilities", "drop"].Items).Text);
    }

    [Fact]
    public void The_overlay_asks_for_one_GPU_a_pod_of_the_same_container()
    {
        var patch = Assert.Single(Manifest.Load("cluster-config/kubernetes/gpu/nodes.yaml"));
        Assert.Equal(Of("StatefulSet")["metadata", "name"].Text, patch["metadata", "name"].Text);
        var container = patch["spec", "template", "spec", "containers"].Named("leaps");
        Assert.Equal(1, container["resources", "limits", "nvidia.com/gpu"].Number);
    }

    [Theory]
    [InlineData("base", false)]
    [InlineData("gpu", true)]
    public async Task Kustomize_builds_base_and_overlay(string folder, bool gpu)
    {
        Process? process = null;
        try
        {
            process = Process.Start(new ProcessStartInfo(
                "kubectl", ["kustomize", Repository.PathOf($"cluster-config/kubernetes/{folder}")])
            { RedirectStandardOutput = true, RedirectStandardError = true });
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("kubectl is not installed: the overlay is checked by its fields alone.");
        }
        using (process)
        {
            var error = process!.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            string built = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(process.ExitCode == 0, await error);
            Assert.Equal(gpu, built.Contains("nvidia.com/gpu: 1", StringComparison.Ordinal));
            Assert.Contains("name: leaps-cluster-", built, StringComparison.Ordinal);
        }
    }
}
