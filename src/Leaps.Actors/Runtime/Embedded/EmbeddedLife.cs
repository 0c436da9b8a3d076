using System.Threading.Channels;
using Google.Protobuf;
using Leaps.Actors.Protocol;

namespace Leaps.Actors.Runtime.Embedded;

/// <summary>An actor in this process: its messages, one at a time in the order in which they came.</summary>
/// <param name="mailboxes">of the others</param>
/// <param name="box">keeps what is not handled</param>
/// <param name="receive">the actor</param>
/// <param name="refused">takes what it says of a message that it refused</param>
/// <param name="failed">takes whatever else it throws, which ends it</param>
internal sealed class EmbeddedLife(EmbeddedMailboxes mailboxes, EmbeddedBox box, Receiver receive,
    Action<string> refused, Action<Exception> failed) : IMailbox
{
    private static readonly Action NothingKept = static () => { };

    private readonly Channel<(object Message, LinkedListNode<IMessage>? Node)> _messages =
        Channel.CreateUnbounded<(object, LinkedListNode<IMessage>?)>(
            new UnboundedChannelOptions { SingleReader = true });

    private volatile bool _over;

    public Task Completion { get; private set; } = Task.CompletedTask;

    public void Start() => Completion = Task.Run(Run);

    public void Tell(string recipient, IMessage message)
    {
        if (!_over)
            mailboxes.Send(recipient, message);
    }

    public bool Post(object message) => _messages.Writer.TryWrite((message, null));

    public void Enqueue(IMessage message, LinkedListNode<IMessage> node) =>
        _messages.Writer.TryWrite((message, node));

    public void Close()
    {
        _over = true;
        _messages.Writer.TryComplete();
    }

    private async Task Run()
    {
        try
        {
            await foreach (var (message, node) in _messages.Reader.ReadAllAsync().ConfigureAwait(false))
            {
                if (_over)
                    return;
                Handle(message, node);
            }
        }
        catch (Exception error)
        {
            Close();
            failed(error);
        }
    }

    private void Handle(object message, LinkedListNode<IMessage>? node)
    {
        Action handled = node is null ? NothingKept : () => box.Handled(node);
        try
        {
            receive(message, handled);
        }
        catch (ProtocolException refusal)
        {
            handled();
            refused($"refused: {refusal.Message}");
        }
    }
}
