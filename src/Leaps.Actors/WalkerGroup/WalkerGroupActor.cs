using Leaps.Actors.Journal;
using Leaps.Actors.Protocol;
using Leaps.Actors.Runtime;
using Leaps.Actors.Telemetry;
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
/// <param name="left">called when it was told to leave and has</param>
/// <param name="telemetry">of this life; null: nobody wants to know</param>
internal sealed class WalkerGroupActor(WalkerGroupState state, Action<string, object> tell,
    Action<object> tellSelf, MoverPool movers, ActorJournal journal, Action left,
    GroupTelemetry? telemetry = null)
{
    private WalkerGroupState _state = state;

    /// <param name="message">the message</param>
    /// <param name="handled">called at once: a group that is lost asks for all that it must know</param>
    public void Receive(object message, Action handled)
    {
        switch (message)
        {
            case MailboxRestored:
                // Who lives anew tells and asks for everything.
                message = new GroupReborn();
                break;
            case MoveFailed { Cause: LeapsException { IsOfDevice: false } cause }:
                tell(ActorNames.Coordinator, new Failure
                {
                    Actor = ActorNames.Group(_state.Group),
                    Cause = cause.Message,
                });
                handled();
                return;
            case MoveFailed failed:
                throw failed.Cause;
            case SaveFailed failed:
                throw failed.Cause;
        }
        var transition = _state.Apply(message);
        telemetry?.Applied(message, _state, transition.State);
        _state = transition.State;
        foreach (var effect in transition.Effects)
            Perform(effect);
        handled();
    }

    private void Perform(Effect effect)
    {
        switch (effect)
        {
            case Send send:
                telemetry?.Sends(send.Body);
                tell(send.Recipient, send.Body);
                break;
            case MoveWindow move:
                movers.Enqueue(move, tellSelf);
                break;
            case AbandonMove:
                movers.Abandon(_state.Group);
                break;
            case SaveSnapshot save:
                var stored = telemetry?.BeginSnapshot(save.Snapshot);
                journal.Save(save.Snapshot, failure =>
                {
                    stored?.Invoke();
                    tellSelf(failure is null ? new SnapshotSaved(save.Snapshot) : new SaveFailed(failure));
                });
                break;
            case GroupLeft:
                left();
                break;
            default:
                throw new InvalidOperationException($"A group can't perform {effect.GetType().Name}.");
        }
    }
}
