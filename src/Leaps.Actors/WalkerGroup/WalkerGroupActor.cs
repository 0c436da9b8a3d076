using Leaps.Actors.Journal;
using Leaps.Actors.Protocol;
using Leaps.Model;

namespace Leaps.Actors.WalkerGroup;

/// <summary>
/// A walker group on a device: hands every message to <see cref="WalkerGroupState"/> and does what it asks
/// for.
/// </summary>
/// <param name="state">as recovered</param>
/// <param name="tell">sends to another actor</param>
/// <param name="tellSelf">puts an answer into the actor's own mailbox</param>
/// <param name="movers">its device</param>
/// <param name="journal">its journal</param>
internal sealed class WalkerGroupActor(WalkerGroupState state, Action<string, object> tell,
    Action<object> tellSelf, MoverPool movers, ActorJournal journal)
{
    private WalkerGroupState _state = state;

    public void Receive(object message)
    {
        switch (message)
        {
            case MoveFailed { Cause: LeapsException cause }:
                tell(ActorNames.Coordinator, new Failure
                {
                    Actor = ActorNames.Group(_state.Group),
                    Cause = cause.Message,
                });
                return;
            case MoveFailed failed:
                throw failed.Cause;
            case SaveFailed failed:
                throw failed.Cause;
        }
        var transition = _state.Apply(message);
        _state = transition.State;
        foreach (var effect in transition.Effects)
            Perform(effect);
    }

    private void Perform(Effect effect)
    {
        switch (effect)
        {
            case Send send:
                tell(send.Recipient, send.Body);
                break;
            case MoveWindow move:
                movers.Enqueue(move, tellSelf);
                break;
            case AbandonMove:
                movers.Abandon(_state.Group);
                break;
            case SaveSnapshot save:
                journal.Save(save.Snapshot, failure => tellSelf(
                    failure is null ? new SnapshotSaved(save.Snapshot) : new SaveFailed(failure)));
                break;
            default:
                throw new InvalidOperationException($"A group can't perform {effect.GetType().Name}.");
        }
    }
}
