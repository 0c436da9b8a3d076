using Google.Protobuf;
using Leaps.Actors.Protocol;

namespace Leaps.Actors.Runtime;

/// <summary>
/// Takes one message of an actor: from another one, a message of leaps.proto; from itself, any object.
/// </summary>
/// <param name="message">the message</param>
/// <param name="handled">to be called once, on the mailbox's thread, now or during a later message: when all
/// that follows from this one is durable. Until then a successor of the actor would get it again.</param>
/// <exception cref="ProtocolException">The message is refused; the actor is as it was.</exception>
internal delegate void Receiver(object message, Action handled);

/// <summary>
/// A runtime, as actors see it: the mailboxes of the actors of one run, wherever they live.
/// </summary>
/// <remarks>
/// What every runtime promises (tests: Runtime/MailboxesContract):
/// <list type="bullet">
/// <item>An actor's messages are taken one at a time.</item>
/// <item>Those of one sender to one recipient come in the order in which they were sent; if the recipient or
/// the runtime's own servers were lost in between, some may come twice, as a run of older ones again.</item>
/// <item>A message that was sent is delivered at least once while its mailbox exists and sender and
/// recipient go on living; a recipient that lives again gets all that were not handled.</item>
/// <item>A message that is refused is told to whoever runs the run, and the next one comes.</item>
/// <item>Whoever fails otherwise gets no further message.</item>
/// <item>Sending waits while too much is under way.</item>
/// <item>When the runtime has lost its own servers and is back, each actor is told so by
/// <see cref="MailboxRestored"/>: the servers may have forgotten what was on its way.</item>
/// </list>
/// </remarks>
internal interface IMailboxes : IAsyncDisposable
{
    /// <summary>The mailbox is there, so that what is sent to it waits for its actor.</summary>
    void Prepare(string actor);

    /// <summary>The actor lives here from now on. Prepares its mailbox too.</summary>
    /// <param name="actor">1 to 200 of A-Z a-z 0-9 . _ - /</param>
    /// <param name="life">the epoch of what it sends, 1 or more, larger than that of its former lives</param>
    /// <param name="receive">the actor</param>
    /// <param name="failed">takes what else it throws, which ends it</param>
    IMailbox Open(string actor, long life, Receiver receive, Action<Exception> failed);

    /// <summary>The mailbox goes, with all that is in it. Nobody needs its actor any more.</summary>
    void Remove(string actor);
}

/// <summary>To an actor from its runtime: whatever was sent to it or by it may be lost.</summary>
internal sealed record MailboxRestored;

/// <summary>The mailbox of an actor that lives in this process.</summary>
internal interface IMailbox
{
    /// <summary>Ends when the actor takes no further message.</summary>
    Task Completion { get; }

    /// <summary>From the actor to another one. To a mailbox that is not there it is dropped.</summary>
    void Tell(string recipient, IMessage message);

    /// <summary>From the actor to itself; false when it takes no further message.</summary>
    bool Post(object message);

    /// <summary>The actor lives here no more. What is not handled stays for its successor.</summary>
    void Close();
}
