using System.Diagnostics;
using Leaps.Actors;
using Leaps.Actors.Coordinator;
using Leaps.Actors.Protocol;
using Leaps.Actors.WalkerGroup;
using Leaps.Model.Random;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Simulation.Tests.Scale;

/// <summary>
/// A run of many groups on paper: real states and message bytes, simulated devices and network. The
/// coordinator is busy for as long as its work really takes on this machine; every group has a device of its
/// own, and walkers don't move: their log-weights wander. Times in ns.
/// </summary>
internal sealed class ScaleRun
{
    public const int Windows = 24;
    public const long WindowTime = 50_000_000, Latency = 200_000, SyncTime = 1_000_000;
    public const double SpeedSpread = 0.2;

    // σ² of a window: the relative ESS e^{-n σ²} is down to the threshold 1/2 every fourth window.
    private const double WeightSpread = 0.4;
    private const int WalkersPerGroup = 16;

    private readonly SamplingTask _task;
    private readonly long _workTime;
    private readonly MessageCodec _codec = new(Guid.Empty);
    private readonly SimulatedClock _clock = new();
    private readonly Dice _dice = new(1, Dice.ForScale);
    private readonly WalkerGroupState[] _groups;
    private readonly double[] _durations;       // (groups), of a window
    private readonly double[] _busyTime;        // (groups), of their devices
    private readonly (long Ticket, long Since)[] _moves;
    private readonly Queue<byte[]> _mailbox = new();
    private readonly Queue<(long AfterEvent, Effect Effect)> _waiting = new();
    private CoordinatorState _coordinator;
    private SamplingSpecification? _specification;
    private long _events, _durable, _sequence;
    private bool _busy, _syncing, _ended;

    /// <param name="groups">how many</param>
    /// <param name="scheme">how they resample</param>
    /// <param name="workTime">of the coordinator, for each message; 0: what it really takes</param>
    public ScaleRun(int groups, ResamplingScheme scheme = ResamplingScheme.Systematic, long workTime = 0)
    {
        _workTime = workTime;
        var target = new IsingTarget(new Lattice(3, 3), new CouplingSchedule(
            ScheduleShape.Linear, new Couplings(0, 0, 1), new Couplings(0.4, 0, 1)));
        var options = new AnnealerOptions
        {
            Walkers = WalkersPerGroup * groups,
            Groups = groups,
            Windows = Windows,
            ResamplingThreshold = 0.5,
            Resampling = scheme,
        };
        _task = new SamplingTask(target, options, TimeGrid.Uniform(Windows), replicas: 1);
        _coordinator = new CoordinatorState(_task);
        _groups = [.. Enumerable.Range(0, groups).Select(g => new WalkerGroupState(g))];
        _durations = [.. _groups.Select(_ => WindowTime * _dice.Between(1 - SpeedSpread, 1 + SpeedSpread))];
        _busyTime = new double[groups];
        _moves = new (long, long)[groups];
    }

    public long Messages { get; private set; }
    public long Bytes { get; private set; }
    public long Summaries { get; private set; }

    /// <summary>Of the coordinator: in Apply; and with reading and writing its messages.</summary>
    public TimeSpan Work { get; private set; }
    public TimeSpan WorkWithCodec { get; private set; }
    public int Resamplings => _coordinator.Windows(0).Count(window => window.Resampled);

    /// <summary>Of all devices' time: moving walkers through windows that had to be moved again.</summary>
    public double Rewound { get; private set; }

    /// <summary>Of all devices' time: without work.</summary>
    public double Idle { get; private set; }

    /// <summary>Of all devices' time: what is lost at least, since each waits for the slowest one.</summary>
    public double Imbalance => 1 - _durations.Average() / _durations.Max();

    public ScaleRun Run()
    {
        Apply(new Begin(), Stopwatch.GetTimestamp());
        while (!_ended && _clock.Step()) { }
        double all = (double)_groups.Length * _clock.Now;
        double spent = _busyTime.Sum();
        Rewound = (spent - Windows * _durations.Sum()) / all;
        Idle = 1 - spent / all;
        return this;
    }

    private void Send(string sender, long epoch, Send send)
    {
        if (send.Body is ControlReply)
            return;
        byte[] bytes = MessageBytes.Write(
            _codec, Guid.Empty, sender, send.Recipient, Math.Max(1, epoch), ++_sequence, send.Body);
        Messages++;
        Bytes += bytes.Length;
        _clock.After((long)(Latency * _dice.Between(0.5, 1.5)), () => Deliver(send.Recipient, bytes));
    }

    private void Deliver(string recipient, byte[] bytes)
    {
        if (ActorNames.GroupOf(recipient) is { } group)
        {
            ApplyGroup(group, Share(MessageBytes.Read(_codec, bytes)));
            return;
        }
        _mailbox.Enqueue(bytes);
        WorkOn();
    }

    // The groups of a process share one specification.
    private object Share(object message)
    {
        if (message is StartGroup start)
        {
            _specification ??= start.Sampling;
            start.Sampling = _specification;
        }
        return message;
    }

    // ---- The coordinator ----

    private void WorkOn()
    {
        if (_busy || _mailbox.Count == 0)
            return;
        long start = Stopwatch.GetTimestamp();
        Apply(MessageBytes.Read(_codec, _mailbox.Dequeue()), start);
    }

    private void Apply(object message, long start)
    {
        _busy = true;
        if (message is GroupSummary)
            Summaries++;
        long before = Stopwatch.GetTimestamp();
        var transition = _coordinator.Apply(message);
        Work += Stopwatch.GetElapsedTime(before);
        _coordinator = transition.State;
        foreach (var effect in transition.Effects)
        {
            if (effect is Persist persist)
                Persist((CoordinatorEvent)persist.Event);
            else
                _waiting.Enqueue((_events, effect));
        }
        Perform();
        var spent = Stopwatch.GetElapsedTime(start);
        WorkWithCodec += spent;
        _clock.After(_workTime > 0 ? _workTime : (long)spent.TotalNanoseconds, () =>
        {
            _busy = false;
            WorkOn();
        });
    }

    // Events that come while the disk syncs share the next sync.
    private void Persist(CoordinatorEvent item)
    {
        _ = Google.Protobuf.MessageExtensions.ToByteArray(item);
        _events++;
        if (!_syncing)
            Sync();
    }

    private void Sync()
    {
        _syncing = true;
        long through = _events;
        _clock.After(SyncTime, () =>
        {
            _durable = through;
            _syncing = false;
            Perform();
            if (_durable < _events && !_syncing)
                Sync();
        });
    }

    private void Perform()
    {
        while (_waiting.TryPeek(out var next) && next.AfterEvent <= _durable)
        {
            switch (_waiting.Dequeue().Effect)
            {
                case Send send:
                    Send(ActorNames.Coordinator, _coordinator.Epoch, send);
                    break;
                case EndRun:
                    _ended = true;
                    break;
                case StopRun stop:
                    throw new InvalidOperationException(stop.Cause);
            }
        }
    }

    // ---- Groups and their devices ----

    private void ApplyGroup(int group, object message)
    {
        var transition = _groups[group].Apply(message);
        _groups[group] = transition.State;
        foreach (var effect in transition.Effects)
        {
            switch (effect)
            {
                case Send send:
                    Send(ActorNames.Group(group), transition.State.Epoch, send);
                    break;
                case SaveSnapshot save:
                    _clock.After(SyncTime, () => ApplyGroup(group, new SnapshotSaved(save.Snapshot)));
                    break;
                case AbandonMove:
                    Stop(group);
                    break;
                case MoveWindow move:
                    Stop(group);
                    Move(group, move);
                    break;
            }
        }
    }

    private void Move(int group, MoveWindow move)
    {
        _moves[group] = (move.Ticket, _clock.Now);
        _clock.After((long)_durations[group], () =>
        {
            if (_moves[group].Ticket != move.Ticket)
                return;
            Stop(group);
            ApplyGroup(group, Moved(move));
        });
    }

    private void Stop(int group)
    {
        if (_moves[group].Ticket > 0)
            _busyTime[group] += _clock.Now - _moves[group].Since;
        _moves[group] = default;
    }

    private static WindowMoved Moved(MoveWindow move)
    {
        var walkers = move.From.Walkers.Unpack();
        for (int m = 0; m < walkers.Count; m++)
        {
            var stream = new RandomStream(2, RandomPurpose.Test, walkers.FirstSlot + m, move.From.Window);
            walkers.LogWeights[m] += WeightSpread * stream.NextNormal();
        }
        return new WindowMoved(move.Ticket, GroupWalkers.Of(walkers, move.Task.Target),
            GroupStatistics.Of(walkers, 0, walkers.Count), new IntegrationCost(walkers.Count, 0));
    }
}
