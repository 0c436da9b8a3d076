using RabbitMQ.Client;

namespace Leaps.Actors.Runtime.RabbitMq;

/// <summary>
/// What one channel has delivered to a mailbox, and what of it is handled. Handled messages are acknowledged
/// together: all up to one where nothing older is open, else one by one. What is handled after the channel
/// was lost is delivered again.
/// </summary>
internal sealed class BrokerFeed(IChannel channel, BrokerSession session)
{
    private readonly Lock _gate = new();
    private readonly SortedSet<ulong> _handled = [];
    private readonly SortedSet<ulong> _acknowledged = [];
    private readonly Queue<ulong> _rejected = new();
    private volatile bool _over;

    // All before it are acknowledged or rejected.
    private ulong _next = 1;

    /// <summary>The channel is lost; all that was not acknowledged comes again.</summary>
    public bool IsOver => _over || session.IsOver || !channel.IsOpen;

    /// <summary>Messages that the broker is still to hear of.</summary>
    public int Pending
    {
        get
        {
            lock (_gate)
                return _handled.Count + _rejected.Count;
        }
    }

    public void End() => _over = true;

    public void Handled(ulong tag)
    {
        lock (_gate)
        {
            if (tag >= _next && !_acknowledged.Contains(tag))
                _handled.Add(tag);
        }
    }

    /// <summary>To the dead letters, unless it is handled.</summary>
    public void Refused(ulong tag)
    {
        lock (_gate)
        {
            if (tag >= _next && !_handled.Contains(tag) && _acknowledged.Add(tag))
                _rejected.Enqueue(tag);
        }
    }

    /// <summary>Tells the broker.</summary>
    public async Task Flush(CancellationToken cancellation)
    {
        if (IsOver)
            return;
        var (rejected, upTo, single) = Take();
        try
        {
            foreach (ulong tag in rejected)
                await channel.BasicRejectAsync(tag, requeue: false, cancellation).ConfigureAwait(false);
            if (upTo > 0)
                await channel.BasicAckAsync(upTo, multiple: true, cancellation).ConfigureAwait(false);
            foreach (ulong tag in single)
                await channel.BasicAckAsync(tag, multiple: false, cancellation).ConfigureAwait(false);
        }
        catch (Exception error) when (BrokerErrors.IsTransport(error))
        {
            _over = true;
        }
    }

    private (List<ulong> Rejected, ulong UpTo, List<ulong> Single) Take()
    {
        lock (_gate)
        {
            List<ulong> rejected = [.. _rejected];
            _rejected.Clear();
            ulong upTo = 0;
            while (true)
            {
                // An acknowledgement of all up to a message that the broker has no more would be an error.
                if (_handled.Remove(_next))
                    upTo = _next;
                else if (!_acknowledged.Remove(_next))
                    break;
                _next++;
            }
            List<ulong> single = [.. _handled];
            _acknowledged.UnionWith(single);
            _handled.Clear();
            return (rejected, upTo, single);
        }
    }
}

/// <summary>A message as it came, with the user who sent it, whom the broker has checked.</summary>
/// <param name="Feed">the channel that it came by</param>
/// <param name="Tag">its number there</param>
/// <param name="User">the sender's</param>
/// <param name="Type">of AMQP; empty for a message between actors</param>
/// <param name="Body">the bytes</param>
internal sealed record BrokerDelivery(BrokerFeed Feed, ulong Tag, string User, string Type, byte[] Body);

/// <summary>Takes what the broker delivers.</summary>
/// <param name="channel">where it comes from</param>
/// <param name="feed">of the channel</param>
/// <param name="deliver">takes each message</param>
/// <param name="cancelled">the broker delivers no more, because the queue is gone</param>
internal sealed class BrokerConsumer(IChannel channel, BrokerFeed feed, Action<BrokerDelivery> deliver,
    Action cancelled)
    : AsyncDefaultBasicConsumer(channel)
{
    // The body is the client's only until this returns.
    public override Task HandleBasicDeliverAsync(string consumerTag, ulong deliveryTag, bool redelivered,
        string exchange, string routingKey, IReadOnlyBasicProperties properties, ReadOnlyMemory<byte> body,
        CancellationToken cancellationToken = default)
    {
        deliver(new BrokerDelivery(
            feed, deliveryTag, properties.UserId ?? "", properties.Type ?? "", body.ToArray()));
        return Task.CompletedTask;
    }

    public override Task HandleBasicCancelAsync(
        string consumerTag, CancellationToken cancellationToken = default)
    {
        cancelled();
        return base.HandleBasicCancelAsync(consumerTag, cancellationToken);
    }
}
