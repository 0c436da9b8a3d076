using System.Collections.Concurrent;
using Google.Protobuf;
using Leaps.Actors.Protocol;
using Leaps.Actors.Telemetry;
using Leaps.Model;
using RabbitMQ.Client;

namespace Leaps.Actors.Runtime.RabbitMq;

/// <summary>
/// The mailboxes of a run at the broker: a durable queue for each actor, which one process consumes at a
/// time, and one exchange that knows them by the actors' names. What is prepared here is there for whatever
/// is sent from here later, and for all that follows from it elsewhere; not yet for a process that knows
/// nothing of it.
/// </summary>
internal sealed class BrokerMailboxes : IMailboxes
{
    /// <summary>For consumers: there is no such mailbox.</summary>
    internal const int Missing = -1;

    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(5);

    private readonly Guid _run;
    private readonly MessageCodec _codec;
    private readonly Action<string> _refused;
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _prepared =
        new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, BrokerLife> _lives = new(StringComparer.Ordinal);
    private volatile LeapsException? _fault;
    private volatile bool _closed;

    internal BrokerMailboxes(BrokerConnection connection, BrokerTopology topology, Guid run,
        MessageCodec codec, Action<string> refused)
    {
        Connection = connection;
        Topology = topology;
        (_run, _codec, _refused) = (run, codec, refused);
    }

    internal BrokerConnection Connection { get; }
    internal BrokerTopology Topology { get; }

    /// <summary>Actors get their messages as <see cref="Signed"/>.</summary>
    internal bool IsSigned { get; init; }

    /// <summary>Without the right to make what all share.</summary>
    internal bool IsGuest { get; init; }

    /// <summary>Of the run; null: nobody wants to know.</summary>
    internal RunTelemetry? Telemetry { get; init; }

    /// <summary>What the broker refused for good; null: nothing.</summary>
    internal LeapsException? Fault => _fault;

    public void Prepare(string actor)
    {
        CheckName(actor);
        var declared = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (_prepared.TryAdd(actor, declared))
        {
            Add(async (channel, cancellation) =>
            {
                await Topology.DeclareQueue(channel, actor, cancellation).ConfigureAwait(false);
                declared.TrySetResult();
            });
        }
    }

    public IMailbox Open(string actor, long life, Receiver receive, Action<Exception> failed)
    {
        Prepare(actor);
        return Start(actor, new BrokerLife(this, actor, life, transient: false, receive, failed));
    }

    /// <summary>
    /// Opens a mailbox that goes with its actor or with the connection to the broker: for those who ask and
    /// ask again. Ends when the mailbox is there.
    /// </summary>
    public async Task<IMailbox> OpenTransient(string actor, long life, Receiver receive,
        Action<Exception> failed, CancellationToken cancellation)
    {
        CheckName(actor);
        var opened = new BrokerLife(this, actor, life, transient: true, receive, failed);
        Connection.Expect(opened);
        Start(actor, opened);
        await opened.FirstReady.WaitAsync(cancellation).ConfigureAwait(false);
        return opened;
    }

    public void Remove(string actor)
    {
        if (_lives.TryRemove(actor, out var life))
            life.Close();
        _prepared.TryRemove(actor, out _);
        Add((channel, cancellation) =>
            channel.QueueDeleteAsync(Topology.Queue(actor), false, false, false, cancellation));
    }

    /// <summary>
    /// How many processes consume a mailbox, those not counted that wait to take over: so 0 or 1 of a mailbox
    /// that is not transient. <see cref="Missing"/>: there is no such mailbox; null: not known, as the broker
    /// is away, or slow.
    /// </summary>
    public async Task<int?> Consumers(string actor, CancellationToken cancellation = default)
    {
        if (Connection.SessionOrNull is not { } session)
            return null;
        try
        {
            return await session.Consumers(Topology.Queue(actor), Connection.Clock, cancellation)
                .ConfigureAwait(false);
        }
        catch (Exception error) when (BrokerErrors.IsMissing(error))
        {
            return Missing;
        }
        catch (Exception error) when (BrokerErrors.IsTransport(error))
        {
            cancellation.ThrowIfCancellationRequested();
            return null;
        }
    }

    /// <summary>
    /// Takes a mailbox of several consumers from the one that has it: it is made anew, and goes to whoever
    /// consumes it first. Does nothing while the broker is away.
    /// </summary>
    /// <param name="actor">whose</param>
    /// <param name="isDue">asked once nobody else can be doing the same: should it still be done?</param>
    /// <param name="cancellation">gives up</param>
    public async Task Evict(string actor, Func<bool> isDue, CancellationToken cancellation = default)
    {
        if (Connection.SessionOrNull is not { } session)
            return;
        try
        {
            await QueueRenewal.Renew(session, Topology, actor, Connection.Options.User,
                () => Task.FromResult(isDue()), Connection.Clock, cancellation).ConfigureAwait(false);
        }
        catch (Exception error) when (BrokerErrors.IsTransport(error))
        {
            cancellation.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Closes all mailboxes of this process and waits a moment for what they sent.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_closed)
            return;
        _closed = true;
        var lives = _lives.Values.ToList();
        lives.ForEach(life => life.Close());
        await Task.WhenAll(lives.Select(life => life.Completion)).ConfigureAwait(false);
        if (Connection.Host is not null)
            await Connection.Drain(DrainLimit).ConfigureAwait(false);
        Connection.Forget(this);
    }

    /// <summary>All that everybody shares is there.</summary>
    internal void Declare() => Add(Topology.Declare);

    /// <summary>
    /// On a new channel: what this process has declared is there, whatever the broker has lost.
    /// </summary>
    internal async Task Restore(IChannel channel, CancellationToken cancellation)
    {
        if (_fault is not null || IsGuest)
            return;
        await Topology.Declare(channel, cancellation).ConfigureAwait(false);
        foreach (string actor in _prepared.Keys)
            await Topology.DeclareQueue(channel, actor, cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// The queue of a prepared mailbox is made. One channel alone makes it: to a second one the broker would
    /// say that it exists while it can't be used yet, and a consumer that comes too early may wait for a
    /// minute.
    /// </summary>
    internal Task Declared(string actor) =>
        _prepared.TryGetValue(actor, out var declared) ? declared.Task : Task.CompletedTask;

    /// <summary>Nothing more can be done here: every life ends with the reason.</summary>
    internal void Break(LeapsException fault)
    {
        _fault ??= fault;
        foreach (var life in _lives.Values)
            life.Fail(fault);
    }

    internal void Refused(string line)
    {
        Telemetry?.Refused();
        _refused(line);
    }

    /// <exception cref="ProtocolException">It would be refused.</exception>
    internal byte[] Encode(string sender, string recipient, long life, long sequence, IMessage message)
    {
        var envelope = Envelope.Create(_run, sender, recipient, life, sequence);
        MessageBodies.Put(envelope, message);
        int bytes = envelope.CalculateSize(), maximum = Connection.Options.MaximumMessageBytes;
        if (bytes > maximum)
            throw new ProtocolException(FormattableString.Invariant(
                $"{envelope.BodyCase} of {bytes:N0} bytes: at most {maximum:N0} are allowed."));
        Telemetry?.Sent(envelope.BodyCase.ToString(), bytes);
        return _codec.Encode(envelope);
    }

    /// <exception cref="ProtocolException">No sound message for this actor of this run.</exception>
    internal object Decode(string recipient, BrokerDelivery delivery)
    {
        var envelope = _codec.Decode(delivery.Body);
        Telemetry?.Received(envelope.BodyCase.ToString(), delivery.Body.Length);
        if (envelope.Recipient != recipient)
            throw new ProtocolException(
                $"{envelope.BodyCase} {envelope.Sequence} from {envelope.Sender} is for "
                + $"{envelope.Recipient}; it came to {recipient}.");
        var body = MessageBodies.Of(envelope);
        return IsSigned ? new Signed(envelope.Sender, delivery.User, body) : body;
    }

    /// <summary>A life of an actor that has lived before begins here.</summary>
    internal void Announce(string actor, long life, CancellationToken cancellation) =>
        Send(actor, MailboxNotice.Of(life), cancellation, isNotice: true);

    internal void Send(string recipient, byte[] body, CancellationToken cancellation, bool isNotice = false)
    {
        if (_fault is { } fault)
            throw new LeapsException(fault.Message, fault);
        Connection.Outbox.Add(new OutboxEntry(this, recipient, body)
        {
            IsNotice = isNotice,
            Since = Connection.Clock.GetTimestamp(),
        }, cancellation);
    }

    private void Add(Func<IChannel, CancellationToken, Task> operation)
    {
        if (_fault is { } fault)
            throw new LeapsException(fault.Message, fault);
        Connection.Outbox.Add(new OutboxEntry(this, "", [], operation)
        {
            Since = Connection.Clock.GetTimestamp(),
        }, CancellationToken.None);
    }

    private BrokerLife Start(string actor, BrokerLife life)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        BrokerLife? former = null;
        _lives.AddOrUpdate(actor, life, (_, present) =>
        {
            former = present;
            return life;
        });
        former?.Close();
        life.Start(former?.Completion ?? Task.CompletedTask);
        life.Completion.ContinueWith(_ =>
        {
            Connection.Forget(life);
            _lives.TryRemove(KeyValuePair.Create(actor, life));
        }, TaskScheduler.Default);
        return life;
    }

    private static void CheckName(string actor) => new FieldChecks("mailbox").Name("actor", actor);
}
