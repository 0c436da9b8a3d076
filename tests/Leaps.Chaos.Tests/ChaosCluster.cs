using System.Diagnostics;

namespace Leaps.Chaos.Tests;

/// <summary>The nodes of a case: processes with a link of their own to both servers.</summary>
internal sealed class ChaosCluster : IDisposable
{
    private readonly ChaosServers _servers;
    private readonly string _folder;
    private readonly bool _isTight;
    private readonly Stopwatch _clock;
    private readonly Dictionary<string, NodeLink> _links = [];
    private readonly Dictionary<string, NodeProcess> _nodes = [];
    private readonly List<string> _logs = [];
    private readonly Lock _gate = new();
    private bool _disposed;

    /// <param name="servers">of all cases</param>
    /// <param name="name">of the cluster, of no other</param>
    /// <param name="folder">for its files</param>
    /// <param name="isTight">losses are noticed after 1 s</param>
    /// <param name="clock">for the logs</param>
    public ChaosCluster(ChaosServers servers, string name, string folder, bool isTight, Stopwatch clock)
    {
        (_servers, Name, _folder, _isTight, _clock) = (servers, name, folder, isTight, clock);
        for (int n = 0; n < ChaosCase.Nodes; n++)
            Start(NameOf(n));
    }

    public string Name { get; }

    public static string NameOf(int node) => FormattableString.Invariant($"n{node}");

    /// <summary>Those that live, frozen or not.</summary>
    public IReadOnlyList<NodeProcess> Living
    {
        get
        {
            lock (_gate)
                return [.. _nodes.Values.Where(node => !node.HasExited)];
        }
    }

    /// <summary>Last lines of every process that there was.</summary>
    public IReadOnlyList<string> Logs(int lines)
    {
        lock (_gate)
        {
            foreach (var node in _nodes.Values)
                Keep(node, lines);
            return [.. _logs];
        }
    }

    /// <summary>The process of a node, should it live.</summary>
    public NodeProcess? Find(string name)
    {
        lock (_gate)
            return _nodes.GetValueOrDefault(name) is { HasExited: false } node ? node : null;
    }

    public NodeLink LinkOf(string name)
    {
        lock (_gate)
            return _links[name];
    }

    /// <summary>Starts a node, new or again; does nothing for one that lives.</summary>
    public void Start(string name)
    {
        lock (_gate)
        {
            if (_disposed || _nodes.GetValueOrDefault(name) is { HasExited: false })
                return;
            if (_nodes.Remove(name, out var former))
            {
                Keep(former, lines: 40);
                former.Dispose();
            }
            if (!_links.TryGetValue(name, out var link))
            {
                var place = NodeNamespace.TryCreate(_links.Count, _folder);
                link = new NodeLink(_servers.Broker.Port, _servers.Database.Port, place);
                _links.Add(name, link);
            }
            _nodes.Add(name, new NodeProcess(WriteFile(name), name, link.Place, _clock));
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
                return;
            _disposed = true;
            foreach (var node in _nodes.Values)
                node.Dispose();
            foreach (var link in _links.Values)
                link.Dispose();
        }
    }

    private void Keep(NodeProcess node, int lines)
    {
        string end = node.HasExited ? ", which has ended" : "";
        _logs.Add(FormattableString.Invariant($"---- {node.Name}, process {node.Id}{end}"));
        _logs.AddRange(node.Log.TakeLast(lines));
    }

    private string WriteFile(string name)
    {
        var link = _links[name];
        string file = Path.Combine(_folder, $"{name}.yaml"), work = Path.Combine(_folder, $"work-{name}");
        File.WriteAllText(file, FormattableString.Invariant($"""
            cluster: {Name}
            broker:
              hosts: ["{link.Host}:{link.BrokerPort}"]
              user: guest
              password: guest
              tls: off
              {(_isTight ? "heartbeat: 1s" : "# heartbeat: by default")}
            database:
              host: {link.Host}
              port: {link.DatabasePort}
              name: leaps
              user: leaps
              password: {_servers.Database.Password}
              tls: off
            node: {"{"}work-directory: "{work}"{"}"}
            {(_isTight ? "lease: 1s" : "# lease: by default")}
            administrators: [guest]

            """));
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return file;
    }
}
