using System.Runtime.ExceptionServices;
using Google.Protobuf;
using Leaps.Actors.Coordinator;
using Leaps.Actors.Journal;
using Leaps.Actors.Protocol;
using Leaps.Actors.Telemetry;
using Leaps.Model;
using Leaps.Model.Sampling;

namespace Leaps.Actors.Runtime;

/// <summary>How a sampling runs. Nothing here changes a result.</summary>
public record SamplingHomeOptions
{
    /// <summary>From one round of snapshots to the next: what a crash costs at most.</summary>
    public TimeSpan SnapshotInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The run ends after this time; zero: when all is done.</summary>
    public TimeSpan TimeLimit { get; init; }

    /// <summary>How long a cancelled run may take to store its walkers.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMilliseconds(800);

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Sees every window that is settled: replica, then what the window brought.</summary>
    public Action<int, WindowSummary> OnWindow { get; init; } = static (_, _) => { };

    /// <summary>One line for each message that was refused and each actor that was started anew.</summary>
    public Action<string> Notice { get; init; } = static _ => { };

    /// <summary>Of the run; null: nobody wants to know.</summary>
    public RunTelemetry? Telemetry { get; init; }
}

/// <summary>
/// The coordinator of a sampling and all that goes with it, in this process; the groups live wherever the
/// runtime has them. It begins where the journal ends.
/// </summary>
internal sealed class SamplingHome : IDisposable
{
    private readonly IJournal _journal;
    private readonly JournalWriter _writer;
    private readonly SamplingHomeOptions _options;
    private readonly CoordinatorActor _actor;
    private readonly Func<CoordinatorActor, IMailbox> _open;
    private readonly Inquiries _inquiries = new();
    private readonly Lock _opening = new();
    private readonly List<object> _early = [];
    private readonly TaskCompletionSource<IMailbox> _own = new();
    private readonly TaskCompletionSource<CoordinatorState> _end =
        new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _snapshots =
        new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IMailbox? _mailbox;

    /// <param name="task">what is sampled; a journal that has begun must have begun with it</param>
    /// <param name="threads">that move walkers, all together, or groups that the devices move at once</param>
    /// <param name="journal">stays its owner's</param>
    /// <param name="writer">writes it; its owner's</param>
    /// <param name="mailboxes">of the sampling</param>
    /// <param name="life">of the coordinator, which is this process's</param>
    /// <param name="options">how</param>
    /// <exception cref="LeapsException">The journal belongs to another task, or is damaged.</exception>
    public SamplingHome(SamplingTask task, int threads, IJournal journal, JournalWriter writer,
        IMailboxes mailboxes, long life, SamplingHomeOptions options)
    {
        _journal = journal;
        _writer = writer;
        _options = options;
        Task = task;
        var state = SamplingJournal.Recover(journal, task) with { MostActive = MostActive(threads) };
        _actor = new CoordinatorActor(state,
            (to, body) => _own.Task.Result.Tell(to, (IMessage)body),
            message => _own.Task.Result.Post(message),
            new ActorJournal(journal, writer, ActorNames.Coordinator), new Observer(this));
        _open = actor => mailboxes.Open(ActorNames.Coordinator, life, actor.Receive, Fail);
    }

    public SamplingTask Task { get; }

    /// <summary>Makes mailboxes for the groups of a replica, and has them brought to life.</summary>
    public required Action<int> Engage { get; init; }

    /// <summary>Nobody needs the groups of the replica any more.</summary>
    public required Action<int> Release { get; init; }

    /// <summary>Runs to the end.</summary>
    /// <returns>the replicas that are the result, pooled; and why it ended early, else empty</returns>
    /// <exception cref="LeapsException">The run can't go on; the journal stays as it is.</exception>
    /// <exception cref="OperationCanceledException">
    /// Cancelled; what was settled by then is in the journal.
    /// </exception>
    public (EnsembleResult Result, string Cause) Run(CancellationToken cancellation = default)
    {
        lock (_opening)
        {
            _mailbox = _open(_actor);
            _own.SetResult(_mailbox);
            // What came early may be an event, and the first one of a journal is that the run began.
            _mailbox.Post(new Begin());
            _early.ForEach(message => _mailbox.Post(message));
        }
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
            ExceptionDispatchInfo.Throw(failure.InnerException!);
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

    /// <summary>A command of the user to the coordinator.</summary>
    public Task<ControlReply> Ask(ControlRequest request, CancellationToken cancellation = default) =>
        _inquiries.Ask(request, Tell, cancellation);

    /// <summary>So many threads move walkers from now on.</summary>
    public void ChangeThreads(int threads) => Tell(new CapacityChanged(MostActive(threads)));

    /// <summary>The sampling can't go on.</summary>
    public void Fail(Exception error) => _end.TrySetException(error);

    /// <summary>Ends the coordinator where it is.</summary>
    public void Dispose()
    {
        _mailbox?.Close();
        _mailbox?.Completion.Wait();
        _inquiries.Close();
        _options.Telemetry?.HomeLeft();
    }

    // Enough for every thread, and for those that come when a replica ends.
    private int MostActive(int threads) => 1 + 2 * threads / Task.Groups;

    private void Tell(object message)
    {
        lock (_opening)
        {
            if (_mailbox is null)
                _early.Add(message);
            else
                _mailbox.Post(message);
        }
    }

    private sealed class Observer(SamplingHome home) : ICoordinatorObserver
    {
        public void OnSettled(int replica, WindowSummary window)
        {
            home._options.Telemetry?.Settled(replica, window);
            home._options.OnWindow(replica, window);
        }

        public void OnEngage(int replica) => home.Engage(replica);

        public void OnRelease(int replica) => home.Release(replica);

        public void OnSnapshotsTaken() => home._snapshots.TrySetResult();

        public void OnReply(string asker, ControlReply reply) => home._inquiries.Answer(asker, reply);

        public void OnEnd(CoordinatorState state) => home._end.TrySetResult(state);

        public void OnStop(string cause) => home.Fail(new LeapsException(cause));
    }
}
