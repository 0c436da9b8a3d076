using System.Collections.Concurrent;
using Leaps.Actors.Journal;
using Leaps.Actors.Protocol;
using Leaps.Actors.Runtime;
using Leaps.Actors.Telemetry;
using Leaps.Model;

namespace Leaps.Actors.Cluster;

/// <summary>
/// Brings the actors of runs to life on this node and ends them. What takes time happens apart from the
/// node's own thread; an actor that comes again waits until its former life here is over.
/// </summary>
/// <param name="services">broker and database</param>
/// <param name="work">what runs do at their homes</param>
/// <param name="options">the node</param>
/// <param name="post">puts messages into the node's own mailbox</param>
internal sealed class ActorHost(
    IClusterServices services, IRunWork work, NodeOptions options, Action<object> post)
{
    private readonly ConcurrentDictionary<ActorKey, Task> _closing = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<(Guid Run, string Part), SharedPart> _parts = [];
    private readonly ConcurrentDictionary<ActorKey, RunHome> _homes = new();
    private int _clusterThreads = options.Threads;

    /// <summary>Of all nodes together.</summary>
    public int ClusterThreads
    {
        get => _clusterThreads;
        set
        {
            if (_clusterThreads == value)
                return;
            _clusterThreads = value;
            foreach (var home in _homes.Values)
                home.ChangeThreads(value);
        }
    }

    /// <summary>What goes wrong is told by <see cref="ActorEnded"/>.</summary>
    /// <param name="key">the actor</param>
    /// <param name="assignment">version of the assignment that brings it here</param>
    /// <param name="resumptions">of its run, where it is a home</param>
    public Hosted Start(ActorKey key, long assignment, int resumptions)
    {
        var hosted = new Hosted(key, assignment);
        var former = _closing.GetValueOrDefault(key) ?? Task.CompletedTask;
        if (key.Actor == ActorNames.Home)
            StartHome(hosted, resumptions, former);
        else if (key.Actor == ActorNames.RolloutMaker)
            StartRollouts(hosted, former);
        else if (ActorNames.GroupOf(key.Actor) is { } group)
            StartGroup(hosted, group, former);
        else
            post(new ActorEnded(hosted, new LeapsException(
                $"this version of Leaps knows no actor '{key.Actor}': run the same version on every node")));
        return hosted;
    }

    /// <summary>Ends it; it may be started again at once.</summary>
    public void Close(Hosted hosted)
    {
        var closing = Task.Run(hosted.Close);
        _closing[hosted.Key] = closing;
        closing.ContinueWith(_ => _closing.TryRemove(KeyValuePair.Create(hosted.Key, closing)),
            TaskScheduler.Default);
    }

    /// <summary>A user's question to the home of a run, which answers when it can.</summary>
    public void Ask(ClusterRequest request, IEnumerable<Hosted> hosted, Action<ClusterReply> answer)
    {
        var home = hosted.Select(actor => actor.Key)
            .Where(key => key.Actor == ActorNames.Home && key.Run.ToString("N") == request.Run)
            .Select(key => _homes.GetValueOrDefault(key)).FirstOrDefault();
        if (home?.Log is { } log && request.Command == ClusterRequest.Types.Command.Log)
        {
            Task.Run(() => answer(ToReply(request, log)));
            return;
        }
        if (home?.Answering is not { } answering || request.Command == ClusterRequest.Types.Command.Log)
        {
            answer(new ClusterReply
            {
                Request = request.Request,
                Text = "the run is on its way to another node, preparing or writing results: ask again",
            });
            return;
        }
        _ = AskHome(answering, request, answer);
    }

    private static ClusterReply ToReply(
        ClusterRequest request, Func<IReadOnlyList<(string Key, string Text)>> log)
    {
        var reply = new ClusterReply { Request = request.Request };
        try
        {
            reply.Entries.AddRange(log().Select(
                entry => new ControlReply.Types.Entry { Key = entry.Key, Value = entry.Text }));
            reply.Accepted = true;
        }
        catch (LeapsException error)
        {
            reply.Text = error.Message;
        }
        return reply;
    }

    private static async Task AskHome(Func<ControlRequest, CancellationToken, Task<ControlReply>> answering,
        ClusterRequest request, Action<ClusterReply> answer)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        var reply = new ClusterReply { Request = request.Request };
        try
        {
            var answered = await answering(ToControl(request), patience.Token).ConfigureAwait(false);
            reply.Accepted = answered.Accepted;
            reply.Text = answered.Text;
            reply.Entries.Add(answered.Entries);
        }
        catch (Exception error) when (error is LeapsException or OperationCanceledException)
        {
            reply.Text = error is LeapsException
                ? error.Message : "the run did not answer in time: ask again";
        }
        answer(reply);
    }

    private static ControlRequest ToControl(ClusterRequest request) => new()
    {
        Request = request.Request,
        Key = request.Key,
        Value = request.Value,
        Command = request.Command switch
        {
            ClusterRequest.Types.Command.Status => ControlRequest.Types.Command.Status,
            ClusterRequest.Types.Command.Pause => ControlRequest.Types.Command.Pause,
            ClusterRequest.Types.Command.Resume => ControlRequest.Types.Command.Resume,
            ClusterRequest.Types.Command.Checkpoint => ControlRequest.Types.Command.Checkpoint,
            ClusterRequest.Types.Command.Cancel => ControlRequest.Types.Command.Cancel,
            ClusterRequest.Types.Command.Set => ControlRequest.Types.Command.Set,
            _ => throw new ProtocolException($"a run has no use for {request.Command}."),
        },
    };

    // ---- Homes ----

    private void StartHome(Hosted hosted, int resumptions, Task former)
    {
        var cancellation = new CancellationTokenSource();
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        hosted.Leave = cancellation.Cancel;
        hosted.Close = () =>
        {
            cancellation.Cancel();
            return ended.Task;
        };
        var thread = new Thread(() =>
        {
            former.Wait();
            var (concluded, cause) = WorkAt(hosted, resumptions, cancellation.Token);
            ended.SetResult();
            post(concluded is null ? new ActorEnded(hosted, cause) : new HomeConcluded(hosted, concluded));
        })
        {
            IsBackground = true,
            Name = $"home {hosted.Key.Run:N}",
        };
        thread.Start();
    }

    private (RunConcluded? Concluded, Exception? Cause) WorkAt(
        Hosted hosted, int resumptions, CancellationToken cancellation)
    {
        try
        {
            using var home = new RunHome(services, hosted.Key.Run, options.Threads, _clusterThreads,
                options.Notice, needs => post(new NeedsChanged(hosted, needs)),
                options.Telemetry?.Of(hosted.Key.Run))
            { Resumptions = resumptions };
            _homes[hosted.Key] = home;
            var concluded = Conclude(home, cancellation);
            home.Confirm();
            return (concluded, null);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return (null, null);
        }
        catch (LeapsException cause) when (!cause.IsOfDevice)
        {
            return (Stopped(cause), null);
        }
        catch (Exception defect)
        {
            return (null, defect);
        }
        finally
        {
            _homes.TryRemove(hosted.Key, out _);
        }
    }

    private RunConcluded Conclude(RunHome home, CancellationToken cancellation)
    {
        try
        {
            return work.Work(home, cancellation);
        }
        catch (LeapsException cause) when (!cause.IsOfDevice)
        {
            return Stopped(cause);
        }
    }

    private static RunConcluded Stopped(LeapsException cause) => new()
    {
        Outcome = RunConcluded.Types.Outcome.Stopped,
        Text = cause.Message,
    };

    // ---- Groups ----

    private void StartGroup(Hosted hosted, int group, Task former)
    {
        var shared = Share((hosted.Key.Run, hosted.Key.Part));
        shared.Groups[group] = hosted;
        var starting = Begin();
        hosted.Leave = () => starting.ContinueWith(
            start => start.Result?.TellToLeave(group), TaskScheduler.Default);
        hosted.Close = async () =>
        {
            var part = await starting.ConfigureAwait(false);
            if (part is not null)
                await part.Close(group).ConfigureAwait(false);
            shared.Groups.TryRemove(KeyValuePair.Create(group, hosted));
            await Return(shared).ConfigureAwait(false);
        };

        async Task<PartHost?> Begin()
        {
            try
            {
                await former.ConfigureAwait(false);
                var part = await shared.Host.Value.ConfigureAwait(false);
                await Task.Run(() => part.Start(group)).ConfigureAwait(false);
                return part;
            }
            catch (Exception error)
            {
                post(new ActorEnded(hosted, error));
                return null;
            }
        }
    }

    private SharedPart Share((Guid Run, string Part) key)
    {
        lock (_gate)
        {
            if (!_parts.TryGetValue(key, out var shared))
            {
                _parts.Add(key, shared = new SharedPart(key));
                var groups = shared.Groups;
                shared.Host = new Lazy<Task<PartHost>>(() => Task.Run(() => new PartHost(
                    services, key.Run, key.Part, work.CreateNetworks, options.Threads,
                    error => EndAll(groups, error),
                    (group, error) =>
                    {
                        if (groups.TryGetValue(group, out var hosted))
                            post(new ActorEnded(hosted, error));
                    }, options.Telemetry?.Of(key.Run))));
            }
            shared.Users++;
            return shared;
        }
    }

    // The last group takes the device and the connections of its part with it.
    private async Task Return(SharedPart shared)
    {
        lock (_gate)
        {
            if (--shared.Users > 0)
                return;
            _parts.Remove(shared.Key);
        }
        try
        {
            await (await shared.Host.Value.ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception) when (shared.Host.Value.IsFaulted)
        {
            // The part never came to be, and each of its groups has told so: there is nothing to dispose of.
        }
    }

    private void EndAll(ConcurrentDictionary<int, Hosted> groups, Exception error)
    {
        foreach (var hosted in groups.Values)
            post(new ActorEnded(hosted, error));
    }

    private sealed class SharedPart((Guid Run, string Part) key)
    {
        public (Guid Run, string Part) Key { get; } = key;
        public ConcurrentDictionary<int, Hosted> Groups { get; } = new();
        public Lazy<Task<PartHost>> Host { get; set; } = null!;
        public int Users { get; set; }
    }

    // ---- Rollouts ----

    private void StartRollouts(Hosted hosted, Task former)
    {
        var starting = Begin();
        hosted.Leave = () => _ = End(starting, hosted);
        hosted.Close = async () => await Dispose(await starting.ConfigureAwait(false)).ConfigureAwait(false);

        async Task<(RolloutHost Host, IMailboxes Mailboxes, IFencedJournal Journal)?> Begin()
        {
            try
            {
                await former.ConfigureAwait(false);
                return await Task.Run(() =>
                {
                    var journal = services.Journal(hosted.Key.Run, hosted.Key.Part);
                    void Failed(Exception error) => post(new ActorEnded(hosted, error));
                    long life = journal.Claim(ActorNames.RolloutMaker);
                    if (life > 1)
                        options.Telemetry?.Of(hosted.Key.Run).Restarted(ActorKinds.Rollouts);
                    var mailboxes = services.Mailboxes(hosted.Key.Run, hosted.Key.Part);
                    var pool = work.CreateRolloutPool(journal, Failed);
                    var host = new RolloutHost(pool, mailboxes, life, Failed);
                    host.AskForOrders();
                    return (host, mailboxes, journal);
                }).ConfigureAwait(false);
            }
            catch (Exception error)
            {
                post(new ActorEnded(hosted, error));
                return null;
            }
        }
    }

    // Whoever needs a rollout that is not made orders it again.
    private async Task End(
        Task<(RolloutHost Host, IMailboxes Mailboxes, IFencedJournal Journal)?> starting, Hosted hosted)
    {
        await starting.ConfigureAwait(false);
        post(new ActorEnded(hosted, null));
    }

    private static async Task Dispose(
        (RolloutHost Host, IMailboxes Mailboxes, IFencedJournal Journal)? rollouts)
    {
        if (rollouts is not { } living)
            return;
        living.Host.Dispose();
        await living.Mailboxes.DisposeAsync().ConfigureAwait(false);
        living.Journal.Dispose();
    }
}
