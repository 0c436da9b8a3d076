using System.Collections.Concurrent;
using Leaps.Actors.Protocol;
using Leaps.Actors.Runtime;
using Leaps.Actors.Runtime.RabbitMq;
using Leaps.Model;

namespace Leaps.Actors.Cluster;

/// <summary>
/// Asks the scheduler of a cluster by way of its broker. A question that is not answered is asked again: the
/// scheduler may be on its way to another node.
/// </summary>
public sealed class ClusterClient : IClusterClient
{
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly BrokerConnection _broker;
    private readonly BrokerMailboxes _mailboxes;
    private readonly ConcurrentDictionary<long, TaskCompletionSource<ClusterReply>> _open = new();
    private readonly TimeProvider _clock;
    private IMailbox? _mailbox;
    private long _requests;

    private ClusterClient(BrokerConnection broker, BrokerMailboxes mailboxes, TimeProvider clock)
    {
        _broker = broker;
        _mailboxes = mailboxes;
        _clock = clock;
    }

    /// <param name="broker">connected; the client's from now on</param>
    /// <param name="cluster">the cluster's name</param>
    /// <param name="notice">takes a line for each message that was refused</param>
    /// <param name="clock">for its patience</param>
    /// <param name="cancellation">ends the wait for the broker</param>
    /// <exception cref="LeapsException">The broker refuses.</exception>
    public static async Task<ClusterClient> Open(BrokerConnection broker, string cluster,
        Action<string> notice, TimeProvider clock, CancellationToken cancellation)
    {
        var mailboxes = broker.Mailboxes(BrokerNames.Cluster(cluster), BrokerNames.IdOf(cluster), notice,
            BrokerNames.Root(cluster), guest: true);
        var client = new ClusterClient(broker, mailboxes, clock);
        client._mailbox = await mailboxes.OpenTransient($"client-{Guid.NewGuid():N}", life: 1, client.Receive,
            client.Fail, cancellation).ConfigureAwait(false);
        return client;
    }

    public async Task<ClusterReply> Ask(ClusterRequest request, CancellationToken cancellation)
    {
        var asked = request.Clone();
        asked.Request = Interlocked.Increment(ref _requests);
        var open = _open[asked.Request] = new(TaskCreationOptions.RunContinuationsAsynchronously);
        long start = _clock.GetTimestamp();
        try
        {
            while (_clock.GetElapsedTime(start) < Patience)
            {
                _mailbox!.Tell(ActorNames.Scheduler, asked);
                try
                {
                    return await open.Task.WaitAsync(Again, _clock, cancellation).ConfigureAwait(false);
                }
                catch (TimeoutException)
                {
                    // As above.
                }
            }
            throw new LeapsException($"no node of the cluster answers at {_broker.Options}: is one running, "
                + "and can it reach its database?");
        }
        finally
        {
            _open.TryRemove(asked.Request, out _);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _mailboxes.DisposeAsync().ConfigureAwait(false);
        await _broker.DisposeAsync().ConfigureAwait(false);
    }

    private void Receive(object message, Action handled)
    {
        if (message is MailboxRestored)
        {
            // Questions are asked again.
            handled();
            return;
        }
        if (message is not ClusterReply reply)
            throw new ProtocolException($"a client has no use for a {message.GetType().Name}.");
        if (_open.TryGetValue(reply.Request, out var open))
            open.TrySetResult(reply);
        handled();
    }

    private void Fail(Exception error)
    {
        foreach (var open in _open.Values)
            open.TrySetException(error);
    }
}
