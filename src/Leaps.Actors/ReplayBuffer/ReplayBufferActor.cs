using Google.Protobuf;
using Leaps.Actors.Journal;
using Leaps.Actors.Protocol;
using Leaps.Actors.Runtime;
using Leaps.Model;
using Leaps.Model.Targets;
using Leaps.Model.Training;

namespace Leaps.Actors.ReplayBuffer;

/// <summary>
/// The replay buffer: hands every message to <see cref="ReplayBufferState"/> and does what it asks for. In
/// the journal each rollout is by itself, so that storing one never writes the others again.
/// </summary>
/// <param name="state">as recovered</param>
/// <param name="tell">sends to another actor</param>
/// <param name="tellSelf">puts an answer into the actor's own mailbox</param>
/// <param name="writer">writes its journal</param>
internal sealed class ReplayBufferActor(ReplayBufferState state, Action<string, object> tell,
    Action<object> tellSelf, JournalWriter writer)
{
    private const string Prefix = ActorNames.ReplayBuffer + "/";

    private ReplayBufferState _state = state;

    /// <summary>With the rollouts that the journal holds.</summary>
    /// <exception cref="LeapsException">One of them is damaged.</exception>
    public static ReplayBufferState Recover(IJournal journal, TrainingOptions options, Target target)
    {
        var rollouts = new Dictionary<int, Rollout>();
        foreach (string name in journal.Actors())
        {
            if (!name.StartsWith(Prefix, StringComparison.Ordinal))
                continue;
            if (journal.LoadLatestSnapshot(name) is not { } stored)
                continue;
            try
            {
                var rollout = Rollout.FromBytes(stored.Bytes.Span);
                rollouts.Add(rollout.Entry.Index, rollout);
            }
            catch (InvalidDataException error)
            {
                throw new LeapsException($"'{name}' in the journal can't be read: {error.Message}", error);
            }
        }
        var state = new ReplayBufferState(options, target);
        return state with { Rollouts = state.Rollouts.AddRange(rollouts) };
    }

    /// <param name="message">the message</param>
    /// <param name="handled">called at once: a trainer orders a rollout that was lost again</param>
    public void Receive(object message, Action handled)
    {
        if (message is SaveFailed failed)
            throw failed.Cause;
        // The trainer orders anew whatever is missing.
        var transition = _state.Apply(message is MailboxRestored ? new BufferBegins() : message);
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
                tell(send.Recipient, send.Body);
                break;
            case SaveRollout save:
                string name = NameOf(save.Rollout.Entry.Index);
                writer.Enqueue(new JournalSnapshot(name, 0, save.Rollout.ToBytes()),
                    failure => tellSelf(
                        failure is null ? new RolloutSaved(save.Rollout) : new SaveFailed(failure)));
                break;
            case ForgetRollout forget:
                writer.Enqueue(new JournalForget(NameOf(forget.Index)), failure =>
                {
                    if (failure is not null)
                        tellSelf(new SaveFailed(failure));
                });
                break;
            default:
                throw new InvalidOperationException(
                    $"The replay buffer can't perform {effect.GetType().Name}.");
        }
    }

    private static string NameOf(int index) => FormattableString.Invariant($"{Prefix}{index}");
}
