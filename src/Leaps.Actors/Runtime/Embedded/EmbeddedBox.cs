using Google.Protobuf;

namespace Leaps.Actors.Runtime.Embedded;

/// <summary>What was sent to an actor and is not handled yet, whether the actor lives or not.</summary>
internal sealed class EmbeddedBox
{
    private readonly Lock _gate = new();
    private readonly LinkedList<IMessage> _unhandled = [];
    private EmbeddedLife? _owner;
    private bool _removed;

    /// <summary>Ends with the present life; at once where there is none.</summary>
    public Task Completion => _owner?.Completion ?? Task.CompletedTask;

    /// <summary>A new life gets all that the former ones did not handle.</summary>
    public EmbeddedLife Open(EmbeddedLife life)
    {
        lock (_gate)
        {
            _owner?.Close();
            _owner = life;
            for (var node = _unhandled.First; node is not null; node = node.Next)
                life.Enqueue(node.Value, node);
        }
        life.Start();
        return life;
    }

    public void Deliver(IMessage message)
    {
        lock (_gate)
        {
            if (!_removed)
            {
                var node = _unhandled.AddLast(message);
                _owner?.Enqueue(message, node);
            }
        }
    }

    public void Handled(LinkedListNode<IMessage> node)
    {
        lock (_gate)
        {
            if (node.List is not null)
                _unhandled.Remove(node);
        }
    }

    public void Close()
    {
        lock (_gate)
        {
            _removed = true;
            _unhandled.Clear();
            _owner?.Close();
        }
    }
}
