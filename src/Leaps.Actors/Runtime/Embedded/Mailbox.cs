using System.Threading.Channels;

namespace Leaps.Actors.Runtime.Embedded;

/// <summary>
/// The messages of one actor, handled one at a time in the order in which they came. Whatever the actor
/// throws ends it and is told to <paramref name="failed"/>.
/// </summary>
internal sealed class Mailbox(Action<object> receive, Action<Exception> failed)
{
    private readonly Channel<object> _messages = Channel.CreateUnbounded<object>(
        new UnboundedChannelOptions { SingleReader = true });

    private volatile bool _dead;

    public Task Completion { get; private set; } = Task.CompletedTask;

    public void Start() => Completion = Task.Run(Run);

    /// <summary>False after <see cref="Close"/>: the message is dropped.</summary>
    public bool Post(object message) => _messages.Writer.TryWrite(message);

    /// <summary>What is in the mailbox is still handled.</summary>
    public void Close() => _messages.Writer.TryComplete();

    /// <summary>What is in the mailbox is lost.</summary>
    public void Kill()
    {
        _dead = true;
        Close();
    }

    private async Task Run()
    {
        try
        {
            await foreach (object message in _messages.Reader.ReadAllAsync().ConfigureAwait(false))
            {
                if (_dead)
                    return;
                receive(message);
            }
        }
        catch (Exception error)
        {
            Close();
            failed(error);
        }
    }
}
