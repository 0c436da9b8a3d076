using Leaps.Host.Configuration;
using Leaps.Host.Configuration.Cluster;
using Leaps.Model;

namespace Leaps.Host.Tests.Configuration.Cluster;

public sealed class ClusterConfigurationTests : IDisposable
{
    private const string Minimal = """
        cluster: lab
        broker:
          hosts: [localhost:5672]
          user: ada
          password-env: SECRET
          tls: off
        database:
          host: /run/postgresql
          name: leaps
          user: ada
          password-env: SECRET
          tls: off

        """;

    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, string> _variables = new() { ["SECRET"] = "pass word" };

    public void Dispose() => _folder.Dispose();

    private string PathOf(string name) => _folder.PathOf(name);

    private ClusterReading Reading(bool isNode, params string[] sets) =>
        new(isNode, name => _variables.GetValueOrDefault(name))
        {
            Overrides = [.. sets.Select(Override.Parse)],
            HostName = "host-1",
        };

    private ClusterConfiguration Read(string text, params string[] sets)
    {
        string file = _folder.Write("cluster.yaml", text);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return ClusterConfigurationReader.ReadFile(file, Reading(true, sets));
    }

    private string Refusal(string text, params string[] sets)
    {
        string message = Assert.Throws<LeapsException>(() => Read(text, sets)).Message;
        Assert.DoesNotContain('\n', message);
        return message.Replace(_folder.Path + "/", "", StringComparison.Ordinal);
    }

    [Fact]
    public void Every_key_reaches_the_option_it_stands_for()
    {
        _folder.Write("ca.pem", "");
        _folder.Write("me.pem", "");
        _folder.Write("me.key", "");
        _folder.Write("db.pem", "");
        _folder.Write("secret", "sesame\n");

        var c = Read("""
            cluster: Lab_1.x
            broker:
              hosts: [b1.example.org:5671, '[::1]:5672']
              virtual-host: leaps
              user: ada
              password-file: secret
              tls: {ca-file: ca.pem, server-name: broker, certificate-file: me.pem, key-file: me.key}
              heartbeat: 5s
            database: {host: db.example.org, port: 5433, name: runs, user: bob,
                       password: 'o: "x"', tls: {ca-file: db.pem}}
            node: {name: n-1, threads: 3, device: simd-fma, work-directory: tmp, health-port: 8080,
                   leave-patience: 2m}
            lease: 3s
            administrators: [ada, bob]
            limits: {message: 32MiB, outbox: 1GiB}
            telemetry: {otlp-endpoint: 'http://localhost:4317', interval: 30s, service-name: lab}
            log: {format: json, level: debug}
            """);

        Assert.Equal(("Lab_1.x", TimeSpan.FromSeconds(3)), (c.Name, c.Lease));
        Assert.Equal([new("b1.example.org", 5671), new("::1", 5672)], c.Broker.Hosts);
        Assert.Equal(("leaps", "ada", new Secret("sesame"), TimeSpan.FromSeconds(5)),
            (c.Broker.VirtualHost, c.Broker.User, c.Broker.Password, c.Broker.Heartbeat));
        Assert.Equal(new TlsConfiguration
        {
            CaFile = PathOf("ca.pem"),
            ServerName = "broker",
            CertificateFile = PathOf("me.pem"),
            KeyFile = PathOf("me.key"),
        }, c.Broker.Tls);
        Assert.Equal(new DatabaseConfiguration
        {
            Host = "db.example.org",
            Port = 5433,
            Name = "runs",
            User = "bob",
            Password = new Secret("o: \"x\""),
            Tls = new TlsConfiguration { CaFile = PathOf("db.pem") },
        }, c.Database);
        Assert.Equal(new NodeConfiguration
        {
            Name = "n-1",
            Threads = 3,
            Device = "simd-fma",
            WorkDirectory = PathOf("tmp"),
            HealthPort = 8080,
            LeavePatience = TimeSpan.FromMinutes(2),
        }, c.Node);
        Assert.Equal(["ada", "bob"], c.Administrators);
        Assert.Equal(new LimitsConfiguration { Message = 32 << 20, Outbox = 1L << 30 }, c.Limits);
        Assert.Equal(new TelemetryConfiguration
        {
            OtlpEndpoint = new Uri("http://localhost:4317"),
            Interval = TimeSpan.FromSeconds(30),
            ServiceName = "lab",
        }, c.Telemetry);
        Assert.Equal(new LogConfiguration { Format = LogFormat.Json, Level = LogLevel.Debug }, c.Log);
    }

    [Fact]
    public void The_command_line_stands_above_the_environment_and_that_above_the_file()
    {
        string text = Minimal + "node: {name: of-file}\n";
        Assert.Equal("of-file", Read(text).Node.Name);
        _variables["LEAPS_NODE_NAME"] = "of-environment";
        _variables["LEAPS_BROKER_PASSWORD"] = "b";
        _variables["LEAPS_DATABASE_PASSWORD"] = "d";
        var c = Read(text);
        Assert.Equal(("of-environment", "b", "d"),
            (c.Node.Name, c.Broker.Password.Text, c.Database!.Password.Text));
        c = Read(text, "node.name=of-option", "lease=20s", "node.threads=5");
        Assert.Equal(("of-option", TimeSpan.FromSeconds(20), 5), (c.Node.Name, c.Lease, c.Node.Threads));
        _variables.Clear();
        _variables["SECRET"] = "";
        Assert.Equal(("host-1", ""), (Read(Minimal).Node.Name, Read(Minimal).Broker.Password.Text));
        // A password needs no key where the environment has it.
        _variables["LEAPS_BROKER_PASSWORD"] = "b";
        Assert.Equal("b", Read(Minimal, "broker.password-env=null").Broker.Password.Text);
    }

    [Fact]
    public void The_command_line_needs_neither_the_databases_password_nor_its_files()
    {
        string text = Minimal[..^"  password-env: SECRET\n  tls: off\n".Length]
            + "  password-env: NONE\n  tls: {ca-file: none.pem}\n";
        string file = _folder.Write("cluster.yaml", text);

        Assert.Null(ClusterConfigurationReader.ReadFile(file, Reading(false)).Database);
        Assert.Equal(
            "cluster.yaml, line 12: 'database.tls.ca-file': there is no file none.pem", Refusal(text));
        Assert.Equal("cluster.yaml: 'database' is missing; a node needs host, name, user and password",
            Refusal(Minimal[..Minimal.IndexOf("database", StringComparison.Ordinal)]));
    }

    [Fact]
    public void No_text_of_a_configuration_shows_a_password()
    {
        var c = Read(Minimal);
        Assert.Equal("pass word", c.Broker.Password.Text);
        Assert.DoesNotContain("pass word", c.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("pass word", c.Database!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_password_in_a_file_that_others_can_read_is_refused()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("files have no modes here");
            return;
        }
        string text = Minimal.Replace("password-env: SECRET", "password: sesame", StringComparison.Ordinal);
        Assert.Equal("sesame", Read(text).Broker.Password.Text);
        string file = _folder.PathOf("cluster.yaml"), link = _folder.PathOf("link.yaml");
        File.CreateSymbolicLink(link, file);
        Assert.Equal("sesame", ClusterConfigurationReader.ReadFile(link, Reading(true)).Broker.Password.Text);
        UnixFileMode[] modes = [UnixFileMode.GroupRead, UnixFileMode.OtherRead, UnixFileMode.GroupWrite];
        foreach (var mode in modes)
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | mode);
            foreach (bool isNode in new[] { true, false })
            {
                Assert.Equal($"{file}, line 5: 'broker.password' is in a file that other users can read: "
                    + $"chmod 600 {file}, or use 'password-file' or 'password-env'",
                    Assert.Throws<LeapsException>(
                        () => ClusterConfigurationReader.ReadFile(file, Reading(isNode))).Message);
            }
        }
    }

    [Theory]
    [InlineData("auto")]
    [InlineData("cpu")]
    [InlineData("cuda")]
    [InlineData("cuda:1,0")]
    [InlineData("simd-fma")]
    [InlineData("cuda-9.0-tf32")]
    public void The_device_of_a_node_is_a_word_of_the_command_line_or_a_kind(string device) =>
        Assert.Equal(device, Read($$"""
            cluster: lab
            broker: {hosts: [127.0.0.1:5672], user: ada, password: sesame, tls: off}
            database: {host: 127.0.0.1, name: runs, user: ada, password: sesame, tls: off}
            node: {device: '{{device}}'}
            """).Node.Device);

    [Theory]
    [InlineData("cluster: lab", "claster: lab", "line 1: unknown key 'claster'; did you mean 'cluster'?")]
    [InlineData("cluster: lab", "lease: 1s", "line 1: 'cluster' is missing; it gives the cluster's name")]
    [InlineData("cluster: lab", "cluster: a b",
        "line 1: 'cluster' must be 1 to 20 of A-Z a-z 0-9 . _ -, not 'a b'")]
    [InlineData("  user: ada", "  usr: ada", "line 4: unknown key 'usr' "
        + "under 'broker'; did you mean 'user'?")]
    [InlineData("[localhost:5672]", "localhost:5672", "line 3: 'broker.hosts' must be a list of host:port, "
        + "such as [localhost:5672], not 'localhost:5672'")]
    [InlineData("[localhost:5672]", "[]",
        "line 3: 'broker.hosts' must be a list of host:port, such as [localhost:5672]")]
    [InlineData("localhost:5672", "localhost",
        "line 3: 'broker.hosts[0]' must be host:port, such as localhost:5672, not 'localhost'")]
    [InlineData("localhost:5672", "localhost:0", "line 3: 'broker.hosts[0]': port is 0; allowed: 1 to 65535")]
    [InlineData("localhost:5672", "'::1:5672'",
        "line 3: 'broker.hosts[0]' must be host:port, such as localhost:5672, not the text \"::1:5672\"")]
    [InlineData("localhost:5672", "localhost:5672, amqp://x:1", "line 3: 'broker.hosts[1]' must be "
        + "host:port, such as "
        + "localhost:5672, not 'amqp://x:1'")]
    [InlineData("localhost:5672", "localhost:5672, b2:5672", "line 6: 'broker.tls' may be off for a server "
        + "on this machine only, and b2:5672 is another: leave it out, or give ca-file")]
    [InlineData("  tls: off\ndatabase", "  tls: on\ndatabase",
        "line 6: 'broker.tls' must be off, or a mapping such as {ca-file: ca.pem}, not 'on'")]
    [InlineData("  tls: off\ndatabase", "  tls: {ca: x}\ndatabase", "line 6: unknown key 'ca' under "
        + "'broker.tls'; known keys: ca-file, server-name, certificate-file, key-file")]
    [InlineData("  tls: off\ndatabase", "  tls: {ca-file: x.pem}\ndatabase",
        "line 6: 'broker.tls.ca-file': there is no file x.pem")]
    [InlineData("  tls: off\ndatabase", "  tls: {key-file: "
        + "cluster.yaml}\ndatabase", "line 6: 'broker.tls.key-file' "
        + "needs 'broker.tls.certificate-file', whose key it is")]
    [InlineData("  tls: off\ndatabase", "  heartbeat: 500ms\ndatabase",
        "line 6: 'broker.heartbeat' is 500ms; allowed: 1s to 10m, whole seconds")]
    [InlineData("host: /run/postgresql", "host: db.example.org", "line 12: 'database.tls' may be off for a "
        + "server on this machine only, and db.example.org is another: leave it out, or give ca-file")]
    [InlineData("  name: leaps", "  port: 70000\n  name: leaps",
        "line 9: 'database.port' is 70000; allowed: 1 to 65535")]
    [InlineData("  name: leaps\n", "", "line 8: 'database.name' is missing; it gives the database")]
    [InlineData("  password-env: SECRET\n  tls: off\ndatabase", "  tls: off\ndatabase", "line 3: 'broker' "
        + "has no password: give 'password-file' or 'password-env', or set the environment variable "
        + "LEAPS_BROKER_PASSWORD")]
    [InlineData("  tls: off\ndatabase", "  password-file: x\n  tls: off\ndatabase", "line 6: 'broker' has 2 "
        + "passwords ('broker.password-file', 'broker.password-env'): leave one of them")]
    [InlineData("password-env: SECRET\n  tls: off\ndatabase", "password-env: OTHER\n  tls: off\ndatabase",
        "line 5: 'broker.password-env': the environment variable OTHER is not set")]
    [InlineData("password-env: SECRET\n  tls: off\ndatabase", "password-file: none\n  tls: off\ndatabase",
        "line 5: 'broker.password-file': there is no file none")]
    [InlineData("password-env: SECRET\n  tls: off\ndatabase", "password-file: cluster.yaml\n  tls: "
        + "off\ndatabase",
        "line 5: 'broker.password-file': cluster.yaml must hold the password alone, in one line")]
    [InlineData("password-env: SECRET\n  tls: off\ndatabase", "password: ${SECRET}\n  tls: off\ndatabase",
        "line 5: 'broker.password': variables are not expanded here; write password-env: SECRET")]
    [InlineData("password-env: SECRET\n  tls: off\ndatabase", "password: [x]\n  tls: off\ndatabase",
        "line 5: 'broker.password' must be a text of one line")]
    [InlineData("", "node: {name: a b}\n",
        "line 13: 'node.name' must be 1 to 60 of A-Z a-z 0-9 . _ -, not 'a b'")]
    [InlineData("", "node: {device: 'cuda:x'}\n", "line 13: The device "
        + "'cuda:x' has no GPU number in 'x': use cpu, cuda, cuda:0,1 (the numbers of nvidia-smi) or auto.")]
    [InlineData("", "node: {threads: -1}\n", "line 13: 'node.threads' is -1; allowed: 0 to 4096")]
    [InlineData("", "node: {health-port: 65536}\n", "line 13: "
        + "'node.health-port' is 65536; allowed: 0 to 65535")]
    [InlineData("", "node: {leave-patience: 2h}\n",
        "line 13: 'node.leave-patience' is 2h; allowed: 0 to 1h")]
    [InlineData("", "lease: 900ms\n", "line 13: 'lease' is 900ms; allowed: 1s to 10m")]
    [InlineData("", "lease: 10\n", "line 13: 'lease' must be a duration such as 90s, 30m or 2h, not '10'")]
    [InlineData("", "administrators: ada\n",
        "line 13: 'administrators' must be a list of the broker's users, such as [ada, leaps], not 'ada'")]
    [InlineData("", "limits: {message: 64}\n",
        "line 13: 'limits.message' must be a size such as 512KiB, 64MiB or 1GiB, not '64'")]
    [InlineData("", "limits: {message: 1MiB}\n", "line 13: 'limits.message' "
        + "is 1MiB; allowed: 2MiB to 512MiB")]
    [InlineData("", "limits: {outbox: 1MiB}\n", "line 13: 'limits.outbox' is 1MiB; allowed: 64MiB to 64GiB")]
    [InlineData("", "telemetry: {otlp-endpoint: localhost}\n", "line 13: 'telemetry.otlp-endpoint' must be "
        + "an address such as http://localhost:4317, not 'localhost'")]
    [InlineData("", "telemetry: {interval: 0}\n", "line 13: 'telemetry.interval' is 0; allowed: 1s to 1h")]
    [InlineData("", "log: {level: loud}\n",
        "line 13: 'log.level' must be one of debug, info, warning, error, not 'loud'")]
    [InlineData("", "log:\n", "line 13: 'log' has no value; write {} for the defaults, or leave the key out")]
    public void A_wrong_line_is_named_and_explained(string right, string wrong, string message)
    {
        Assert.Contains(right, Minimal, StringComparison.Ordinal);
        int at = right.Length == 0 ? Minimal.Length : Minimal.IndexOf(right, StringComparison.Ordinal);
        Assert.Equal("cluster.yaml, "
            + $"{message}", Refusal(Minimal[..at] + wrong + Minimal[(at + right.Length)..]));
    }

    [Theory]
    [InlineData("guest", "guest")]
    [InlineData("ada", "ADA")]
    [InlineData("ada", "changeme")]
    [InlineData("ada", "")]
    public void What_anybody_would_try_is_refused_off_this_machine_alone(string user, string password)
    {
        _variables["SECRET"] = password;
        string text = Minimal.Replace("user: ada", $"user: {user}", StringComparison.Ordinal);
        Assert.Equal(password, Read(text).Broker.Password.Text);
        string reason = password.Length == 0
            ? "the password of '{0}' is empty, and {1} is another machine: give user '{2}' a password"
            : "the password of user '{2}' in '{0}' is one that everybody tries, and {1} is another machine: "
                + "set another";
        Assert.Equal("cluster.yaml, line 3: " + string.Format(null, reason, "broker", "b:5671", user),
            Refusal(text.Replace("localhost:5672", "localhost:5672, b:5671", StringComparison.Ordinal)
                .Replace("  tls: off\ndatabase", "database", StringComparison.Ordinal)));
        Assert.Equal("cluster.yaml, line 8: " + string.Format(null, reason, "database", "db", user),
            Refusal(text.Replace("/run/postgresql", "db", StringComparison.Ordinal)
                [..^"  tls: off\n".Length]));
    }

    [Fact]
    public void A_value_of_the_command_line_is_named_by_its_option_and_a_password_not_at_all()
    {
        Assert.Equal("--set lease=1h: 'lease' is 1h; allowed: 1s to 10m", Refusal(Minimal, "lease=1h"));
        Assert.Equal("--set broker.password: a password on the command line is seen by everybody on this "
            + "machine: use broker.password-file or broker.password-env",
            Refusal(Minimal, "broker.password=sesame", "broker.password-env=null"));
        _variables["LEAPS_NODE_NAME"] = "a b";
        Assert.Equal("LEAPS_NODE_NAME a b: 'node.name' must be 1 to 60 of A-Z a-z 0-9 . _ -, not the text "
            + "\"a b\"",
            Refusal(Minimal).Replace("'a b'", "the text \"a b\"", StringComparison.Ordinal));
    }

    [Fact]
    public void A_file_that_is_empty_or_missing_is_named()
    {
        Assert.Equal("cluster.yaml: the file is empty; it must say "
            + "what 'cluster' and 'broker' are", Refusal(""));
        Assert.Equal("cluster.yaml: 'broker' is missing; it gives hosts, user and password",
            Refusal("cluster: lab"));
        Assert.Equal("none.yaml: no such file", Assert.Throws<LeapsException>(
            () => ClusterConfigurationReader.ReadFile("none.yaml", Reading(true))).Message);
    }
}
