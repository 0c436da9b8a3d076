using Leaps.Actors.Runtime;

namespace Leaps.Actors.Journal;

/// <summary>
/// The recovery rule: an event is in the journal before anything that follows from it leaves the actor. Its
/// effects wait, in order, until the events before them are durable; meanwhile it goes on with messages.
/// </summary>
/// <param name="tellSelf">puts an answer into the actor's own mailbox</param>
/// <param name="journal">its journal</param>
internal abstract class EventSourcedActor(Action<object> tellSelf, ActorJournal journal)
{
    private readonly DurableEffects _effects = new();

    /// <param name="message">the message</param>
    /// <param name="handled">called once all that follows from it is durable</param>
    public void Receive(object message, Action handled)
    {
        switch (message)
        {
            case EventDurable:
                _effects.EventIsDurable();
                handled();
                break;
            case MailboxRestored:
                Take(Restored, handled);
                break;
            case SaveFailed failed:
                throw failed.Cause;
            default:
                Take(message, handled);
                break;
        }
        while (_effects.TryTake(out var effect))
        {
            if (effect is Handled done)
                done.Tell();
            else
                Perform(effect);
        }
    }

    /// <summary>What a <see cref="MailboxRestored"/> is to the state; null: nothing, as whoever told it
    /// something tells it again.</summary>
    protected virtual object? Restored => null;

    private void Take(object? message, Action handled)
    {
        foreach (var effect in message is null ? [] : Apply(message))
            _effects.Add(effect, persist => journal.Append(persist.Event, Durable));
        _effects.Add(new Handled(handled));
    }

    private sealed record Handled(Action Tell) : Effect;

    /// <summary>Takes over the next state.</summary>
    protected abstract IEnumerable<Effect> Apply(object message);

    protected abstract void Perform(Effect effect);

    private void Durable(Exception? failure) =>
        tellSelf(failure is null ? new EventDurable() : new SaveFailed(failure));
}
