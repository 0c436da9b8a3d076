using System.Globalization;
using System.Net;

namespace Leaps.Host.Configuration.Cluster;

/// <summary>Reads the sections 'broker' and 'database': where the servers are, and who we are
/// there.</summary>
internal static class ServerReader
{
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1), Longest = TimeSpan.FromMinutes(10);

    public static BrokerConfiguration ReadBroker(Section section, ClusterReading reading)
    {
        var hosts = ReadHosts(section.Require("hosts", "the broker's nodes, such as [localhost:5672]"));
        string user = section.Require("user", "the broker's user that we are").Text();
        var password =
            PasswordReader.Read(section, "broker", ClusterReading.BrokerPasswordVariable, reading);
        var broker = new BrokerConfiguration
        {
            Hosts = hosts,
            User = user,
            Password = password,
            Tls = ReadTls(section, hosts.FirstOrDefault(host => !IsLoopback(host.Host))?.ToString(), true),
        };
        if (hosts.FirstOrDefault(host => !IsLoopback(host.Host)) is { } distant)
            PasswordReader.CheckStrength(section, "broker", user, password, distant.ToString());
        if (section["virtual-host"] is { } virtualHost)
            broker = broker with { VirtualHost = virtualHost.Text() };
        if (section["heartbeat"] is { } heartbeat)
            broker = broker with { Heartbeat = ReadHeartbeat(heartbeat) };
        return broker;
    }

    /// <summary>Null where the command line reads: it needs neither the password nor the files.</summary>
    public static DatabaseConfiguration? ReadDatabase(Section section, ClusterReading reading)
    {
        string host = section.Require("host", "the database's server").Text();
        string? distant = IsLoopback(host) ? null : host;
        string name = section.Require("name", "the database").Text();
        string user = section.Require("user", "the database's user that we are").Text();
        var port = section["port"];
        PasswordReader.CheckForm(section, "database");
        var tls = ReadTls(section, distant, reading.IsNode);
        int number = port is { } given ? ReadPort(given) : 5432;
        if (!reading.IsNode)
            return null;
        var password =
            PasswordReader.Read(section, "database", ClusterReading.DatabasePasswordVariable, reading);
        if (distant is not null)
            PasswordReader.CheckStrength(section, "database", user, password, distant);
        return new DatabaseConfiguration
        {
            Host = host,
            Port = number,
            Name = name,
            User = user,
            Password = password,
            Tls = tls,
        };
    }

    /// <summary>Of this machine: a socket's folder, "localhost", or an address of loopback.</summary>
    public static bool IsLoopback(string host) => host.StartsWith('/')
        || host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));

    // Null: off.
    private static TlsConfiguration? ReadTls(Section section, string? distant, bool filesMustExist)
    {
        if (section["tls"] is not { } value)
            return new TlsConfiguration();
        if (value.Node is ScalarNode { Text: "off" })
        {
            return distant is null ? null : throw value.Origin.Error(
                $"'{value.Path}' may be off for a server on this machine only, and {distant} is another: "
                    + "leave it out, or give ca-file");
        }
        if (value.Node is not MappingNode)
            throw value.Error("off, or a mapping such as {ca-file: ca.pem}");
        var tls = section.Find("tls")!;
        string? FileOf(string key) => tls[key] is not { } file ? null
            : filesMustExist ? ClusterReading.ExistingFile(file) : ClusterReading.PathOf(file);
        bool isBroker = value.Path == "broker.tls";
        var read = new TlsConfiguration
        {
            CaFile = FileOf("ca-file"),
            ServerName = isBroker ? tls["server-name"]?.Text() : null,
            CertificateFile = isBroker ? FileOf("certificate-file") : null,
            KeyFile = isBroker ? FileOf("key-file") : null,
        };
        if (read is { KeyFile: not null, CertificateFile: null })
            throw tls["key-file"]!.Value.Origin.Error(
                $"'{value.Path}.key-file' needs '{value.Path}.certificate-file', whose key it is");
        return read;
    }

    private static List<ServerAddress> ReadHosts(ConfigValue value)
    {
        const string Expected = "a list of host:port, such as [localhost:5672]";
        var hosts = value.Items(Expected).Select(ReadHost).ToList();
        return hosts.Count > 0 ? hosts : throw value.Origin.Error($"'{value.Path}' must be {Expected}");
    }

    private static ServerAddress ReadHost(ConfigValue item)
    {
        string text = item.Text();
        int colon = text.LastIndexOf(':');
        string host = colon > 0 ? text[..colon].Trim('[', ']') : "";
        bool good = host.Length > 0 && !host.Any(c => char.IsWhiteSpace(c) || c is '/' or '@')
            && int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out _)
            && (!host.Contains(':') || text.StartsWith('['));
        if (!good)
            throw item.Error("host:port, such as localhost:5672");
        int port = int.Parse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture);
        return port is >= 1 and <= 65535 ? new ServerAddress(host, port)
            : throw item.Origin.Error($"'{item.Path}': port is {port}; allowed: 1 to 65535");
    }

    private static int ReadPort(ConfigValue value) => value.Integer() is >= 1 and <= 65535 and var port
        ? port : throw value.Origin.Error($"'{value.Path}' is {value.Integer()}; allowed: 1 to 65535");

    private static TimeSpan ReadHeartbeat(ConfigValue value)
    {
        var heartbeat = value.Duration();
        return heartbeat >= Shortest && heartbeat <= Longest && heartbeat.Ticks % TimeSpan.TicksPerSecond == 0
            ? heartbeat : throw value.Origin.Error(
                $"'{value.Path}' is {Duration.Format(heartbeat)}; allowed: 1s to 10m, whole seconds");
    }
}
