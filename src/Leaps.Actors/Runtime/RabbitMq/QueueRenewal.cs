using RabbitMQ.Client;

namespace Leaps.Actors.Runtime.RabbitMq;

/// <summary>
/// Makes the queue of a mailbox anew: one that a process holds which answers nothing, or one that has no
/// leader and never will. Of such a queue the broker has the name and has lost the log, which happens to one
/// that was made just before the broker was killed; whoever publishes to it hangs inside the broker, and so
/// does all that he sends after it.
/// </summary>
internal static class QueueRenewal
{
    private const int AtOnce = 8;
    // Of a queue that is sound; whoever takes longer is asked again when the broker has elected.
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ElectionLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LastAnswerLimit = TimeSpan.FromSeconds(4);
    // Of the queue of an election, should whoever made it be killed.
    private static readonly TimeSpan ElectionExpiry = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan RenewLimit = TimeSpan.FromSeconds(15);
    // For the broker to end the consumers of a queue that is deleted. Those whose turn comes when there is a
    // new queue of its name it moves there, and breaks both.
    private static readonly TimeSpan DeletionPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LockPause = TimeSpan.FromMilliseconds(200);

    /// <summary>Makes those anew that have no leader, with a <see cref="MailboxNotice"/> in them.</summary>
    /// <param name="session">now</param>
    /// <param name="suspects">mailboxes to look at</param>
    /// <param name="user">whom this process is at the broker</param>
    /// <param name="clock">of the connection</param>
    /// <param name="cancellation">gives up</param>
    public static Task Renew(BrokerSession session,
        IEnumerable<(BrokerMailboxes Owner, string Actor)> suspects, string user, TimeProvider clock,
        CancellationToken cancellation)
    {
        var limits = new ParallelOptions
        {
            MaxDegreeOfParallelism = AtOnce,
            CancellationToken = cancellation,
        };
        return Parallel.ForEachAsync(suspects, limits, async (suspect, stop) =>
        {
            var topology = suspect.Owner.Topology;
            try
            {
                await Renew(session, topology, suspect.Actor, user, async () =>
                    await StateOf(session, topology, suspect.Actor, clock, stop).ConfigureAwait(false)
                        == QueueState.Leaderless,
                    clock, stop).ConfigureAwait(false);
            }
            catch (Exception error) when (BrokerErrors.IsTransport(error))
            {
                // It is suspect again if it stays so; the others are no worse for it.
                stop.ThrowIfCancellationRequested();
            }
        });
    }

    /// <summary>
    /// Makes one anew: what lies in it is lost, and the consumers that the broker ends come again.
    /// </summary>
    /// <param name="session">now</param>
    /// <param name="topology">of the mailbox</param>
    /// <param name="actor">whose it is</param>
    /// <param name="user">whom this process is at the broker</param>
    /// <param name="isDue">asked once no other process can be doing the same</param>
    /// <param name="clock">of the connection</param>
    /// <param name="cancellation">gives up</param>
    public static async Task Renew(BrokerSession session, BrokerTopology topology, string actor, string user,
        Func<Task<bool>> isDue, TimeProvider clock, CancellationToken cancellation)
    {
        // What hangs or fails inside the broker takes its connection with it, and so the lock.
        var connection = await session.ConnectOnce(cancellation).ConfigureAwait(false);
        await using var closing = new Closing(connection, clock).ConfigureAwait(false);
        // Two that delete and make a queue at the same time leave the broker with half of it.
        await Lock(connection, topology.RenewalLock(actor), clock, cancellation).ConfigureAwait(false);
        if (await isDue().ConfigureAwait(false))
            await Work().WaitAsync(RenewLimit, clock, CancellationToken.None).ConfigureAwait(false);

        // What is begun is done, whoever gives up meanwhile: half of it would be a mailbox that is gone.
        async Task Work()
        {
            var confirming = new CreateChannelOptions(
                publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true);
            var never = CancellationToken.None;
            var channel = await connection.CreateChannelAsync(confirming, never).ConfigureAwait(false);
            await channel.QueueDeleteAsync(topology.Queue(actor), false, false, false, never)
                .ConfigureAwait(false);
            await Task.Delay(DeletionPause, clock, never).ConfigureAwait(false);
            await topology.DeclareQueue(channel, actor, never).ConfigureAwait(false);
            await channel.BasicPublishAsync(topology.Exchange, actor, mandatory: true,
                new BasicProperties { Persistent = true, UserId = user, Type = MailboxNotice.Type },
                MailboxNotice.Of(MailboxNotice.Anyone), never).ConfigureAwait(false);
        }
    }

    // A queue that one connection alone may have is as good as a lock, and goes with the connection.
    private static async Task Lock(
        IConnection connection, string name, TimeProvider clock, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                var channel = await connection.CreateChannelAsync(null, cancellation).ConfigureAwait(false);
                await channel.QueueDeclareAsync(name, durable: false, exclusive: true,
                    autoDelete: false, cancellationToken: cancellation).ConfigureAwait(false);
                return;
            }
            catch (Exception error) when (BrokerErrors.IsLocked(error))
            {
                await Task.Delay(LockPause, clock, cancellation).ConfigureAwait(false);
            }
        }
    }

    /// <summary>
    /// How the queue of a mailbox is. One that does not answer is leaderless only if the broker elects a
    /// leader for a new queue and still none for this one: a broker that is slow, or has lost most of its
    /// nodes, elects none at all, and then what lies in the mailbox is not lost and is waited for.
    /// </summary>
    /// <param name="session">now</param>
    /// <param name="topology">of the mailbox</param>
    /// <param name="actor">whose it is</param>
    /// <param name="clock">of the connection</param>
    /// <param name="cancellation">gives up</param>
    /// <exception cref="TimeoutException">The broker elects none.</exception>
    public static async Task<QueueState> StateOf(BrokerSession session, BrokerTopology topology, string actor,
        TimeProvider clock, CancellationToken cancellation)
    {
        var state = await Ask(AnswerLimit).ConfigureAwait(false);
        if (state != QueueState.Leaderless)
            return state;
        var connection = await session.ConnectOnce(cancellation).ConfigureAwait(false);
        await using var closing = new Closing(connection, clock).ConfigureAwait(false);
        await Elect(connection, topology, cancellation).WaitAsync(ElectionLimit, clock, cancellation)
            .ConfigureAwait(false);
        return await Ask(LastAnswerLimit).ConfigureAwait(false);

        Task<QueueState> Ask(TimeSpan limit) =>
            QueueRenewal.Ask(session, topology.Queue(actor), limit, clock, cancellation);
    }

    private static async Task Elect(
        IConnection connection, BrokerTopology topology, CancellationToken cancellation)
    {
        var channel = await connection.CreateChannelAsync(null, cancellation).ConfigureAwait(false);
        string queue = topology.NewElection();
        await channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false,
            new Dictionary<string, object?>
            {
                ["x-queue-type"] = "quorum",
                ["x-expires"] = (int)ElectionExpiry.TotalMilliseconds,
            }, cancellationToken: cancellation).ConfigureAwait(false);
        await channel.BasicGetAsync(queue, autoAck: true, cancellation).ConfigureAwait(false);
        await channel.QueueDeleteAsync(queue, false, false, false, cancellation).ConfigureAwait(false);
    }

    // For a message, which a mailbox gives to its consumers alone.
    private static async Task<QueueState> Ask(BrokerSession session, string queue, TimeSpan limit,
        TimeProvider clock, CancellationToken cancellation)
    {
        var connection = await session.ConnectOnce(cancellation).ConfigureAwait(false);
        await using var closing = new Closing(connection, clock).ConfigureAwait(false);
        var channel = await connection.CreateChannelAsync(null, cancellation).ConfigureAwait(false);
        try
        {
            await channel.BasicGetAsync(queue, autoAck: false, cancellation)
                .WaitAsync(limit, clock, cancellation).ConfigureAwait(false);
            return QueueState.Sound;
        }
        catch (Exception error) when (error is TimeoutException || BrokerErrors.IsInternal(error))
        {
            return QueueState.Leaderless;
        }
        catch (Exception error) when (BrokerErrors.IsMissing(error))
        {
            return QueueState.Missing;
        }
        catch (Exception error) when (BrokerErrors.Reason(error) is not null)
        {
            // It refuses, and at once.
            return QueueState.Sound;
        }
    }

    // What hangs is not waited for; what it may have been given goes back.
    private sealed class Closing(IConnection connection, TimeProvider clock) : IAsyncDisposable
    {
        private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(1);

        public ValueTask DisposeAsync() => new(connection.CloseWithin(CloseLimit, clock));
    }
}
