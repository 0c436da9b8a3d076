using System.Collections.Concurrent;
using Google.Protobuf;
using Leaps.Actors.Coordinator;
using Leaps.Actors.Journal;
using Leaps.Actors.Protocol;
using Leaps.Actors.WalkerGroup;
using Leaps.Model;
using Leaps.Model.Devices;
using Leaps.Model.Sampling;

namespace Leaps.Actors.Runtime.Embedded;

/// <summary>How a sampling runs in this process. Nothing here changes a result.</summary>
public sealed record EmbeddedOptions
{
    /// <summary>Threads that move walkers; 0: as many as the machine has.</summary>
    public int Threads { get; init; }

    /// <summary>From one round of snapshots to the next: what a crash costs at most.</summary>
    public TimeSpan SnapshotInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The run ends after this time; zero: when all is done.</summary>
    public TimeSpan TimeLimit { get; init; }

    /// <summary>Of every message from actor to actor, to see what a network would do.</summary>
    public TimeSpan Latency { get; init; }

    /// <summary>How long a cancelled run may take to store its walkers.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMilliseconds(800);

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Sees every window that is settled: replica, then what the window brought.</summary>
    public Action<int, WindowSummary> OnWindow { get; init; } = static (_, _) => { };

    /// <summary>One line for each message that was refused and each actor that was started anew.</summary>
    public Action<string> Notice { get; init; } = static _ => { };
}

/// <summary>
/// A sampling with every actor in this process: mailboxes on channels, one journal. It begins where the
/// journal ends, and what it leaves there is all that another process needs to go on.
/// </summary>
public sealed class EmbeddedSampling : IDisposable
{
    private const int MostRestarts = 3;

    private readonly IJournal _journal;
    private readonly JournalWriter _writer;
    private readonly EmbeddedOptions _options;
    private readonly MoverPool _movers;
    private readonly Mailbox _coordinator;
    private readonly ConcurrentDictionary<int, Lazy<Mailbox>> _groups = new();
    private readonly ConcurrentDictionary<int, Lazy<Mailbox>> _losing = new();
    private readonly ConcurrentDictionary<int, int> _restarts = new();
    private readonly Inquiries _inquiries = new();
    private readonly TaskCompletionSource<CoordinatorState> _end =
        new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _snapshots =
        new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SamplingTask _task;
    private volatile bool _closed;

    /// <param name="task">what is sampled; a journal that has begun must have begun with it</param>
    /// <param name="network">the rates, with the task's parameters; null: none</param>
    /// <param name="journal">stays its owner's</param>
    /// <param name="options">how</param>
    /// <exception cref="LeapsException">The journal belongs to another task, or is damaged.</exception>
    public EmbeddedSampling(
        SamplingTask task, RateNetwork? network, IJournal journal, EmbeddedOptions options)
    {
        var state = SamplingJournal.Recover(journal, task);
        _task = task;
        _journal = journal;
        _options = options;
        int threads = options.Threads > 0 ? options.Threads : Environment.ProcessorCount;
        state = state with { MostActive = 1 + 2 * threads / task.Groups };
        _writer = new JournalWriter(journal);
        _movers = new MoverPool(task, network, threads, Fail);
        var actor = new CoordinatorActor(state, Send, message => _coordinator!.Post(message),
            new ActorJournal(journal, _writer, ActorNames.Coordinator), new Observer(this));
        _coordinator = new Mailbox(actor.Receive, _options.Notice, Fail);
    }

    /// <summary>Runs to the end.</summary>
    /// <returns>the replicas that are the result, pooled; and why it ended early, else empty</returns>
    /// <exception cref="LeapsException">The run can't go on; the journal stays as it is.</exception>
    /// <exception cref="OperationCanceledException">
    /// Cancelled; what was settled by then is in the journal.
    /// </exception>
    public (EnsembleResult Result, string Cause) Run(CancellationToken cancellation = default)
    {
        _coordinator.Start();
        Tell(new Begin());
        using var due = _options.Clock.CreateTimer(
            _ => Tell(new SnapshotsDue()), null, _options.SnapshotInterval, _options.SnapshotInterval);
        using var limit = _options.TimeLimit <= TimeSpan.Zero ? null : _options.Clock.CreateTimer(
            _ => Tell(new TimeIsUp()), null, _options.TimeLimit, Timeout.InfiniteTimeSpan);
        try
        {
            _end.Task.Wait(cancellation);
        }
        catch (AggregateException failure)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure.InnerException!);
        }
        catch (OperationCanceledException)
        {
            Tell(new SnapshotsWanted());
            _snapshots.Task.Wait(_options.Patience, CancellationToken.None);
            throw;
        }
        _writer.Flush().Wait(CancellationToken.None);
        var state = _end.Task.Result;
        if (state.End!.Replicas == 0)
            throw new LeapsException(
                $"{state.End.Cause}, before a replica was complete: there is no result.");
        return (SamplingJournal.ReadResult(_journal, state), state.End.Cause);
    }

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

    /// <summary>A command of the user to the coordinator.</summary>
    public Task<ControlReply> Ask(ControlRequest request, CancellationToken cancellation = default) =>
        _inquiries.Ask(request, _coordinator, cancellation);

    /// <summary>Ends every actor where it is, as a crash would; but the journal is in order.</summary>
    public void Dispose()
    {
        if (_closed)
            return;
        _closed = true;
        _movers.Dispose();
        _coordinator.Close();
        _coordinator.Completion.Wait();
        foreach (var group in _groups.Values)
        {
            group.Value.Close();
            group.Value.Completion.Wait();
        }
        _writer.Dispose();
    }

    /// <summary>Ends a group as if its device had failed, and starts it anew from its snapshot.</summary>
    internal void Lose(int group)
    {
        if (!_groups.TryGetValue(group, out var lost) || !_losing.TryAdd(group, lost))
            return;
        lost.Value.Kill();
        _movers.Abandon(group);
        // The new one numbers its events on from the last one of the old.
        lost.Value.Completion.ContinueWith(_ => _writer.Flush(), TaskScheduler.Default).Unwrap()
            .ContinueWith(done =>
            {
                _groups[group] = new Lazy<Mailbox>(() => CreateGroup(group));
                _groups[group].Value.Post(new GroupReborn());
                _losing.TryRemove(group, out _);
            }, TaskScheduler.Default);
    }

    private void Tell(object message) => _coordinator.Post(message);

    // From actor to actor.
    private void Send(string recipient, object message)
    {
        if (_options.Latency <= TimeSpan.Zero)
            Deliver(recipient, message);
        else
            Task.Delay(_options.Latency, _options.Clock)
                .ContinueWith(_ => Deliver(recipient, message), TaskScheduler.Default);
    }

    private void Deliver(string recipient, object message)
    {
        if (_closed)
            return;
        if (recipient == ActorNames.Coordinator)
            _coordinator.Post(message);
        else if (ActorNames.GroupOf(recipient) is { } group)
            _groups.GetOrAdd(group, g => new Lazy<Mailbox>(() => CreateGroup(g))).Value.Post(message);
    }

    private Mailbox CreateGroup(int group)
    {
        string name = ActorNames.Group(group);
        var state = new WalkerGroupState(group, SamplingJournal.LoadSnapshot(_journal, group));
        Mailbox? mailbox = null;
        var actor = new WalkerGroupActor(state, Send, message => mailbox!.Post(message), _movers,
            new ActorJournal(_journal, _writer, name));
        mailbox = new Mailbox(actor.Receive, _options.Notice, error => OnGroupFailure(group, error));
        mailbox.Start();
        return mailbox;
    }

    // What the user can put right, such as a full disk, ends the run; anything else may be the device's.
    private void OnGroupFailure(int group, Exception error)
    {
        if (error is LeapsException || _restarts.AddOrUpdate(group, 1, (_, n) => n + 1) > MostRestarts)
        {
            Fail(error);
            return;
        }
        _options.Notice($"{ActorNames.Group(group)} failed and starts anew: {error.Message}");
        Lose(group);
    }

    private void Fail(Exception error) => _end.TrySetException(error);

    private void Release(int replica)
    {
        _movers.Release(replica);
        for (int group = replica * _task.Groups; group < (replica + 1) * _task.Groups; group++)
        {
            if (_groups.TryRemove(group, out var mailbox))
                mailbox.Value.Close();
        }
    }

    private sealed class Observer(EmbeddedSampling sampling) : ICoordinatorObserver
    {
        public void OnSettled(int replica, WindowSummary window) =>
            sampling._options.OnWindow(replica, window);

        public void OnRelease(int replica) => sampling.Release(replica);

        public void OnSnapshotsTaken() => sampling._snapshots.TrySetResult();

        public void OnReply(string asker, ControlReply reply) => sampling._inquiries.Answer(asker, reply);

        public void OnEnd(CoordinatorState state) => sampling._end.TrySetResult(state);

        public void OnStop(string cause) => sampling.Fail(new LeapsException(cause));
    }
}
