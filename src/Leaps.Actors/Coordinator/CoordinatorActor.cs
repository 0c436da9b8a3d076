using Leaps.Actors.Journal;
using Leaps.Actors.Protocol;

namespace Leaps.Actors.Coordinator;

/// <summary>
/// The coordinator: hands every message to <see cref="CoordinatorState"/> and does what it asks for.
/// </summary>
/// <param name="state">as recovered</param>
/// <param name="tell">sends to another actor</param>
/// <param name="tellSelf">puts an answer into the actor's own mailbox</param>
/// <param name="journal">its journal</param>
/// <param name="observer">who runs the run</param>
internal sealed class CoordinatorActor(CoordinatorState state, Action<string, object> tell,
    Action<object> tellSelf, ActorJournal journal, ICoordinatorObserver observer)
    : EventSourcedActor(tellSelf, journal)
{
    private CoordinatorState _state = state;

    protected override object? Restored => new MessagesLost();

    protected override IEnumerable<Effect> Apply(object message)
    {
        var transition = _state.Apply(message);
        _state = transition.State;
        return transition.Effects;
    }

    protected override void Perform(Effect effect)
    {
        switch (effect)
        {
            case Send { Body: ControlReply reply } send:
                observer.OnReply(send.Recipient, reply);
                break;
            case Send send:
                tell(send.Recipient, send.Body);
                break;
            case Settled settled:
                observer.OnSettled(settled.Replica, settled.Window);
                break;
            case SnapshotsTaken:
                observer.OnSnapshotsTaken();
                break;
            case EngageReplica engage:
                observer.OnEngage(engage.Replica);
                break;
            case ReleaseReplica release:
                observer.OnRelease(release.Replica);
                break;
            case EndRun:
                observer.OnEnd(_state);
                break;
            case StopRun stop:
                observer.OnStop(stop.Cause);
                break;
            default:
                throw new InvalidOperationException(
                    $"The coordinator can't perform {effect.GetType().Name}.");
        }
    }
}

/// <summary>Who hears of a run from its coordinator, one call at a time.</summary>
internal interface ICoordinatorObserver
{
    void OnSettled(int replica, Model.Sampling.WindowSummary window);

    void OnEngage(int replica);

    void OnRelease(int replica);

    void OnSnapshotsTaken();

    void OnReply(string asker, ControlReply reply);

    void OnEnd(CoordinatorState state);

    void OnStop(string cause);
}
