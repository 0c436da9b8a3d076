using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using Google.Protobuf;
using Leaps.Actors.Journal;
using Leaps.Actors.Protocol;
using Leaps.Model;
using RabbitMQ.Client;

namespace Leaps.Actors.Runtime.RabbitMq;

/// <summary>
/// An actor in this process: one loop takes what the broker delivers and what the actor posts to itself,
/// another keeps a channel to its queue. Closing the channel gives back all that is not handled, in order.
/// </summary>
[SuppressMessage("Reliability", "CA1001", Justification =
    "A source without timer and wait handle holds nothing; it may be cancelled long after the life is over.")]
internal sealed class BrokerLife : IMailbox
{
    private static readonly Action NothingKept = static () => { };
    // Longer than a broker that is busy takes to elect one.
    private static readonly TimeSpan ConsumeLimit = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(5);
    // Longer than it takes to make a mailbox anew, or all of them after the broker lost its data.
    private static readonly TimeSpan MissingLimit = TimeSpan.FromSeconds(2);
    // For a mailbox that is being made anew to be there, at a broker that is busy.
    private static readonly TimeSpan RenewalPause = TimeSpan.FromMilliseconds(250);
    private const int RenewalPauses = 20;
    // For a predecessor to come to the notice of this life, or to have given back what it did not handle:
    // with a mailbox that is made anew that is lost.
    private static readonly TimeSpan TakeOverPatience = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan TakeOverPause = TimeSpan.FromMilliseconds(50);
    // A broker slower than usual may move its consumer to the mailbox made anew.
    private const int TakeOvers = 5;
    // A queue whose leader is away is without consumers to whoever asks.
    private const int UnknownLimit = 2;

    private readonly BrokerMailboxes _mailboxes;
    private readonly BrokerConnection _connection;
    private readonly string _actor;
    private readonly long _life;
    private readonly bool _transient;
    private readonly Receiver _receive;
    private readonly Action<Exception> _failed;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationToken _stopped;
    private readonly Channel<object> _messages =
        Channel.CreateUnbounded<object>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Dictionary<string, long> _sequences = new(StringComparer.Ordinal);
    private readonly Lock _telling = new();
    private readonly TaskCompletionSource _firstReady =
        new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile BrokerFeed? _feed;
    private volatile bool _over;
    private bool _isBroken, _isLate;
    private long? _missed;
    private Task _received = Task.CompletedTask;
    private Task _formerLife = Task.CompletedTask;
    private int _failures;

    public BrokerLife(BrokerMailboxes mailboxes, string actor, long life, bool transient, Receiver receive,
        Action<Exception> failed)
    {
        _mailboxes = mailboxes;
        _connection = mailboxes.Connection;
        (_actor, _life, _transient, _receive, _failed) = (actor, life, transient, receive, failed);
        _stopped = _stop.Token;
    }

    public Task Completion { get; private set; } = Task.CompletedTask;

    /// <summary>Its queue is consumed for the first time; fails when it never will be.</summary>
    public Task FirstReady => _firstReady.Task;

    /// <param name="former">ends with the actor's former life in this process</param>
    public void Start(Task former)
    {
        _formerLife = former;
        if (_life > 1 && !_transient)
            _mailboxes.Announce(_actor, _life, CancellationToken.None);
        _received = Task.Run(Receive);
        var attached = Task.Run(KeepAttached);
        Completion = Task.WhenAll(_received, attached);
    }

    public void Tell(string recipient, IMessage message)
    {
        if (_over)
            return;
        // One after the other, so that they lie in the outbox in the order of their numbers.
        lock (_telling)
        {
            long sequence = _sequences.GetValueOrDefault(recipient) + 1;
            byte[] body = _mailboxes.Encode(_actor, recipient, _life, sequence, message);
            try
            {
                _mailboxes.Send(recipient, body, _stopped);
                _sequences[recipient] = sequence;
            }
            catch (OperationCanceledException) when (_over)
            {
                // It waited for room until the actor lived no more.
            }
        }
    }

    public bool Post(object message) => _messages.Writer.TryWrite(message);

    public void Close()
    {
        _over = true;
        _messages.Writer.TryComplete();
        _ = _stop.CancelAsync();
    }

    /// <summary>It can't go on: ends it and says so, once.</summary>
    public void Fail(Exception error)
    {
        Close();
        _firstReady.TrySetException(error);
        if (Interlocked.Exchange(ref _failures, 1) == 0)
            _failed(error);
    }

    private async Task Receive()
    {
        try
        {
            await foreach (object message in _messages.Reader.ReadAllAsync().ConfigureAwait(false))
            {
                if (_over)
                    return;
                if (message is not BrokerDelivery delivery)
                    Take(message, NothingKept, NothingKept);
                else if (!delivery.Feed.IsOver)
                    Take(delivery);
                await Acknowledge().ConfigureAwait(false);
            }
        }
        catch (Exception error)
        {
            Fail(error);
        }
    }

    private void Take(BrokerDelivery delivery)
    {
        Action handled = () => delivery.Feed.Handled(delivery.Tag);
        Action refused = () => delivery.Feed.Refused(delivery.Tag);
        object body;
        try
        {
            if (delivery.Type == MailboxNotice.Type && delivery.User == _connection.Options.User)
            {
                Note(MailboxNotice.LifeOf(delivery.Body), handled);
                return;
            }
            body = _mailboxes.Decode(_actor, delivery);
        }
        catch (ProtocolException refusal)
        {
            Refuse(refusal, refused);
            return;
        }
        Take(body, handled, refused);
    }

    // The successor is to find it again, so it is not handled.
    private void Note(long life, Action handled)
    {
        if (life > _life)
            Fail(new FencedException(_actor));
        else if (life == _life || life == MailboxNotice.Anyone)
            _receive(new MailboxRestored(), handled);
        else
            handled();
    }

    private void Take(object message, Action handled, Action refused)
    {
        try
        {
            _receive(message, handled);
        }
        catch (ProtocolException refusal)
        {
            Refuse(refusal, refused);
        }
    }

    private void Refuse(ProtocolException refusal, Action refused)
    {
        refused();
        _mailboxes.Refused($"refused: {refusal.Message}");
    }

    // While more is waiting here, several are acknowledged at once.
    private Task Acknowledge()
    {
        int several = Math.Max(1, _connection.Options.Prefetch / 4);
        return _feed is { } feed && feed.Pending is var pending && pending > 0
            && (pending >= several || !_messages.Reader.TryPeek(out _))
            ? feed.Flush(CancellationToken.None) : Task.CompletedTask;
    }

    private async Task KeepAttached()
    {
        try
        {
            while (!_stopped.IsCancellationRequested)
            {
                var session = await _connection.Session(_stopped).ConfigureAwait(false);
                try
                {
                    await Attach(session).ConfigureAwait(false);
                }
                catch (Exception error) when (BrokerErrors.IsTransport(error))
                {
                    _stopped.ThrowIfCancellationRequested();
                    if (Refusal(error) is { } refusal)
                        throw refusal;
                    // What it was sent meanwhile may have gone with a queue.
                    _isLate = true;
                }
                await Task.Delay(_connection.Options.ShortestPause, _connection.Clock, _stopped)
                    .ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (_stopped.IsCancellationRequested)
        {
            // It lives no more, as it was told.
        }
        catch (Exception error)
        {
            Fail(error);
        }
        _firstReady.TrySetCanceled(CancellationToken.None);
    }

    // What a connection that died left behind may be locked for a while.
    private LeapsException? Refusal(Exception error) => _transient && BrokerErrors.IsLocked(error) ? null
        : BrokerErrors.Refusal(_connection.Options, _mailboxes.Topology.Queue(_actor),
            BrokerErrors.Reason(error));

    /// <summary>Consumes the queue until the channel is lost or the actor lives no more.</summary>
    private async Task Attach(BrokerSession session)
    {
        var channel = await session.Incoming.CreateChannelAsync(new CreateChannelOptions(
            publisherConfirmationsEnabled: false, publisherConfirmationTrackingEnabled: false), _stopped)
            .ConfigureAwait(false);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var feed = new BrokerFeed(channel, session);
        try
        {
            channel.ChannelShutdownAsync += (_, _) =>
            {
                ended.TrySetResult();
                return Task.CompletedTask;
            };
            var topology = _mailboxes.Topology;
            if (_transient && !_mailboxes.IsGuest)
                await topology.DeclareExchanges(channel, _stopped).ConfigureAwait(false);
            await (_transient ? topology.DeclareTransient(channel, _actor, _stopped)
                : _mailboxes.Declared(_actor).WaitAsync(_stopped)).ConfigureAwait(false);
            if (_isBroken)
            {
                await QueueRenewal.Renew(session, topology, _actor, _connection.Options.User,
                    async () => await QueueRenewal.StateOf(session, topology, _actor, _connection.Clock,
                        _stopped).ConfigureAwait(false) != QueueState.Sound,
                    _connection.Clock, _stopped).ConfigureAwait(false);
                _isBroken = false;
            }
            if (_life > 1 && !_transient && !_firstReady.Task.IsCompleted)
                await EvictFormer(session).ConfigureAwait(false);
            await channel.BasicQosAsync(0, (ushort)_connection.Options.Prefetch, global: false, _stopped)
                .ConfigureAwait(false);
            _feed = feed;
            var consumer = new BrokerConsumer(channel, feed,
                delivery => _messages.Writer.TryWrite(delivery), () => ended.TrySetResult());
            await Consume(channel, consumer).ConfigureAwait(false);
            _missed = null;
            session.IsReady(this);
            if (!_firstReady.TrySetResult() || _isLate)
                _messages.Writer.TryWrite(new MailboxRestored());
            // An earlier life that got the mailbox before this one learns of it now, if it was not told.
            if (_life > 1 && !_transient)
                _mailboxes.Announce(_actor, _life, _stopped);
            await Watch(ended.Task).ConfigureAwait(false);
            await EndIfRemoved(channel).ConfigureAwait(false);
        }
        finally
        {
            if (_stopped.IsCancellationRequested)
                await GiveBack(feed).ConfigureAwait(false);
            feed.End();
            await channel.CloseWithin(CloseLimit, _connection.Clock).ConfigureAwait(false);
        }
    }

    // At a queue without a leader the broker fails inside, or says nothing. One that is not there is being
    // made anew, or whoever did that got no further.
    private async Task Consume(IChannel channel, BrokerConsumer consumer)
    {
        var consuming = channel.BasicConsumeAsync(
            _mailboxes.Topology.Queue(_actor), autoAck: false, consumer, _stopped);
        try
        {
            await consuming.WaitAsync(ConsumeLimit, _connection.Clock, _stopped).ConfigureAwait(false);
        }
        catch (Exception error) when (!_transient && BrokerErrors.IsMissing(error))
        {
            _missed ??= _connection.Clock.GetTimestamp();
            _isBroken = _connection.Clock.GetElapsedTime(_missed.Value) > MissingLimit;
            throw;
        }
        catch (Exception error) when (!_transient
            && (error is TimeoutException || BrokerErrors.IsInternal(error)))
        {
            _isBroken = true;
            _ = consuming.ContinueWith(late => _ = late.Exception, TaskScheduler.Default);
            throw;
        }
    }

    // Until the consumer is ended. A queue that was made anew while a node of the broker was down may become
    // what it was when that node is back: without its consumer, which the broker does not tell.
    private async Task Watch(Task ended)
    {
        int unknown = 0;
        while (unknown < UnknownLimit)
        {
            try
            {
                await ended.WaitAsync(_connection.Options.ConsumerCheck, _connection.Clock, _stopped)
                    .ConfigureAwait(false);
                return;
            }
            catch (TimeoutException)
            {
                bool isKnown = _transient || await Consumers().ConfigureAwait(false) is not <= 0;
                unknown = isKnown ? 0 : unknown + 1;
            }
        }
        _isLate = true;
    }

    // Its journal is fenced against whoever still has the mailbox: one that is frozen or cut off, which the
    // broker would miss only after several of its own heartbeats.
    private async Task EvictFormer(BrokerSession session)
    {
        await Task.WhenAny(_formerLife, Task.Delay(CloseLimit, _connection.Clock, _stopped))
            .ConfigureAwait(false);
        for (int tries = 0; tries < TakeOvers && await StaysHeld().ConfigureAwait(false); tries++)
        {
            await QueueRenewal.Renew(session, _mailboxes.Topology, _actor, _connection.Options.User,
                async () => await Consumers().ConfigureAwait(false) > 0, _connection.Clock, _stopped)
                .ConfigureAwait(false);
        }
    }

    private async Task<bool> StaysHeld()
    {
        long since = _connection.Clock.GetTimestamp();
        while (true)
        {
            int? consumers = await Consumers().ConfigureAwait(false);
            if (consumers <= 0)
                return false;
            if (_connection.Clock.GetElapsedTime(since) > TakeOverPatience)
                return consumers is not null;
            await Task.Delay(TakeOverPause, _connection.Clock, _stopped).ConfigureAwait(false);
        }
    }

    private Task<int?> Consumers() => _mailboxes.Consumers(_actor, _stopped);

    // The broker ends a consumer whose queue is deleted: somebody removed the mailbox, or is making it anew.
    // Those of the cluster itself nobody removes.
    private async Task EndIfRemoved(IChannel channel)
    {
        if (!channel.IsOpen || _mailboxes.IsSigned)
            return;
        for (int pauses = 0; pauses < RenewalPauses; pauses++)
        {
            await Task.Delay(RenewalPause, _connection.Clock, _stopped).ConfigureAwait(false);
            if (await Consumers().ConfigureAwait(false) != BrokerMailboxes.Missing)
                return;
        }
        Fail(new FencedException(_actor));
    }

    // What the last call handled is acknowledged before the rest goes back; but one that waits for the
    // database does not keep the mailbox.
    private async Task GiveBack(BrokerFeed feed)
    {
        await Task.WhenAny(_received, Task.Delay(CloseLimit, _connection.Clock)).ConfigureAwait(false);
        using var limit = new CancellationTokenSource(CloseLimit, _connection.Clock);
        await feed.Flush(limit.Token).ConfigureAwait(false);
    }
}
