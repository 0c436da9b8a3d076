using Google.Protobuf;
using Leaps.Actors.Cluster;
using Leaps.Actors.Protocol;
using Leaps.Host.Commands;
using Leaps.Host.Configuration.Cluster;
using Leaps.Host.Execution;
using Leaps.Host.Execution.Cluster;
using Leaps.Host.Terminal;
using Leaps.Model;

namespace Leaps.Host.Tests.Cluster;

/// <summary>
/// The whole program with a cluster that is played by the test: what it was asked, and what it answers.
/// </summary>
internal sealed class FakeCluster : IClusterClient
{
    public const string File = """
        cluster: lab
        broker: {hosts: [localhost:5672], user: ada, password-env: SECRET, tls: off}
        database: {host: localhost, name: leaps, user: ada, password-env: SECRET, tls: off}

        """;

    private readonly StringWriter _output = new() { NewLine = "\n" };
    private readonly StringWriter _error = new() { NewLine = "\n" };

    /// <summary>Of all requests, in order.</summary>
    public List<ClusterRequest> Asked { get; } = [];

    /// <summary>Answers; the request's number need not be repeated.</summary>
    public Func<ClusterRequest, ClusterReply> Answer { get; set; } = _ => Accepted("done");

    public Dictionary<string, string> Variables { get; } = new() { ["SECRET"] = "sesame" };
    public CancellationTokenSource Cancellation { get; } = new();
    public ClusterConfiguration? Connected { get; private set; }
    public bool IsDisposed { get; private set; }
    public FakeDeadLetters DeadLetters { get; } = new();
    public bool OutputIsTerminal { get; init; }
    public bool ErrorIsTerminal { get; init; }

    public string Output => _output.ToString();
    public string Error => _error.ToString().TrimEnd('\n');

    public static ClusterReply Accepted(string text, params (string Key, string Value)[] entries)
    {
        var reply = new ClusterReply { Accepted = true, Text = text };
        foreach (var (key, value) in entries)
            reply.Entries.Add(new ControlReply.Types.Entry { Key = key, Value = value });
        return reply;
    }

    public static RunOverview Run(
        string id, string name, string state, string text = "", string home = "n1") => new()
        {
            RunId = ByteString.CopyFrom(Guid.Parse(id).ToByteArray(bigEndian: true)),
            Name = name,
            Owner = "ada",
            State = state,
            Text = text,
            Submitted = 1_700_000_000,
            Home = state == "running" ? home : "",
            Actors = state == "running" ? 5 : 0,
        };

    public static NodeOverview NodeOf(string name, string state = "alive", bool schedules = false) => new()
    {
        Node = name,
        Host = "h1",
        Process = 42,
        Version = "0.1.0",
        Device = "simd-fma",
        Threads = 2,
        Speed = 123456,
        State = state,
        Actors = 3,
        Schedules = schedules,
        Silent = 0.25,
    };

    public int Invoke(params string[] arguments)
    {
        _output.GetStringBuilder().Clear();
        _error.GetStringBuilder().Clear();
        var wiring = new ClusterWiring
        {
            Connect = (configuration, _) =>
            {
                Connected = configuration;
                IsDisposed = false;
                return Task.FromResult<IClusterClient>(this);
            },
            OpenDeadLetters = (_, _) => Task.FromResult<IDeadLetters>(DeadLetters),
            Node = (request, _) =>
            {
                Connected = request.Cluster.Configuration;
                return new JobResult(new { Node = Connected.Node.Name }, [], ["node ended"]);
            },
        };
        return LeapsCommandLine.Run(arguments, LeapsJobs.Create(wiring), new Surroundings
        {
            Output = _output,
            Error = _error,
            OutputIsTerminal = OutputIsTerminal,
            ErrorIsTerminal = ErrorIsTerminal,
            Clock = new InstantClock(),
            Cancellation = Cancellation.Token,
            Variable = name => Variables.GetValueOrDefault(name),
        });
    }

    public Task<ClusterReply> Ask(ClusterRequest request, CancellationToken cancellation)
    {
        Assert.False(IsDisposed);
        cancellation.ThrowIfCancellationRequested();
        Asked.Add(request.Clone());
        return Task.FromResult(Answer(request));
    }

    public ValueTask DisposeAsync()
    {
        IsDisposed = true;
        return ValueTask.CompletedTask;
    }
}

/// <summary>Time that passes only while somebody waits for it: a wait ends at once, as much later.</summary>
internal sealed class InstantClock : TimeProvider
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private long _ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;
    public override long GetTimestamp() => _ticks;
    public override DateTimeOffset GetUtcNow() => Start.AddTicks(_ticks);

    public override ITimer CreateTimer(
        TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime != Timeout.InfiniteTimeSpan)
        {
            _ticks += dueTime.Ticks;
            ThreadPool.QueueUserWorkItem(_ => callback(state));
        }
        return new Ended();
    }

    private sealed class Ended : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

/// <summary>Dead letters of two runs.</summary>
internal sealed class FakeDeadLetters : IDeadLetters
{
    public List<(string Action, Guid? Run)> Asked { get; } = [];
    public List<ClusterDeadLetter> Letters { get; } = [];

    public Task<IReadOnlyList<ClusterDeadLetter>> List(Guid? run, CancellationToken cancellation)
    {
        Asked.Add(("list", run));
        return Task.FromResult<IReadOnlyList<ClusterDeadLetter>>([.. Letters.Where(item => IsOf(item, run))]);
    }

    public Task<int> Retry(Guid? run, CancellationToken cancellation) => Count("retry", run);

    public Task<int> Purge(Guid? run, CancellationToken cancellation) => Count("purge", run);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private Task<int> Count(string action, Guid? run)
    {
        Asked.Add((action, run));
        return Task.FromResult(Letters.RemoveAll(item => IsOf(item, run)));
    }

    private static bool IsOf(ClusterDeadLetter letter, Guid? run) =>
        run is null || letter.Run.Length > 0 && $"{run:N}".StartsWith(letter.Run, StringComparison.Ordinal);
}
