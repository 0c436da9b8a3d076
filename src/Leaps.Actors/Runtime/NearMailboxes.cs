using System.Collections.Concurrent;
using Google.Protobuf;

namespace Leaps.Actors.Runtime;

/// <summary>
/// Mailboxes where actors that live in this process together tell each other what they have to say directly:
/// they live and die together, so that nothing has to last longer than they do.
/// </summary>
/// <param name="far">for all the others; this object's from now on</param>
internal sealed class NearMailboxes(IMailboxes far) : IMailboxes
{
    private readonly ConcurrentDictionary<string, IMailbox> _near = new(StringComparer.Ordinal);

    public void Prepare(string actor) => far.Prepare(actor);

    public IMailbox Open(string actor, long life, Receiver receive, Action<Exception> failed)
    {
        var near = new NearMailbox(this, far.Open(actor, life, receive, failed));
        _near[actor] = near;
        return near;
    }

    public void Remove(string actor)
    {
        _near.TryRemove(actor, out _);
        far.Remove(actor);
    }

    public ValueTask DisposeAsync() => far.DisposeAsync();

    private sealed class NearMailbox(NearMailboxes all, IMailbox far) : IMailbox
    {
        public Task Completion => far.Completion;

        public void Tell(string recipient, IMessage message)
        {
            if (all._near.TryGetValue(recipient, out var near))
                near.Post(message);
            else
                far.Tell(recipient, message);
        }

        public bool Post(object message) => far.Post(message);

        public void Close() => far.Close();
    }
}
