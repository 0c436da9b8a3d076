using System.Collections.Immutable;
using Google.Protobuf;
using Leaps.Actors.Journal;
using Leaps.Actors.Protocol;
using Leaps.Actors.Runtime;
using Leaps.Actors.Scheduler;
using Leaps.Model;

namespace Leaps.Actors.Cluster;

/// <summary>
/// The scheduler's seat on this node. Every node has one and waits at the scheduler's mailbox; the broker
/// gives its messages to one of them, and that one is the scheduler: it claims the journal, recovers, and
/// acts until it hears no more or another one has claimed it. Those that wait take the mailbox from one
/// that is silent. Without its database a node waits no more, so that another one is the scheduler.
/// </summary>
internal sealed class SchedulerHost : ISchedulerOutside, IAsyncDisposable
{
    private const int ZerosUntilGone = 2;

    private readonly IClusterServices _services;
    private readonly IRunWork _work;
    private readonly NodeOptions _options;
    private readonly string _user;
    private readonly IMailboxes _mailboxes;
    private readonly Dictionary<string, int> _zeros = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private readonly SchedulerWatch _watch;
    private readonly ImmutableHashSet<string> _administrators;
    private readonly DatabaseWatch _database;
    private Seat? _seat;
    private TimeSpan _lastHeard;

    // Guarded by the gate. Away: the mailbox is closed, and open again at a beat without trouble.
    private IMailbox? _mailbox;
    private IFencedJournal? _journal;
    private Task _left = Task.CompletedTask;
    private int _turn;
    private bool _isAway, _closed;

    // One life as the scheduler.
    private sealed record Seat(
        SeatNumber Number, SchedulerActor Actor, IFencedJournal Journal, JournalWriter Writer)
    {
        // The journal first: without its database the writer would wait for ever. What is not yet written
        // has had no effect, and its messages go to the successor.
        public void Leave()
        {
            Journal.Dispose();
            Writer.Dispose();
        }
    }

    // Whose a message to itself is: what comes from the journal of a former life is not of the present one.
    private sealed class SeatNumber;

    private sealed record ToSeat(SeatNumber Number, object Message);

    private sealed record Now(TimeSpan Time);

    private sealed record Unhealthy;

    /// <param name="services">broker and database</param>
    /// <param name="work">stores what is submitted</param>
    /// <param name="options">the node</param>
    /// <param name="user">whom nodes are at the broker: heartbeats of others are refused</param>
    /// <param name="administrators">users of the broker who may do everything</param>
    public SchedulerHost(IClusterServices services, IRunWork work, NodeOptions options, string user,
        ImmutableHashSet<string> administrators)
    {
        _services = services;
        _work = work;
        _options = options;
        _user = user;
        _administrators = administrators;
        _watch = new SchedulerWatch(options.Times.Lease);
        _mailboxes = services.Mailboxes(services.Cluster, ActorKey.RunPart, signed: true);
        _database = new DatabaseWatch(Elapsed, options.Times.Lease);
        lock (_gate)
            Open();
    }

    /// <summary>Several times a lease: time passes.</summary>
    /// <param name="trouble">while a server does not answer, nobody's silence counts; a node whose database
    /// does not answer for half a lease leaves the scheduler to others; null: both answer</param>
    public void Beat(ServerTrouble? trouble)
    {
        lock (_gate)
        {
            var now = Elapsed;
            _database.Tick(now, trouble);
            if (_closed)
                return;
            if (trouble is null && _isAway && _left.IsCompleted)
                Open();
            else if (!_isAway && _database.Away(now) > _options.Times.Lease / 2)
                Leave();
            if (trouble is not null)
                _mailbox!.Post(new Unhealthy());
            _mailbox!.Post(new Now(now));
        }
    }

    /// <summary>The scheduler lives, here or elsewhere. From any thread.</summary>
    public void Hear() => _watch.Hear(Elapsed);

    /// <summary>How long the database has answered this node. From any thread.</summary>
    public TimeSpan Sound => _database.Sound(Elapsed);

    public async ValueTask DisposeAsync()
    {
        Task left;
        lock (_gate)
        {
            _closed = true;
            if (!_isAway)
                Leave();
            left = _left;
        }
        await left.ConfigureAwait(false);
        await _mailboxes.DisposeAsync().ConfigureAwait(false);
    }

    // ---- What the scheduler asks for ----

    public void Store(StoreSubmission submission) => Apart(submission.Asker, submission.Request, () =>
    {
        var submit = submission.Request.Submit;
        using var journal = _services.Journal(new Guid(submit.RunId.Span, bigEndian: true), ActorKey.RunPart);
        _work.Store(journal, submit);
        _mailbox!.Post(new SubmissionStored(
            submission.Asker, submission.User, submission.Request, submission.UnixSeconds));
    });

    public void AskHome(AskHome request)
    {
        var handed = request.Request.Clone();
        handed.Run = request.Run.ToString("N");
        handed.Asker = request.Asker;
        _mailbox!.Tell(ActorNames.Node(request.Node), handed);
    }

    public void Fetch(FetchFile request) => Apart(request.Asker, request.Request, () =>
    {
        using var journal = _services.Journal(request.Run, ActorKey.RunPart);
        var files = new RunFiles(journal);
        var reply = new ClusterReply { Request = request.Request.Request, Accepted = true };
        string name = request.Request.Key;
        if (name.Length == 0)
        {
            reply.Entries.AddRange(files.Names().Select(file => new ControlReply.Types.Entry
            {
                Key = file,
                Value = FormattableString.Invariant($"{files.Length(file)}"),
            }));
        }
        else
        {
            reply.Length = files.Length(name) ?? throw new LeapsException($"the run has no file {name}");
            reply.Bytes = ByteString.CopyFrom(files.Read(name, request.Request.Offset).Span);
        }
        _mailbox!.Tell(request.Asker, reply);
    });

    // In the name of this seat: once it is left or another node's, the run may go on, and nothing of it is
    // deleted any more.
    public void Forget(Guid run)
    {
        var seat = _seat!;
        Task.Run(() =>
        {
            try
            {
                seat.Journal.ForgetRun(run, ActorNames.Scheduler);
                _mailbox!.Post(new RunDeleted(run));
            }
            catch (Exception error)
            {
                _mailbox!.Post(new ToSeat(seat.Number, new RunDeleted(run, error.Message)));
            }
        });
    }

    // What takes time, with what is wrong as the answer.
    private void Apart(string asker, ClusterRequest request, Action work) => Task.Run(() =>
    {
        try
        {
            work();
        }
        catch (Exception error) when (error is LeapsException or FencedException or SequenceConflictException)
        {
            _mailbox!.Tell(asker, new ClusterReply { Request = request.Request, Text = error.Message });
        }
    });

    // ---- The seat ----

    private TimeSpan Elapsed => TimeSpan.FromSeconds(
        (double)_options.Clock.GetTimestamp() / _options.Clock.TimestampFrequency);

    // Within the gate. Its messages name the scheduler's epoch themselves.
    private void Open()
    {
        int turn = ++_turn;
        _mailbox = _mailboxes.Open(ActorNames.Scheduler, life: 1, Receive, error => Failed(turn, error));
        _isAway = false;
    }

    // Within the gate. The database may keep the receiver waiting, so the rest happens apart.
    private void Leave()
    {
        _isAway = true;
        var mailbox = _mailbox!;
        mailbox.Close();
        _journal?.Dispose();
        _left = Task.Run(async () =>
        {
            await mailbox.Completion.ConfigureAwait(false);
            Rise();
        });
    }

    private void Failed(int turn, Exception error)
    {
        lock (_gate)
        {
            if (turn != _turn || _isAway || _closed)
                return;
            Leave();
        }
        if (error is not FencedException)
            _options.Notice($"the scheduler's seat on this node failed and is taken anew: {error.Message}");
    }

    // On the receiver's thread, or when there is none.
    private void Rise()
    {
        _seat?.Leave();
        _seat = null;
    }

    private void Receive(object message, Action handled)
    {
        switch (message)
        {
            case Now now:
                OnTick(now.Time);
                handled();
                break;
            case MailboxRestored:
                // Nodes tell everything again and again.
                _watch.Excuse();
                handled();
                break;
            case Unhealthy:
                _watch.Excuse();
                _seat?.Actor.Receive(new LeasesSuspended(), handled);
                break;
            case Signed signed:
                _lastHeard = Elapsed;
                _seat ??= Sit();
                _seat.Actor.Receive(Accept(signed), handled);
                break;
            case ToSeat own:
                if (_seat?.Number == own.Number)
                    _seat.Actor.Receive(own.Message, handled);
                else
                    handled();
                break;
            default:
                // From what it asked for, or from the broker; it may have gone since.
                if (_seat is null)
                    handled();
                else
                    _seat.Actor.Receive(message, handled);
                break;
        }
    }

    private object Accept(Signed signed) => signed.Body switch
    {
        NodeHeartbeat when signed.User != _user => throw new ProtocolException(
            $"heartbeat from user '{signed.User}': nodes of this cluster are '{_user}'."),
        NodeHeartbeat beat => beat,
        ClusterRequest request => new Asked(signed.Sender, signed.User, request,
            _options.Clock.GetUtcNow().ToUnixTimeSeconds()),
        _ => throw new ProtocolException($"the scheduler has no use for a {signed.Body.GetType().Name}."),
    };

    private Seat Sit()
    {
        var journal = OpenJournal();
        try
        {
            journal.Claim(ActorNames.Scheduler);
            var events = SchedulerEvents.Read(journal.Read(ActorNames.Scheduler, 1));
            var state = SchedulerState.Recover(events) with
            {
                Rights = new Rights(_administrators),
            };
            var writer = new JournalWriter(journal,
                telemetry: _options.Telemetry?.Of(_services.Cluster));
            var number = new SeatNumber();
            var actor = new SchedulerActor(state, (to, body) => _mailbox!.Tell(to, body),
                message => _mailbox!.Post(new ToSeat(number, message)),
                new ActorJournal(journal, writer, ActorNames.Scheduler), this);
            _zeros.Clear();
            actor.Receive(new SchedulerBegins(Elapsed,
                SchedulerTimes.Default with { Lease = _options.Times.Lease, Grace = 2 * _options.Times.Beat },
                _options.Name)
            { AwaySince = _database.AwaySince(Elapsed) }, static () => { });
            return new Seat(number, actor, journal, writer);
        }
        catch
        {
            journal.Dispose();
            throw;
        }
    }

    // Disposed of at once when the seat is left meanwhile.
    private IFencedJournal OpenJournal()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isAway, this);
            return _journal = _services.Journal(_services.Cluster, ActorKey.RunPart);
        }
    }

    // A seat that hears nothing for a lease, not even of its own node, has been given to another node.
    private void OnTick(TimeSpan now)
    {
        if (_seat is null)
        {
            if (_watch.Tick(now) is { } isDue)
                _ = Evict(isDue);
            return;
        }
        if (now - _lastHeard > _options.Times.Lease)
        {
            Rise();
            return;
        }
        _seat.Actor.Receive(new Tick(now), static () => { });
        foreach (var (node, session) in _seat.Actor.Living)
            _ = Watch(node, session);
    }

    // One that is frozen or cut off has the mailbox until the broker has missed several heartbeats of its
    // process. Should it live, the mailbox comes to one of all again.
    private Task Evict(Func<bool> isDue) => _services.Evict(ActorNames.Scheduler, () =>
    {
        bool stillDue = isDue();
        if (stillDue)
            _options.Notice("the scheduler is silent: its mailbox is taken from it.");
        return stillDue;
    });

    // The broker knows at once when a node's connection ends.
    private async Task Watch(string node, ByteString session)
    {
        int? consumers = await _services.Consumers(ActorNames.Node(node)).ConfigureAwait(false);
        lock (_zeros)
        {
            int zeros = consumers is 0 or -1 ? _zeros.GetValueOrDefault(node) + 1 : 0;
            _zeros[node] = zeros;
            if (zeros < ZerosUntilGone)
                return;
        }
        _mailbox!.Post(new NodeVanished(node, session));
    }
}
