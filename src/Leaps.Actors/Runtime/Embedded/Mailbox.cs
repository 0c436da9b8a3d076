using System.Threading.Channels;
using Leaps.Actors.Protocol;

namespace Leaps.Actors.Runtime.Embedded;

/// <summary>
/// The messages of one actor, handled one at a time in the order in which they came.
/// </summary>
/// <param name="receive">the actor</param>
/// <param name="refused">takes what it says of a message that it refused; its state is as it was, and it goes
/// on</param>
/// <param name="failed">takes whatever else it throws, which ends it</param>
internal sealed class Mailbox(Action<object> receive, Action<string> refused, Action<Exception> failed)
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

    private void Handle(object message)
    {
        try
        {
            receive(message);
        }
        catch (ProtocolException refusal)
        {
            refused($"refused: {refusal.Message}");
        }
    }

    private async Task Run()
    {
        try
        {
            await foreach (object message in _messages.Reader.ReadAllAsync().ConfigureAwait(false))
            {
                if (_dead)
                    return;
                Handle(message);
            }
        }
        catch (Exception error)
        {
            Close();
            failed(error);
        }
    }
}
