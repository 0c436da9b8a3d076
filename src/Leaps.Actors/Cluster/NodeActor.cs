using Google.Protobuf;
using Leaps.Actors.Journal;
using Leaps.Actors.Protocol;
using Leaps.Actors.Runtime;
using Leaps.Model;

namespace Leaps.Actors.Cluster;

/// <summary>
/// A node: hosts the actors of its newest assignment, and reports in every heartbeat all that lives on it.
/// Both are absolute, so that none of them has to arrive.
/// </summary>
/// <param name="options">the node</param>
/// <param name="host">brings actors to life</param>
/// <param name="user">whom nodes are at the broker: nobody else tells a node what to do</param>
/// <param name="tell">sends to another actor of the cluster</param>
/// <param name="heard">the scheduler lives</param>
/// <param name="sound">how long the database has answered</param>
internal sealed class NodeActor(
    NodeOptions options, ActorHost host, string user, Action<string, IMessage> tell, Action heard,
    Func<TimeSpan> sound)
{
    private const int MostLost = 100;

    private readonly ByteString _session = Envelope.RunIdBytes(Guid.NewGuid());
    private readonly Dictionary<ActorKey, Hosted> _hosted = [];
    private readonly Queue<LostActor> _lost = new();
    private long _beat, _schedulerEpoch, _assignment;
    private bool _leaving;

    /// <summary>Nothing lives here any more, and the node was told to go.</summary>
    public TaskCompletionSource Gone { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>As it was at the last heartbeat. From any thread.</summary>
    public NodeStatus Status { get; private set => Volatile.Write(ref field, value); } = new()
    {
        Node = options.Name,
        Session = "",
        Lease = options.Times.Lease,
    };

    /// <exception cref="ProtocolException">The message is not for a node.</exception>
    public void Receive(object message, Action handled)
    {
        switch (message is Signed signed ? Accept(signed) : message)
        {
            case Assignment assignment:
                Follow(assignment);
                break;
            case ClusterRequest request:
                host.Ask(request, _hosted.Values, reply => tell(request.Asker, reply));
                break;
            case BeatDue or MailboxRestored:
                Beat();
                break;
            case NeedsChanged changed:
                changed.Actor.Needs = changed.Needs;
                Beat();
                break;
            case HomeConcluded concluded:
                concluded.Actor.Concluded = concluded.Concluded;
                Beat();
                break;
            case ActorEnded ended:
                OnEnded(ended);
                break;
            case NodeLeaves:
                _leaving = true;
                Beat();
                break;
            default:
                throw new ProtocolException($"a node has no use for a {message.GetType().Name}.");
        }
        if (_leaving && _hosted.Count == 0)
            Gone.TrySetResult();
        handled();
    }

    // Whoever submits may write to the exchange that all of the cluster share, but only the scheduler asks
    // nodes.
    private IMessage Accept(Signed signed) => signed.User == user ? signed.Body : throw new ProtocolException(
        $"{signed.Body.GetType().Name} from user '{signed.User}': nodes of this cluster obey '{user}'.");

    /// <summary>Ends every actor where it is.</summary>
    public Task CloseAll() => Task.WhenAll(_hosted.Values.ToList().Select(hosted => hosted.Close()));

    // An older one may come later; one for a former process of this name is not for this one.
    private void Follow(Assignment assignment)
    {
        if (assignment.SchedulerEpoch >= _schedulerEpoch)
            heard();
        if (!assignment.Session.Equals(_session)
            || (assignment.SchedulerEpoch, assignment.Version).CompareTo((_schedulerEpoch, _assignment)) <= 0)
            return;
        if (assignment.SchedulerEpoch > _schedulerEpoch)
            _lost.Clear();
        (_schedulerEpoch, _assignment) = (assignment.SchedulerEpoch, assignment.Version);
        host.ClusterThreads = assignment.ClusterThreads;
        var assigned = assignment.Actors.ToDictionary(actor => ActorKey.Of(actor.Address));
        foreach (var hosted in _hosted.Values.Where(hosted => !assigned.ContainsKey(hosted.Key)).ToList())
        {
            _hosted.Remove(hosted.Key);
            host.Close(hosted);
        }
        foreach (var (key, actor) in assigned)
        {
            if (_hosted.TryGetValue(key, out var hosted))
                TellToLeave(hosted, actor.Leave);
            else if (!actor.Leave)
                _hosted.Add(key, host.Start(key, _assignment, actor.Resumptions));
        }
        Beat();
    }

    private static void TellToLeave(Hosted hosted, bool leave)
    {
        if (!leave || hosted.Leaving)
            return;
        hosted.Leaving = true;
        hosted.Leave();
    }

    private void OnEnded(ActorEnded ended)
    {
        var hosted = ended.Actor;
        if (!_hosted.TryGetValue(hosted.Key, out var present) || present != hosted)
            return;
        _hosted.Remove(hosted.Key);
        host.Close(hosted);
        // Who was fenced lives elsewhere.
        if (ended.Cause is not (null or FencedException))
            Lose(hosted, ended.Cause);
        Beat();
    }

    private void Lose(Hosted hosted, Exception cause)
    {
        string line = cause.Message.ReplaceLineEndings(" ");
        options.Notice($"{hosted.Key} ended here: "
            + (cause is LeapsException ? line : $"{cause.GetType().Name}: {line}"));
        if (_lost.Count == MostLost)
            _lost.Dequeue();
        _lost.Enqueue(new LostActor
        {
            Address = hosted.Key.ToAddress(),
            Cause = line,
            Assignment = hosted.Assignment,
        });
    }

    private void Beat()
    {
        Report();
        tell(ActorNames.Scheduler, Heartbeat());
    }

    private void Report() => Status = Status with
    {
        Session = Convert.ToHexStringLower(_session.Span),
        SchedulerEpoch = _schedulerEpoch,
        Assignment = _assignment,
        IsLeaving = _leaving,
        Hosted = [.. _hosted.Keys.Order()],
        LastHeartbeat = options.Clock.GetUtcNow(),
    };

    private NodeHeartbeat Heartbeat() => new()
    {
        Node = options.Name,
        Session = _session,
        Beat = ++_beat,
        Host = Environment.MachineName,
        Process = Environment.ProcessId,
        Version = options.Version,
        Device = options.Device,
        Threads = options.Threads,
        Speed = options.Speed,
        SchedulerEpoch = _schedulerEpoch,
        Assignment = _assignment,
        Hosted = { _hosted.Values.Select(hosted => hosted.ToMessage()) },
        Lost = { _lost },
        Leaving = _leaving,
        Sound = sound().TotalSeconds,
    };
}
