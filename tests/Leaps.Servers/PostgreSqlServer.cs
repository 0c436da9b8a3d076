using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Leaps.Servers;

/// <summary>
/// A PostgreSQL server of one test or class: on a port of loopback and in a folder of its own, with a role
/// and a database for the program and a password that nobody knows. Gone, with its folder, when it is
/// disposed of.
/// </summary>
public sealed class PostgreSqlServer : IDisposable
{
    public const string Database = "leaps";
    public const string User = "leaps";

    private const int SigInt = 2, SigKill = 9, SigCont = 18, SigStop = 19;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string binaries = FindBinaries();
    private readonly string folder = Directory.CreateTempSubdirectory("leaps-pg-").FullName;
    private readonly List<string> settings = [];
    private Process? process;
    private StringBuilder log = new();

    /// <param name="durable">
    /// Whether it syncs to disk; without, it is faster, and what it confirmed survives all but a crash of the
    /// machine.
    /// </param>
    /// <param name="certificate">in PEM; with it and its key the server speaks TLS</param>
    /// <param name="key">in PEM</param>
    /// <param name="extraSettings">such as "max_connections=10"</param>
    /// <exception cref="ServerMissingException">It is not installed.</exception>
    /// <exception cref="InvalidOperationException">It does not start.</exception>
    public PostgreSqlServer(
        bool durable = false, string? certificate = null, string? key = null, params string[] extraSettings)
    {
        try
        {
            Own(folder);
            Command("initdb", "-N", "-D", Data, "-U", "postgres", "-A", "trust", "--no-locale", "-E", "UTF8",
                "--no-instructions");
            File.WriteAllText(Path.Combine(Data, "pg_hba.conf"), """
                local all all trust
                host all all 127.0.0.1/32 scram-sha-256
                host all all ::1/128 scram-sha-256

                """);
            string sync = durable ? "on" : "off";
            settings.AddRange([$"fsync={sync}", $"full_page_writes={sync}", "max_connections=40",
                "shared_buffers=32MB", .. extraSettings]);
            if (certificate is not null && key is not null)
                UseTls(certificate, key);
            Start();
            Execute($"CREATE ROLE {User} LOGIN PASSWORD '{Password}'", "postgres");
            Execute($"CREATE DATABASE {Database} OWNER {User}", "postgres");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public int Port { get; } = FreePort.Next();

    public string Password { get; } = Convert.ToHexString(RandomNumberGenerator.GetBytes(12));

    private string Data => Path.Combine(folder, "data");

    private static bool IsRoot => Environment.IsPrivilegedProcess;

    /// <summary>Starts it anew; returns when it takes connections.</summary>
    public void Start()
    {
        log = new StringBuilder();
        using var ready = new ManualResetEventSlim();
        string[] arguments =
        [
            "-D", Data, "-p", Port.ToString(CultureInfo.InvariantCulture), "-k", folder,
            "-c", "listen_addresses=127.0.0.1,::1",
            .. settings.SelectMany(setting => new[] { "-c", setting }),
        ];
        process = new Process { StartInfo = Told("postgres", arguments) };
        process.ErrorDataReceived += (_, line) =>
        {
            lock (log)
                log.AppendLine(line.Data);
            bool ended = line.Data is null;
            if (ended || line.Data!.Contains("ready to accept connections", StringComparison.Ordinal))
                Signal(ready);
        };
        process.Start();
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        if (!ready.Wait(Patience) || process.WaitForExit(0))
            throw new InvalidOperationException($"PostgreSQL did not start: {Log}");
    }

    /// <summary>What it wrote since it was last started.</summary>
    public string Log
    {
        get
        {
            lock (log)
                return log.ToString();
        }
    }

    /// <summary>A fast shutdown: connections are cut, what was confirmed is stored.</summary>
    public void Stop() => End([process!.Id], SigInt);

    /// <summary>Kills every process of it at once, as a crash of the machine would.</summary>
    public void Kill() => End(Processes(), SigKill);

    /// <summary>It holds its breath: connections stay and nothing is answered.</summary>
    public void Pause() => Send(SigStop, Processes());

    public void Continue() => Send(SigCont, Processes());

    /// <summary>One command as the superuser; gives what psql prints, without headers.</summary>
    public string Execute(string sql, string database = Database) =>
        Command("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", folder,
            "-p", Port.ToString(CultureInfo.InvariantCulture), "-U", "postgres", "-d", database, "-c", sql);

    public void Dispose()
    {
        if (process is { HasExited: false })
            Kill();
        process?.Dispose();
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }

    // After the wait is over nobody minds that it was signalled again.
    private static void Signal(ManualResetEventSlim ready)
    {
        try
        {
            ready.Set();
        }
        catch (ObjectDisposedException)
        {
            return;
        }
    }

    private void UseTls(string certificate, string key)
    {
        File.WriteAllText(Path.Combine(Data, "server.crt"), certificate);
        string file = Path.Combine(Data, "server.key");
        File.WriteAllText(file, key);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Own(file);
        settings.Add("ssl=on");
    }

    private static void Own(string path)
    {
        if (IsRoot)
            Run(new ProcessStartInfo("chown", ["postgres:postgres", path]));
    }

    // The postmaster and what it forked, which alone may have the shared memory.
    private int[] Processes()
    {
        string children = $"/proc/{process!.Id}/task/{process.Id}/children";
        string text = File.Exists(children) ? File.ReadAllText(children) : "";
        return [process.Id, .. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)];
    }

    private void End(int[] processes, int signal)
    {
        Send(signal, processes);
        if (!process!.WaitForExit(Patience))
            throw new InvalidOperationException($"PostgreSQL does not end: {Log}");
        var waited = Stopwatch.StartNew();
        while (processes.Any(id => Directory.Exists($"/proc/{id}")) && waited.Elapsed < Patience)
            Thread.Sleep(2);
    }

    private static void Send(int signal, int[] processes)
    {
        // Some of them may have ended meanwhile.
        using var sender = Process.Start(new ProcessStartInfo(
            "kill", [$"-{signal}", .. processes.Select(id => id.ToString(CultureInfo.InvariantCulture))])
        {
            RedirectStandardError = true,
        })!;
        sender.StandardError.ReadToEnd();
        sender.WaitForExit();
    }

    private string Command(string program, params string[] arguments) => Run(Told(program, arguments));

    // The server refuses to be run by root.
    private ProcessStartInfo Told(string program, string[] arguments)
    {
        string path = Path.Combine(binaries, program);
        var start = IsRoot
            ? new ProcessStartInfo("setpriv",
                ["--reuid=postgres", "--regid=postgres", "--clear-groups", path, .. arguments])
            : new ProcessStartInfo(path, arguments);
        start.WorkingDirectory = folder;
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        start.Environment["LC_ALL"] = "C";
        return start;
    }

    private static string Run(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        using var program = Process.Start(start)!;
        var errors = program.StandardError.ReadToEndAsync();
        string output = program.StandardOutput.ReadToEnd();
        program.WaitForExit();
        return program.ExitCode == 0 ? output.Trim() : throw new InvalidOperationException(
            $"{start.FileName} {string.Join(' ', start.ArgumentList)}: "
                + errors.GetAwaiter().GetResult().Trim());
    }

    private static string FindBinaries()
    {
        const string debian = "/usr/lib/postgresql";
        string[] versions = Directory.Exists(debian) ? Directory.GetDirectories(debian) : [];
        var places = versions
            .OrderByDescending(v => int.TryParse(Path.GetFileName(v), out int number) ? number : 0)
            .Select(version => Path.Combine(version, "bin"))
            .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator));
        return places.FirstOrDefault(place => File.Exists(Path.Combine(place, "postgres"))
            && File.Exists(Path.Combine(place, "initdb")) && File.Exists(Path.Combine(place, "psql")))
            ?? throw new ServerMissingException("PostgreSQL is not installed: install postgresql (Debian).");
    }
}
