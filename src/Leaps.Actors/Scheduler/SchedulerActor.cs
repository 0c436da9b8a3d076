using Leaps.Actors.Journal;
using Leaps.Actors.Protocol;

namespace Leaps.Actors.Scheduler;

/// <summary>
/// The scheduler: hands every message to <see cref="SchedulerState"/> and does what it asks for.
/// </summary>
/// <param name="state">as recovered</param>
/// <param name="tell">sends to another actor, or a reply to an asker</param>
/// <param name="tellSelf">puts an answer into the actor's own mailbox</param>
/// <param name="journal">its journal</param>
/// <param name="outside">what lies beyond mailboxes</param>
internal sealed class SchedulerActor(SchedulerState state, Action<string, Google.Protobuf.IMessage> tell,
    Action<object> tellSelf, ActorJournal journal, ISchedulerOutside outside)
    : EventSourcedActor(tellSelf, journal)
{
    private SchedulerState _state = state;

    /// <summary>The nodes that live, and which process of that name it is.</summary>
    public IEnumerable<(string Node, Google.Protobuf.ByteString Session)> Living =>
        _state.Alive.Select(node => (node.Name, node.Beat.Session));

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
            case Send send:
                tell(send.Recipient, send.Body);
                break;
            case StoreSubmission store:
                outside.Store(store);
                break;
            case AskHome ask:
                outside.AskHome(ask);
                break;
            case FetchFile fetch:
                outside.Fetch(fetch);
                break;
            case ForgetRun forget:
                outside.Forget(forget.Run);
                break;
            default:
                throw new InvalidOperationException($"The scheduler can't perform {effect.GetType().Name}.");
        }
    }
}

/// <summary>What the scheduler needs of the node it lives on, one call at a time. None waits for long: what
/// takes time is answered by a message.</summary>
internal interface ISchedulerOutside
{
    /// <summary>Then <see cref="SubmissionStored"/> goes to the scheduler, or the reason to the
    /// asker.</summary>
    void Store(StoreSubmission submission);

    /// <summary>The node hands the request to the run's home.</summary>
    void AskHome(AskHome request);

    /// <summary>A piece of a file from the store goes to the asker.</summary>
    void Fetch(FetchFile request);

    /// <summary>All that is stored of the run is deleted; then <see cref="RunDeleted"/> goes to the
    /// scheduler.</summary>
    void Forget(Guid run);
}
