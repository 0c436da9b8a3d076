using System.Collections.Concurrent;
using Google.Protobuf;
using Leaps.Actors.Journal;
using Leaps.Actors.Protocol;
using Leaps.Actors.WalkerGroup;
using Leaps.Model;
using Leaps.Model.Devices;
using Leaps.Model.Sampling;

namespace Leaps.Actors.Runtime.Embedded;

/// <summary>How a sampling runs in this process. Nothing here changes a result.</summary>
public sealed record EmbeddedOptions : SamplingHomeOptions
{
    public EmbeddedOptions() { }

    public EmbeddedOptions(SamplingHomeOptions options) : base(options) { }

    /// <summary>Threads that move walkers; 0: as many as the machine has.</summary>
    public int Threads { get; init; }

    /// <summary>Of every message from actor to actor, to see what a network would do.</summary>
    public TimeSpan Latency { get; init; }
}

/// <summary>
/// A sampling with every actor in this process and one journal. It begins where the journal ends, and what it
/// leaves there is all that another process needs to go on.
/// </summary>
public sealed class EmbeddedSampling : ISampling
{
    private const int MostRestarts = 3;

    private readonly JournalWriter _writer;
    private readonly EmbeddedOptions _options;
    private readonly EmbeddedMailboxes _mailboxes;
    private readonly MoverPool _movers;
    private readonly GroupHost _groups;
    private readonly SamplingHome _home;
    private readonly ConcurrentDictionary<int, Task> _losing = new();
    private readonly ConcurrentDictionary<int, int> _restarts = new();
    private long _lives;
    private volatile bool _closed;

    /// <param name="task">what is sampled; a journal that has begun must have begun with it</param>
    /// <param name="network">the rates, with the task's parameters; null: none</param>
    /// <param name="journal">stays its owner's</param>
    /// <param name="options">how</param>
    /// <exception cref="LeapsException">The journal belongs to another task, or is damaged.</exception>
    public EmbeddedSampling(
        SamplingTask task, RateNetwork? network, IJournal journal, EmbeddedOptions options)
        : this(task, network is null ? [] : [network], journal, options)
    {
    }

    /// <param name="task">what is sampled; a journal that has begun must have begun with it</param>
    /// <param name="networks">the rates, with the task's parameters, on each device that shares the groups,
    /// all of one kind; none: no network. They stay their owner's</param>
    /// <param name="journal">stays its owner's</param>
    /// <param name="options">how</param>
    /// <exception cref="LeapsException">The journal belongs to another task, or is damaged.</exception>
    public EmbeddedSampling(SamplingTask task, IReadOnlyList<RateNetwork> networks, IJournal journal,
        EmbeddedOptions options)
    {
        _options = options;
        int threads = options.Threads > 0 ? options.Threads : Environment.ProcessorCount;
        int capacity = MoverPool.Capacity(networks, threads);
        _mailboxes = new EmbeddedMailboxes(Refused, options.Latency, options.Clock);
        _writer = new JournalWriter(journal, telemetry: options.Telemetry);
        try
        {
            _home = new SamplingHome(task, capacity, journal, _writer, _mailboxes, NextLife(), options)
            {
                Engage = Engage,
                Release = Release,
            };
        }
        catch
        {
            _writer.Dispose();
            throw;
        }
        _movers = new MoverPool(task, networks, threads, _home.Fail, options.Telemetry);
        _groups = new GroupHost(task, journal, _writer, _mailboxes, _movers, _ => NextLife())
        {
            Failed = OnGroupFailure,
            Telemetry = options.Telemetry,
        };
    }

    public (EnsembleResult Result, string Cause) Run(CancellationToken cancellation = default) =>
        _home.Run(cancellation);

    public Task<ControlReply> Ask(ControlRequest request, CancellationToken cancellation = default) =>
        _home.Ask(request, cancellation);

    /// <summary>
    /// More replicas for a sampling that no process runs, ended or not. One that ended before all was done
    /// goes on with as many as it has.
    /// </summary>
    /// <param name="journal">of a sampling that has begun</param>
    /// <param name="replicas">in all; not fewer than there are</param>
    /// <exception cref="LeapsException">The journal refused.</exception>
    public static void Extend(IJournal journal, int replicas)
    {
        var extended = new CoordinatorEvent { RunExtended = new RunExtended { Replicas = replicas } };
        journal.Append(ActorNames.Coordinator, journal.LastSequence(ActorNames.Coordinator),
            [extended.ToByteArray()]);
    }

    /// <summary>Ends every actor where it is, as a crash would; but the journal is in order.</summary>
    public void Dispose()
    {
        if (_closed)
            return;
        _closed = true;
        _movers.Dispose();
        _mailboxes.DisposeAsync().AsTask().Wait();
        Task.WhenAll(_losing.Values).Wait();
        _home.Dispose();
        _writer.Dispose();
    }

    /// <summary>Kills a group as if its device had failed, and starts it anew from its snapshot.</summary>
    internal void Lose(int group) => _losing.AddOrUpdate(group, LoseAsync,
        (lost, before) => before.IsCompleted ? LoseAsync(lost) : before);

    private async Task LoseAsync(int group)
    {
        if (!_groups.Groups.Contains(group))
            return;
        await _groups.Close(group).ConfigureAwait(false);
        if (!_closed)
            Start(group, again: true);
    }

    private void Refused(string line)
    {
        _options.Telemetry?.Refused();
        _options.Notice(line);
    }

    private long NextLife() => Interlocked.Increment(ref _lives);

    private void Engage(int replica)
    {
        foreach (int group in _home.Task.GroupsOf(replica))
            Start(group, again: false);
    }

    private void Start(int group, bool again)
    {
        try
        {
            _groups.Start(group, again);
        }
        catch (LeapsException error)
        {
            _home.Fail(error);
        }
    }

    // What the user can put right, such as a full disk, ends the run; anything else may be the device's.
    private void OnGroupFailure(int group, Exception error)
    {
        if (error is LeapsException || _restarts.AddOrUpdate(group, 1, (_, n) => n + 1) > MostRestarts)
        {
            _home.Fail(error);
            return;
        }
        _options.Notice($"{ActorNames.Group(group)} failed and starts anew: {error.Message}");
        Lose(group);
    }

    private void Release(int replica)
    {
        _movers.Release(replica);
        foreach (int group in _home.Task.GroupsOf(replica))
        {
            _ = _groups.Close(group);
            _mailboxes.Remove(ActorNames.Group(group));
        }
    }
}
