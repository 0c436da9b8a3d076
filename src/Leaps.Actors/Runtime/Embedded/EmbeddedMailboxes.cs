using System.Collections.Concurrent;
using Google.Protobuf;

namespace Leaps.Actors.Runtime.Embedded;

/// <summary>
/// Mailboxes of actors that all live in this process. Messages are passed as they are; nobody changes one
/// after it was sent. Sending never waits: what an actor may send ahead is bounded by what it is allowed to
/// do.
/// </summary>
/// <param name="refused">takes a line for each message that was refused</param>
/// <param name="delay">of every message from actor to actor; zero: none</param>
/// <param name="clock">for the delay; null: the system's</param>
internal sealed class EmbeddedMailboxes(
    Action<string> refused, TimeSpan delay = default, TimeProvider? clock = null) : IMailboxes
{
    private readonly ConcurrentDictionary<string, EmbeddedBox> _boxes = new(StringComparer.Ordinal);
    private readonly TimeProvider _clock = clock ?? TimeProvider.System;
    private volatile bool _closed;

    public void Prepare(string actor) => _boxes.GetOrAdd(actor, static _ => new EmbeddedBox());

    public IMailbox Open(string actor, long life, Receiver receive, Action<Exception> failed)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        var box = _boxes.GetOrAdd(actor, static _ => new EmbeddedBox());
        return box.Open(new EmbeddedLife(this, box, receive, refused, failed));
    }

    public void Remove(string actor)
    {
        if (_boxes.TryRemove(actor, out var box))
            box.Close();
    }

    public async ValueTask DisposeAsync()
    {
        _closed = true;
        var boxes = _boxes.Values.ToList();
        boxes.ForEach(box => box.Close());
        await Task.WhenAll(boxes.Select(box => box.Completion)).ConfigureAwait(false);
    }

    internal void Send(string recipient, IMessage message)
    {
        if (delay <= TimeSpan.Zero)
            Deliver(recipient, message);
        else
            Task.Delay(delay, _clock).ContinueWith(_ => Deliver(recipient, message), TaskScheduler.Default);
    }

    private void Deliver(string recipient, IMessage message)
    {
        if (!_closed && _boxes.TryGetValue(recipient, out var box))
            box.Deliver(message);
    }
}
