using Leaps.Actors.Journal;

namespace Leaps.Actors.Trainer;

/// <summary>
/// The trainer: hands every message to <see cref="TrainerState"/> and does what it asks for. Effects wait,
/// in order, until the events before them are durable.
/// </summary>
/// <param name="state">as recovered</param>
/// <param name="tell">sends to another actor</param>
/// <param name="tellSelf">puts an answer into the actor's own mailbox</param>
/// <param name="device">does the updates</param>
/// <param name="journal">its journal</param>
/// <param name="observe">takes what is for whoever runs the training</param>
internal sealed class TrainerActor(TrainerState state, Action<string, object> tell, Action<object> tellSelf,
    TrainerDevice device, ActorJournal journal, Action<Effect> observe)
{
    private readonly DurableEffects _effects = new();
    private TrainerState _state = state;

    public void Receive(object message)
    {
        switch (message)
        {
            case EventDurable:
                _effects.EventIsDurable();
                break;
            case SaveFailed failed:
                throw failed.Cause;
            default:
                var transition = _state.Apply(message);
                _state = transition.State;
                foreach (var effect in transition.Effects)
                    _effects.Add(Placed(effect), persist => journal.Append(persist.Event, Durable));
                break;
        }
        while (_effects.TryTake(out var effect))
            Perform(effect);
    }

    // A checkpoint knows the events up to now, and none that comes while it waits.
    private Effect Placed(Effect effect) =>
        effect is SaveTrainer save ? new PlacedSave(save, journal.Mark()) : effect;

    private sealed record PlacedSave(SaveTrainer Save, ActorJournal.SnapshotPlace Place) : Effect;

    private void Durable(Exception? failure) =>
        tellSelf(failure is null ? new EventDurable() : new SaveFailed(failure));

    private void Perform(Effect effect)
    {
        switch (effect)
        {
            case Send send:
                tell(send.Recipient, send.Body);
                break;
            case RunUpdate run:
                device.Run(run.Batch, tellSelf);
                break;
            case CancelUpdate:
                device.Cancel();
                break;
            case PublishParameters:
                device.Publish(tellSelf);
                break;
            case ChangeLearningRate change:
                device.Change(change.Change);
                break;
            case PlacedSave placed:
                device.Save(placed.Save, (checkpoint, updates) => placed.Place.Save(checkpoint, failure =>
                    tellSelf(failure is null ? new TrainerStored(updates) : new SaveFailed(failure))));
                break;
            default:
                observe(effect);
                break;
        }
    }
}
