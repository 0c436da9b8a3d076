using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Leaps.Servers;

/// <summary>
/// A real RabbitMQ broker on loopback, with ports, node name, cookie and folders of its own: it can be
/// stopped, killed and started again with its data, and leaves nothing behind.
/// </summary>
public sealed class RabbitMqServer : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(30);

    private readonly string _folder;
    private readonly string _programs;
    private readonly ErlangNames _names;
    private readonly int _distributionPort = FreePort.Next();
    private Process? _process;

    private RabbitMqServer(string programs, RabbitMqOptions options, ErlangNames names, string name,
        IReadOnlyList<string> configuration)
    {
        _programs = programs;
        _names = names;
        Node = $"{name}@localhost";
        Port = FreePort.Next();
        _folder = Directory.CreateTempSubdirectory("leaps-rabbitmq-").FullName;
        File.WriteAllText(InFolder("definitions.json"), options.Definitions());
        File.WriteAllLines(InFolder("rabbitmq.conf"), [.. Configuration(options), .. configuration]);
        File.WriteAllText(InFolder("enabled_plugins"), "[].");
        names.WriteCookie(_folder);
    }

    /// <summary>Of the AMQP listener, TLS or not, on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>The node's name in Erlang.</summary>
    public string Node { get; }

    public bool IsRunning => _process is { HasExited: false };

    /// <exception cref="ServerMissingException">RabbitMQ is not installed.</exception>
    public static async Task<RabbitMqServer> Start(
        RabbitMqOptions? options = null, CancellationToken cancellation = default)
    {
        var server = Create(options ?? new RabbitMqOptions(), ErlangNames.Start(), "rabbit", []);
        try
        {
            await server.Start(cancellation).ConfigureAwait(false);
            return server;
        }
        catch
        {
            await server.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    internal static RabbitMqServer Create(RabbitMqOptions options, ErlangNames names, string name,
        IReadOnlyList<string> configuration) =>
        new(FindPrograms(), options, names, name, configuration);

    /// <summary>
    /// Starts the broker, again with the data that it had, and waits until it takes connections.
    /// </summary>
    public async Task Start(CancellationToken cancellation)
    {
        if (IsRunning)
            throw new InvalidOperationException($"{Node} is running.");
        _process?.Dispose();
        _process = Process.Start(StartInfo()) ?? throw new InvalidOperationException("sh did not start.");
        var output = new List<string>();
        DataReceivedEventHandler keep = (_, line) =>
        {
            lock (output)
                output.Add(line.Data ?? "");
        };
        _process.OutputDataReceived += keep;
        _process.ErrorDataReceived += keep;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(StartLimit);
        while (!await Listens(limit.Token).ConfigureAwait(false))
        {
            if (_process.HasExited)
            {
                lock (output)
                    throw new InvalidOperationException(
                        $"RabbitMQ ended with {_process.ExitCode}:\n"
                        + string.Join('\n', output.TakeLast(40)));
            }
            await Task.Delay(50, limit.Token).ConfigureAwait(false);
        }
    }

    /// <summary>Stops the broker as a system's shutdown would.</summary>
    public async Task Stop(CancellationToken cancellation = default)
    {
        if (_process is not { HasExited: false } process)
            return;
        using var kill = Process.Start("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)]);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(StopLimit);
        await process.WaitForExitAsync(limit.Token).ConfigureAwait(false);
    }

    /// <summary>kill -9 of the broker.</summary>
    public async Task Kill()
    {
        if (_process is not { HasExited: false } process)
            return;
        process.Kill();
        await process.WaitForExitAsync().ConfigureAwait(false);
    }

    /// <summary>Deletes all that a broker that is not running had, but for users and virtual hosts.</summary>
    public void LoseData()
    {
        if (IsRunning)
            throw new InvalidOperationException($"{Node} is running.");
        Directory.Delete(InFolder("data"), recursive: true);
    }

    /// <summary>
    /// Whether a quorum queue would outlive a kill of its node: RabbitMQ 3.10 writes the table that says
    /// where a queue's log is up to three seconds late, and begins an empty log where it finds none.
    /// </summary>
    public bool HasOnDisk(string queue)
    {
        string quorum = InFolder("data");
        return Directory.Exists(quorum)
            && Directory.EnumerateFiles(quorum, "names.dets", SearchOption.AllDirectories).Any(file =>
            {
                using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
                using var bytes = new MemoryStream();
                stream.CopyTo(bytes);
                return bytes.ToArray().AsSpan().IndexOf(Encoding.ASCII.GetBytes(queue)) >= 0;
            });
    }

    /// <summary>Runs rabbitmqctl for this node and returns what it prints.</summary>
    public async Task<string> Control(params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(_programs, "rabbitmqctl"),
            ["--node", Node, "--quiet", .. arguments])
        { RedirectStandardOutput = true, RedirectStandardError = true };
        Surround(start);
        using var process = Process.Start(start) ?? throw new InvalidOperationException("no rabbitmqctl");
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().ConfigureAwait(false);
        string text = await output.ConfigureAwait(false);
        return process.ExitCode == 0 ? text : throw new InvalidOperationException(
            $"rabbitmqctl {string.Join(' ', arguments)}: {text}{await error.ConfigureAwait(false)}");
    }

    public async ValueTask DisposeAsync()
    {
        await Kill().ConfigureAwait(false);
        _process?.Dispose();
        _names.Release();
        Directory.Delete(_folder, recursive: true);
    }

    private string InFolder(string name) => Path.Combine(_folder, name);

    private List<string> Configuration(RabbitMqOptions options)
    {
        List<string> lines =
        [
            $"load_definitions = {InFolder("definitions.json")}",
            "log.file.level = warning",
            // Tests keep little and have little: neither limit shall stop them.
            "disk_free_limit.absolute = 10MB",
            .. options.Configuration,
        ];
        string address = $"127.0.0.1:{Port}";
        if (options.Tls is null)
            return [.. lines, $"listeners.tcp.local = {address}"];
        return
        [
            .. lines, "listeners.tcp = none", $"listeners.ssl.local = {address}",
            $"ssl_options.cacertfile = {options.Tls.Authority}",
            $"ssl_options.certfile = {options.Tls.Certificate}",
            $"ssl_options.keyfile = {options.Tls.Key}",
        ];
    }

    private ProcessStartInfo StartInfo()
    {
        // With RABBITMQ_ALLOW_INPUT the script becomes the broker instead of starting it: one process to end.
        var start = new ProcessStartInfo(Path.Combine(_programs, "rabbitmq-server"), ["-noinput"])
        { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        Surround(start);
        return start;
    }

    private void Surround(ProcessStartInfo start)
    {
        var environment = start.Environment;
        environment["HOME"] = _folder;
        environment["RABBITMQ_ALLOW_INPUT"] = "true";
        environment["RABBITMQ_NODENAME"] = Node;
        environment["RABBITMQ_NODE_IP_ADDRESS"] = "127.0.0.1";
        environment["RABBITMQ_DIST_PORT"] = _distributionPort.ToString(CultureInfo.InvariantCulture);
        environment["RABBITMQ_CONFIG_FILE"] = InFolder("rabbitmq.conf");
        environment["RABBITMQ_CONF_ENV_FILE"] = InFolder("none");
        environment["RABBITMQ_MNESIA_BASE"] = InFolder("data");
        environment["RABBITMQ_LOG_BASE"] = InFolder("log");
        environment["RABBITMQ_GENERATED_CONFIG_DIR"] = InFolder("generated");
        environment["RABBITMQ_ENABLED_PLUGINS_FILE"] = InFolder("enabled_plugins");
        // An idle Erlang spins for work otherwise; the nodes talk to each other on loopback alone.
        environment["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] = "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none"
            + " -kernel inet_dist_use_interface {127,0,0,1}";
        environment["ERL_EPMD_PORT"] = _names.Port.ToString(CultureInfo.InvariantCulture);
        environment["ERL_EPMD_ADDRESS"] = "127.0.0.1";
    }

    private async Task<bool> Listens(CancellationToken cancellation)
    {
        using var socket = new TcpClient();
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, Port, cancellation).ConfigureAwait(false);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    // The scripts themselves, not Debian's wrapper, which insists on its own user.
    private static string FindPrograms()
    {
        const string Versions = "/usr/lib/rabbitmq/lib";
        var folders = Directory.Exists(Versions) ? Directory.GetDirectories(Versions, "rabbitmq_server-*")
            : [];
        string? folder = folders.Order(StringComparer.Ordinal).LastOrDefault();
        return folder is not null && ErlangNames.AreInstalled ? Path.Combine(folder, "sbin")
            : throw new ServerMissingException(
                "RabbitMQ is not installed: install rabbitmq-server (Debian).");
    }
}
