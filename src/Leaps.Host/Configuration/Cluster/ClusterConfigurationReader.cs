using System.Net;
using Leaps.Model;
using Leaps.Model.Devices;

namespace Leaps.Host.Configuration.Cluster;

/// <summary>
/// YAML → <see cref="ClusterConfiguration"/>. Every key is checked: an error is one line with the file, the
/// line (or the option), the key, and what to write instead.
/// </summary>
public static class ClusterConfigurationReader
{
    private const int MostThreads = 4096;

    /// <summary>Reads a file, with the environment and the command line over it.</summary>
    /// <exception cref="LeapsException">The file, a value or a variable is wrong.</exception>
    public static ClusterConfiguration ReadFile(string path, ClusterReading reading) =>
        Read(YamlTree.ReadFile(path), path, reading);

    private static ClusterConfiguration Read(ConfigNode? document, string path, ClusterReading reading)
    {
        if (document is null)
            throw new LeapsException($"{path}: the file is empty; it must say "
                + "what 'cluster' and 'broker' are");
        if (document is MappingNode mapping)
        {
            if (reading.Set(ClusterReading.NodeNameVariable) is { } name)
                mapping = Override.Text("node.name", ClusterReading.NodeNameVariable, name).ApplyTo(mapping);
            document = reading.Overrides.Aggregate(mapping, (changed, change) => change.ApplyTo(changed));
        }
        var top = new Section(document, "", ClusterKeys.Under);
        var cluster = new ClusterConfiguration
        {
            Name = ReadName(
                top.Require("cluster", "the cluster's name"), ClusterConfiguration.LongestClusterName),
            Broker = ServerReader.ReadBroker(Require(top, "broker", path), reading),
            Database = top.Find("database") is { } database
                ? ServerReader.ReadDatabase(database, reading) : null,
            Node = ReadNode(top.Find("node"), reading),
            Limits = ReadLimits(top.Find("limits")),
            Telemetry = ReadTelemetry(top.Find("telemetry")),
            Log = ReadLog(top.Find("log")),
        };
        if (reading.IsNode && cluster.Database is null)
            throw new LeapsException($"{path}: 'database' is missing; a node "
                + "needs host, name, user and password");
        if (top["lease"] is { } lease)
        {
            cluster = cluster with
            {
                Lease = Within(lease, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10)),
            };
        }
        if (top["administrators"] is { } administrators)
        {
            var names = administrators.Items("a list of the broker's users, such as [ada, leaps]");
            cluster = cluster with { Administrators = [.. names.Select(item => item.Text())] };
        }
        return cluster;
    }

    private static Section Require(Section top, string key, string path) => top.Find(key)
        ?? throw new LeapsException($"{path}: '{key}' is missing; it gives hosts, user and password");

    private static NodeConfiguration ReadNode(Section? section, ClusterReading reading)
    {
        var node = new NodeConfiguration { Name = reading.HostName };
        if (section?["name"] is { } name)
            node = node with { Name = ReadName(name) };
        else if (reading.IsNode && !IsName(node.Name))
            throw new LeapsException($"the host's name '{node.Name}' is no name of a node: give --name, "
                + $"1 to {ClusterConfiguration.LongestName} of A-Z a-z 0-9 . _ -");
        if (section is null)
            return node;
        if (section["threads"] is { } threads)
            node = node with { Threads = Within(threads, 0, MostThreads) };
        if (section["device"] is { } device)
            node = node with { Device = ReadDevice(device) };
        if (section["work-directory"] is { } directory)
            node = node with { WorkDirectory = ClusterReading.PathOf(directory) };
        if (section["health-port"] is { } port)
            node = node with { HealthPort = Within(port, 0, 65535) };
        if (section["health-address"] is { } address)
            node = node with
            {
                HealthAddress = IPAddress.TryParse(address.Text(), out var parsed)
                    ? parsed
                    : throw address.Error(
                        "an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all"),
            };
        if (section["leave-patience"] is { } patience)
            node = node with { LeavePatience = Within(patience, TimeSpan.Zero, TimeSpan.FromHours(1)) };
        return node;
    }

    // A word of the command line's --device, or a kind.
    private static string ReadDevice(ConfigValue value) => DeviceSelection.IsWord(value.Text())
        ? value.Device().ToString() : ReadName(value);

    private static LimitsConfiguration ReadLimits(Section? section)
    {
        var limits = new LimitsConfiguration();
        // A message holds a piece of a file, 1 MiB, and more; the broker takes none above 512 MiB.
        if (section?["message"] is { } message)
            limits = limits with { Message = (int)Within(message, 2L << 20, 512L << 20) };
        if (section?["outbox"] is { } outbox)
            limits = limits with { Outbox = Within(outbox, limits.Message, 64L << 30) };
        else if (limits.Outbox < limits.Message)
            limits = limits with { Outbox = limits.Message };
        return limits;
    }

    private static TelemetryConfiguration ReadTelemetry(Section? section)
    {
        var telemetry = new TelemetryConfiguration();
        if (section?["otlp-endpoint"] is { } endpoint)
        {
            bool good = Uri.TryCreate(endpoint.Text(), UriKind.Absolute, out var uri)
                && uri.Scheme is "http" or "https" && uri.UserInfo.Length == 0;
            telemetry = telemetry with
            {
                OtlpEndpoint = good ? uri : throw endpoint.Error("an address such as http://localhost:4317"),
            };
        }
        if (section?["interval"] is { } interval)
            telemetry = telemetry with
            {
                Interval = Within(interval, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)),
            };
        if (section?["service-name"] is { } name)
            telemetry = telemetry with { ServiceName = name.Text() };
        return telemetry;
    }

    private static LogConfiguration ReadLog(Section? section)
    {
        var log = new LogConfiguration();
        return new LogConfiguration
        {
            Format = section?["format"]?.OneOf<LogFormat>() ?? log.Format,
            Level = section?["level"]?.OneOf<LogLevel>() ?? log.Level,
        };
    }

    private static string ReadName(ConfigValue value, int longest = ClusterConfiguration.LongestName)
    {
        string name = value.Text();
        return IsName(name) && name.Length <= longest ? name
            : throw value.Error($"1 to {longest} of A-Z a-z 0-9 . _ -");
    }

    private static bool IsName(string name) => name.Length is >= 1 and <= ClusterConfiguration.LongestName
        && name.All(c => char.IsAsciiLetterOrDigit(c) || "._-".Contains(c));

    private static int Within(ConfigValue value, int least, int most) =>
        value.Integer() is var number && number >= least && number <= most ? number
            : throw value.Origin.Error($"'{value.Path}' is {number}; allowed: {least} to {most}");

    private static long Within(ConfigValue value, long least, long most) =>
        value.Size() is var size && size >= least && size <= most ? size
            : throw value.Origin.Error($"'{value.Path}' is {ByteSize.Format(size)}; allowed: "
                + $"{ByteSize.Format(least)} to {ByteSize.Format(most)}");

    private static TimeSpan Within(ConfigValue value, TimeSpan least, TimeSpan most) =>
        value.Duration() is var time && time >= least && time <= most ? time
            : throw value.Origin.Error($"'{value.Path}' is {Duration.Format(time)}; allowed: "
                + $"{Duration.Format(least)} to {Duration.Format(most)}");
}
