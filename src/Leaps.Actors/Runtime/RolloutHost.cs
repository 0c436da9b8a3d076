using Leaps.Actors.Protocol;
using Leaps.Actors.ReplayBuffer;

namespace Leaps.Actors.Runtime;

/// <summary>
/// The maker of rollouts, in this process: it makes what the trainer orders and gives it to the replay
/// buffer. It remembers nothing; an order is handled when its rollout has been sent.
/// </summary>
internal sealed class RolloutHost : IDisposable
{
    // A trainer that waits for an answer to its own question does not take this one for it.
    private const long NoTrainer = long.MaxValue;

    private readonly RolloutPool _pool;
    private readonly IMailbox _mailbox;

    /// <param name="pool">the device; the host's from now on</param>
    /// <param name="mailboxes">of the training</param>
    /// <param name="life">of the maker</param>
    /// <param name="failed">takes what ends it</param>
    public RolloutHost(RolloutPool pool, IMailboxes mailboxes, long life, Action<Exception> failed)
    {
        _pool = pool;
        // It may be given its first message before Open returns.
        var own = new TaskCompletionSource<IMailbox>();
        _mailbox = mailboxes.Open(ActorNames.RolloutMaker, life,
            (message, handled) => Receive(own.Task.Result, message, handled), failed);
        own.SetResult(_mailbox);
    }

    public Task Completion => _mailbox.Completion;

    /// <summary>A former maker may have taken orders with it: the buffer tells the trainer what it has, and
    /// the trainer orders the rest again.</summary>
    public void AskForOrders() =>
        _mailbox.Tell(ActorNames.ReplayBuffer, new BufferQuery { Epoch = NoTrainer });

    public void Dispose()
    {
        _mailbox.Close();
        _mailbox.Completion.Wait();
        _pool.Dispose();
    }

    private void Receive(IMailbox mailbox, object message, Action handled)
    {
        switch (message)
        {
            case RolloutOrder order:
                _pool.Enqueue(order, made => mailbox.Post(new Made(made, handled)));
                break;
            case Made made:
                mailbox.Tell(ActorNames.ReplayBuffer, made.Rollout);
                made.Handled();
                handled();
                break;
            case MailboxRestored:
                AskForOrders();
                handled();
                break;
            default:
                throw new ProtocolException(
                    $"the maker of rollouts has no use for a {message.GetType().Name}.");
        }
    }

    private sealed record Made(RolloutMade Rollout, Action Handled);
}
