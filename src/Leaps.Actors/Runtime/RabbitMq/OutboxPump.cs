using Leaps.Model;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Leaps.Actors.Runtime.RabbitMq;

/// <summary>
/// Empties the outbox through one channel at a time, many messages unconfirmed at once. The channel carries
/// declarations too, so that they happen in order with messages.
/// </summary>
/// <param name="outbox">what is to be sent</param>
/// <param name="options">of the connection</param>
/// <param name="clock">of the connection</param>
/// <param name="everyone">whose mailboxes are to be there</param>
/// <param name="notice">takes a line, now and then, while the broker does not take a message</param>
internal sealed class OutboxPump(Outbox outbox, BrokerOptions options, TimeProvider clock,
    Func<IReadOnlyCollection<BrokerMailboxes>> everyone, Action<string> notice)
{
    private static readonly TimeSpan NoticePause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ConfirmLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(1);

    // The broker refuses whoever says that he is somebody else.
    private readonly BasicProperties
        durable = new() { Persistent = true, UserId = options.User },
        mailboxNotice = new() { Persistent = true, UserId = options.User, Type = MailboxNotice.Type };

    private long? _noticed;

    /// <summary>Until the session is over. A channel that is lost without it is replaced.</summary>
    public async Task Run(BrokerSession session, CancellationToken stop)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(session.OverToken, stop);
        while (!end.IsCancellationRequested)
        {
            using var channelEnd = CancellationTokenSource.CreateLinkedTokenSource(end.Token);
            var state = new ChannelState(channelEnd);
            try
            {
                await Pump(session, state, channelEnd.Token).ConfigureAwait(false);
            }
            catch (Exception error) when (BrokerErrors.IsTransport(error))
            {
                if (end.IsCancellationRequested)
                    return;
                Blame(state, state.Reason ?? BrokerErrors.Reason(error));
            }
            await Pause(end.Token).ConfigureAwait(false);
        }
    }

    private async Task Pump(BrokerSession session, ChannelState state, CancellationToken end)
    {
        int number = outbox.Begin();
        var channel = await session.OpenOutgoing(new CreateChannelOptions(
            publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: false), end)
            .ConfigureAwait(false);
        await using var closing = new Closing(channel, clock).ConfigureAwait(false);
        _ = Watch(session, state, end);
        channel.BasicAcksAsync += (_, ack) =>
        {
            outbox.Confirm(number, ack.DeliveryTag, ack.Multiple);
            return Task.CompletedTask;
        };
        // A new channel sends it again, and in order all that came after it.
        channel.BasicNacksAsync += (_, _) =>
        {
            Notice();
            return state.End(null);
        };
        channel.ChannelShutdownAsync += (_, reason) => state.End(reason);
        foreach (var mailboxes in everyone())
        {
            state.Busy = mailboxes;
            await mailboxes.Restore(channel, end).ConfigureAwait(false);
        }
        while (true)
        {
            state.Busy = null;
            var entry = await outbox.Next(end).ConfigureAwait(false);
            if (entry.Owner.Fault is not null)
            {
                outbox.Done();
            }
            else if (entry.Operation is { } operation)
            {
                state.Busy = entry.Owner;
                await operation(channel, end).ConfigureAwait(false);
                outbox.Done();
            }
            else
            {
                // Before it is published: the confirmation may be here before the call returns.
                outbox.Sending();
                var publishing = channel.BasicPublishAsync(entry.Owner.Topology.Exchange, entry.Recipient,
                    mandatory: false, entry.IsNotice ? mailboxNotice : durable, entry.Body,
                    CancellationToken.None);
                // Left, not cancelled: to the client (7.1) one that is cancelled before its turn frees what
                // it does not hold, and the whole connection is lost.
                await publishing.AsTask().WaitAsync(end).ConfigureAwait(false);
            }
        }
    }

    private void Notice()
    {
        if (_noticed is { } before && clock.GetElapsedTime(before) < NoticePause)
            return;
        _noticed = clock.GetTimestamp();
        notice($"the broker does not take a message to {outbox.Oldest?.Recipient}: it is sent again until it "
            + "does. Does a policy limit its queue, or are most nodes of the broker away?");
    }

    // A channel on which nothing is confirmed for long hangs inside the broker, at a queue without a leader.
    // All that this process sends waits behind it, even what would bring somebody to consume the queue.
    private async Task Watch(BrokerSession session, ChannelState state, CancellationToken end)
    {
        OutboxEntry? before = null;
        try
        {
            while (true)
            {
                await Task.Delay(ConfirmLimit, clock, end).ConfigureAwait(false);
                var oldest = outbox.Oldest;
                if (oldest is not null && ReferenceEquals(oldest, before))
                {
                    await QueueRenewal.Renew(session, outbox.Recipients, options.User, clock, end)
                        .ConfigureAwait(false);
                    await state.End(null).ConfigureAwait(false);
                }
                before = oldest;
            }
        }
        catch (Exception error) when (BrokerErrors.IsTransport(error) && !end.IsCancellationRequested)
        {
            // The broker is not well: the next channel will tell.
            await state.End(null).ConfigureAwait(false);
        }
        catch (Exception error) when (BrokerErrors.IsTransport(error))
        {
            // The channel is over.
        }
    }

    private sealed class Closing(IChannel channel, TimeProvider clock) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => new(channel.CloseWithin(CloseLimit, clock));
    }

    // What the broker refuses would be refused again: whoever asked for it ends, the others go on.
    private void Blame(ChannelState state, ShutdownEventArgs? reason)
    {
        // Of mailboxes that are closed here nobody declares the exchange anew.
        foreach (var closed in outbox.Owners.Except(everyone()))
        {
            if (BrokerErrors.IsMissing(reason, closed.Topology.Exchange))
                closed.Break(new LeapsException($"broker: {BrokerErrors.Text(reason!)}"));
        }
        var owner = state.Busy ?? outbox.Oldest?.Owner;
        if (owner is not null && BrokerErrors.Refusal(options, owner.Topology.Prefix, reason) is { } refusal)
            owner.Break(refusal);
    }

    private async Task Pause(CancellationToken end)
    {
        try
        {
            await Task.Delay(options.ShortestPause, clock, end).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The session is over: so is the pause.
        }
    }

    private sealed class ChannelState(CancellationTokenSource end)
    {
        /// <summary>For whom something is being declared.</summary>
        public BrokerMailboxes? Busy { get; set; }

        public ShutdownEventArgs? Reason { get; private set; }

        public Task End(ShutdownEventArgs? reason)
        {
            Reason ??= reason;
            return end.IsCancellationRequested ? Task.CompletedTask : Cancel();
        }

        private async Task Cancel()
        {
            try
            {
                await end.CancelAsync().ConfigureAwait(false);
            }
            catch (ObjectDisposedException)
            {
                // The pump has left the channel already.
            }
        }
    }
}
