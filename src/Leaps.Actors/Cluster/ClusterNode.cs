using System.Collections.Immutable;
using Leaps.Actors.Journal.PostgreSql;
using Leaps.Actors.Runtime;
using Leaps.Actors.Runtime.RabbitMq;
using Leaps.Actors.Telemetry;
using Leaps.Model;

namespace Leaps.Actors.Cluster;

/// <summary>
/// A process that takes part in a cluster: the node actor, a seat for the scheduler, and the heartbeat of
/// both.
/// </summary>
public sealed class ClusterNode : IAsyncDisposable
{
    // For what is to be stored when the node ends; without it, it is as after a crash.
    private static readonly TimeSpan StoreLimit = TimeSpan.FromSeconds(5);

    private readonly IClusterServices _services;
    private readonly NodeOptions _options;
    private readonly IMailboxes _mailboxes;
    private readonly IMailbox _mailbox;
    private readonly NodeActor _actor;
    private readonly SchedulerHost _scheduler;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _beating;
    private volatile NodeHealth _health = new(null, null);

    private ClusterNode(IClusterServices services, IRunWork work, NodeOptions options, string user,
        ImmutableHashSet<string> administrators)
    {
        _services = services;
        _options = options;
        _mailboxes = services.Mailboxes(services.Cluster, ActorKey.RunPart, signed: true);
        string name = ActorNames.Node(options.Name);
        using var journal = services.Journal(services.Cluster, ActorKey.RunPart);
        long life = journal.Claim(name);
        // It may be given its first message before Open returns.
        var own = new TaskCompletionSource<IMailbox>();
        var host = new ActorHost(services, work, options, message => own.Task.Result.Post(message));
        _scheduler = new SchedulerHost(services, work, options, user, administrators);
        _actor = new NodeActor(options, host, user, (to, body) => own.Task.Result.Tell(to, body),
            _scheduler.Hear, () => _scheduler.Sound);
        _mailbox = _mailboxes.Open(name, life, _actor.Receive, error => _failed.TrySetException(error));
        own.SetResult(_mailbox);
        _beating = Task.Run(Beat);
        options.Telemetry?.WatchActors(() => _actor.Status.Hosted);
    }

    // When both servers answered last, and which does not now.
    private sealed record NodeHealth(DateTimeOffset? Last, string? Trouble);

    /// <summary>As it was at the node's last heartbeat, with what is known of its servers.</summary>
    public NodeStatus Status
    {
        get
        {
            var health = _health;
            return _actor.Status with
            {
                LastHealthy = health.Last,
                Trouble = health.Trouble,
                Failure = _failed.Task.Exception?.InnerException?.Message.ReplaceLineEndings(" "),
            };
        }
    }

    /// <summary>Joins the cluster.</summary>
    /// <param name="cluster">its name</param>
    /// <param name="broker">connected, as the user that all nodes are; stays its owner's</param>
    /// <param name="database">open; stays its owner's</param>
    /// <param name="work">what runs do at their homes</param>
    /// <param name="options">the node</param>
    /// <param name="administrators">users of the broker who may do everything</param>
    /// <param name="cancellation">ends the wait for the name</param>
    /// <exception cref="LeapsException">Another process has the name, or another cluster has its
    /// name.</exception>
    public static async Task<ClusterNode> Join(string cluster, BrokerConnection broker,
        PostgreSqlDatabase database, IRunWork work, NodeOptions options,
        ImmutableHashSet<string> administrators, CancellationToken cancellation = default)
    {
        var services = new ClusterServices(cluster, broker, database, options.Notice, options.Telemetry);
        options.Telemetry?.WatchOutbox(() => broker.Outbox.Bytes, () => broker.OutboxAge);
        await services.CheckIdentity(cancellation).ConfigureAwait(false);
        return await Join(services, work, options, broker.Options.User, administrators, cancellation)
            .ConfigureAwait(false);
    }

    private static async Task<ClusterNode> Join(ClusterServices services, IRunWork work, NodeOptions options,
        string user, ImmutableHashSet<string> administrators, CancellationToken cancellation = default)
    {
        options.Validate();
        long start = options.Clock.GetTimestamp();
        // A former process of this name may be dying.
        while (await services.Consumers(ActorNames.Node(options.Name)).ConfigureAwait(false) > 0)
        {
            if (options.Clock.GetElapsedTime(start) > options.Times.Lease)
                throw new LeapsException($"a node '{options.Name}' is part of the cluster already: give this "
                    + "one another name with --name");
            await Task.Delay(options.Times.Beat, options.Clock, cancellation).ConfigureAwait(false);
        }
        return await Task.Run(() => new ClusterNode(services, work, options, user, administrators),
            cancellation).ConfigureAwait(false);
    }

    /// <summary>Takes part until it is told to leave; ends at once when the node can't go on.</summary>
    /// <param name="patience">how long its actors may take to leave</param>
    /// <param name="leave">the node is to go</param>
    /// <exception cref="LeapsException">Broker or database refuse it.</exception>
    public async Task Run(TimeSpan patience, CancellationToken leave)
    {
        var left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = leave.Register(() => left.TrySetResult());
        await await Task.WhenAny(left.Task, _failed.Task).ConfigureAwait(false);
        _mailbox.Post(new NodeLeaves());
        await Task.WhenAny(_actor.Gone.Task, _failed.Task,
            Task.Delay(patience, _options.Clock, CancellationToken.None)).ConfigureAwait(false);
    }

    /// <summary>Ends every actor where it is.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested)
            return;
        await _stop.CancelAsync().ConfigureAwait(false);
        await _beating.ConfigureAwait(false);
        _services.EndJournals(StoreLimit);
        await _scheduler.DisposeAsync().ConfigureAwait(false);
        _mailbox.Close();
        await _mailbox.Completion.ConfigureAwait(false);
        await _actor.CloseAll().ConfigureAwait(false);
        await _mailboxes.DisposeAsync().ConfigureAwait(false);
        _stop.Dispose();
    }

    // A node that can't reach its servers is silent, so that its actors are placed elsewhere.
    private async Task Beat()
    {
        try
        {
            while (true)
            {
                var trouble = await _services.Trouble(_stop.Token).ConfigureAwait(false);
                _health = new NodeHealth(
                    trouble is null ? _options.Clock.GetUtcNow() : _health.Last, trouble?.Text);
                if (trouble is null)
                    _mailbox.Post(new BeatDue());
                _scheduler.Beat(trouble);
                await Task.Delay(_options.Times.Beat, _options.Clock, _stop.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The node ends.
        }
        catch (Exception error)
        {
            _failed.TrySetException(error);
        }
    }
}
