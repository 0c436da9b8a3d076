using Leaps.Actors.Journal;

namespace Leaps.Actors.Trainer;

/// <summary>
/// The trainer: hands every message to <see cref="TrainerState"/> and does what it asks for.
/// </summary>
/// <param name="state">as recovered</param>
/// <param name="tell">sends to another actor</param>
/// <param name="tellSelf">puts an answer into the actor's own mailbox</param>
/// <param name="device">does the updates</param>
/// <param name="journal">its journal</param>
/// <param name="observe">takes what is for whoever runs the training</param>
internal sealed class TrainerActor(TrainerState state, Action<string, object> tell, Action<object> tellSelf,
    TrainerDevice device, ActorJournal journal, Action<Effect> observe)
    : EventSourcedActor(tellSelf, journal)
{
    private readonly ActorJournal _journal = journal;
    private readonly Action<object> _tellSelf = tellSelf;
    private TrainerState _state = state;

    protected override IEnumerable<Effect> Apply(object message)
    {
        var transition = _state.Apply(message);
        _state = transition.State;
        return transition.Effects.Select(Placed);
    }

    // A checkpoint knows the events up to now, and none that comes while it waits.
    private Effect Placed(Effect effect) =>
        effect is SaveTrainer save ? new PlacedSave(save, _journal.Mark()) : effect;

    private sealed record PlacedSave(SaveTrainer Save, ActorJournal.SnapshotPlace Place) : Effect;

    protected override void Perform(Effect effect)
    {
        switch (effect)
        {
            case Send send:
                tell(send.Recipient, send.Body);
                break;
            case RunUpdate run:
                device.Run(run.Batch, _tellSelf);
                break;
            case CancelUpdate:
                device.Cancel();
                break;
            case PublishParameters:
                device.Publish(_tellSelf);
                break;
            case ChangeLearningRate change:
                device.Change(change.Change);
                break;
            case PlacedSave placed:
                device.Save(placed.Save, (checkpoint, updates) => placed.Place.Save(checkpoint, failure =>
                    _tellSelf(failure is null ? new TrainerStored(updates) : new SaveFailed(failure))));
                break;
            default:
                observe(effect);
                break;
        }
    }
}
