using System.Collections.Immutable;
using Leaps.Actors.Protocol;
using Leaps.Model;
using Leaps.Model.Sampling;
using Effects = System.Collections.Immutable.ImmutableArray<Leaps.Actors.Effect>.Builder;

namespace Leaps.Actors.WalkerGroup;

/// <summary>
/// One group of walkers, as a pure state: it runs ahead of the settled window up to the limit, tells its
/// weights after each window, and goes back when the coordinator resamples at an earlier one.
/// </summary>
/// <remarks>
/// Every message may come late, twice or never (if its receiver died); all are absolute, so each is taken by
/// what it says and not by its order. Who lives again tells everything anew that may have been lost: a group
/// its summaries and transfers, the coordinator its plan and limits. The walkers come from the newest
/// snapshot, which is never beyond the settled window, and are moved again: the same numbers, the same bits.
/// </remarks>
public sealed record WalkerGroupState
{
    /// <param name="group">number of the group</param>
    /// <param name="stored">the newest snapshot in the journal</param>
    public WalkerGroupState(int group, Snapshot? stored = null)
    {
        Group = group;
        Stored = stored;
    }

    public int Group { get; }

    /// <summary>Null until the coordinator has placed the group.</summary>
    public SamplingTask? Task { get; private init; }
    public long Epoch { get; private init; }
    public int Attempt { get; private init; }

    /// <summary>Resamplings that the walkers have gone through.</summary>
    public long Resampling { get; private init; }

    /// <summary>The newest durable snapshot.</summary>
    public Snapshot? Stored { get; private init; }

    /// <summary>By windows complete, without gap: from the settled one to where the group is.</summary>
    public ImmutableSortedDictionary<int, GroupMoment> Moments { get; private init; } =
        ImmutableSortedDictionary<int, GroupMoment>.Empty;

    private AdvanceLimit? Limit { get; init; }
    private Rewind? Rewind { get; init; }
    private bool ShareTold { get; init; }
    private Exchange? Exchange { get; init; }

    // For the next resampling, by sender.
    private ImmutableSortedDictionary<int, WalkerTransfer> Arrived { get; init; } =
        ImmutableSortedDictionary<int, WalkerTransfer>.Empty;

    // Of the last resampling, until every group has stored its walkers.
    private ImmutableArray<WalkerTransfer> Outgoing { get; init; } = [];
    private (int Window, long Resampling) Saving { get; init; } = (-1, 0);
    private long Ticket { get; init; }
    private bool Moving { get; init; }

    /// <summary>The group is to go on elsewhere.</summary>
    public bool Leaving { get; private init; }
    private bool Left { get; init; }

    /// <summary>Windows complete.</summary>
    public int Window => Moments.IsEmpty ? 0 : Moments.Keys.Last();

    public Transition<WalkerGroupState> Apply(object message)
    {
        var effects = ImmutableArray.CreateBuilder<Effect>();
        var next = message switch
        {
            StartGroup start => OnStart(start, effects),
            LeaveNode => this with { Leaving = true },
            _ when Task is null && message is not GroupReborn => this,
            GroupReborn => OnReborn(effects),
            AdvanceLimit limit => OnLimit(limit),
            Rewind rewind => OnRewind(rewind),
            ResamplingPlan plan => OnPlan(plan, effects),
            WalkerTransfer transfer => OnTransfer(transfer),
            TransferRequest request => OnRequest(request, effects),
            WindowMoved moved => OnMoved(moved, effects),
            SnapshotSaved saved => OnSaved(saved, effects),
            _ => throw new ProtocolException($"group {Group} has no use for a {message.GetType().Name}."),
        };
        next = next.GoOn(effects);
        return new Transition<WalkerGroupState>(next, effects.DrainToImmutable());
    }

    private WalkerGroupState OnReborn(Effects effects)
    {
        effects.Add(ToCoordinator(new PlacementRequest { Group = Group }));
        return this;
    }

    private WalkerGroupState OnStart(StartGroup start, Effects effects)
    {
        if (start.Group != Group || start.Epoch <= Epoch)
            return this;
        var placed = this with { Epoch = start.Epoch, Rewind = null, ShareTold = false };
        if (Task is null || start.Attempt != Attempt)
            placed = placed.Load(start.Sampling.Task, start.Attempt, effects);
        placed.Tell(effects);
        return placed;
    }

    // From the newest snapshot of this attempt, else from ρ_0.
    private WalkerGroupState Load(SamplingTask task, int attempt, Effects effects)
    {
        if (Moving)
            effects.Add(new AbandonMove(Ticket));
        var stored = Stored?.Attempt == attempt ? Stored : null;
        var walkers = stored is null ? GroupWalkers.Start(task, Group) : Unpack(stored, task);
        var moment = new GroupMoment(stored?.Window ?? 0, walkers, null);
        return this with
        {
            Task = task,
            Attempt = attempt,
            Stored = stored,
            Resampling = stored?.Resampling ?? 0,
            Outgoing = stored is null ? [] : [.. stored.Outgoing],
            Moments = ImmutableSortedDictionary<int, GroupMoment>.Empty.Add(moment.Window, moment),
            Limit = null,
            Exchange = null,
            Arrived = Arrived.Clear(),
            Saving = (-1, 0),
            Moving = false,
        };
    }

    private GroupWalkers Unpack(Snapshot stored, SamplingTask task)
    {
        try
        {
            var walkers = GroupWalkers.Of(stored, task.Target);
            if (walkers.Count == task.CountOf(Group) && walkers.FirstSlot == task.FirstSlotOf(Group))
                return walkers;
        }
        catch (ProtocolException error)
        {
            throw new LeapsException($"the snapshot of group {Group} can't be read: {error.Message}", error);
        }
        throw new LeapsException($"the snapshot of group {Group} belongs to another run.");
    }

    // All that the others may have lost.
    private void Tell(Effects effects)
    {
        effects.Add(ToCoordinator(new GroupReady
        {
            Group = Group,
            Epoch = Epoch,
            Attempt = Attempt,
            Resampling = Resampling,
            StoredWindow = Stored?.Window ?? 0,
            StoredResampling = Stored?.Resampling ?? 0,
        }));
        foreach (var transfer in Outgoing)
            effects.Add(new Send(ActorNames.Group(transfer.ToGroup), transfer));
        foreach (var moment in Moments.Values.Where(moment => moment.Weights is not null))
            effects.Add(Summary(moment));
    }

    // The highest version counts; an older one may come later.
    private WalkerGroupState OnLimit(AdvanceLimit limit) =>
        limit.Attempt != Attempt || limit.Version <= Limit?.Version ? this : this with
        {
            Limit = limit,
            Outgoing = limit.AllStored && limit.Resampling >= Resampling ? [] : Outgoing,
        };

    // A window where the coordinator meant to resample may pass without, by another threshold.
    private WalkerGroupState OnRewind(Rewind rewind) =>
        rewind.Attempt != Attempt || rewind.Resampling != Resampling + 1 || rewind.Window < Rewind?.Window
            ? this : this with { Rewind = rewind, ShareTold = false };

    private WalkerGroupState OnPlan(ResamplingPlan plan, Effects effects)
    {
        // One for a former life of the group may be too far ahead: the coordinator hears where it is now.
        if (plan.Attempt != Attempt || plan.Resampling != Resampling + 1)
            return this;
        if (Exchange is null)
            return this with { Exchange = new Exchange(plan) };
        if (plan.Again)
            effects.AddRange(Exchange.Requests(Arrived, Attempt));
        return this;
    }

    private WalkerGroupState OnTransfer(WalkerTransfer transfer) =>
        transfer.ToGroup == Group && transfer.Attempt == Attempt && transfer.Resampling == Resampling + 1
            ? this with { Arrived = Arrived.SetItem(transfer.FromGroup, transfer) } : this;

    private WalkerGroupState OnRequest(TransferRequest request, Effects effects)
    {
        if (request.Attempt != Attempt)
            return this;
        // One of a resampling that this group is still to go through is sent when it does.
        var sent = request.Resampling <= Resampling ? Outgoing : Exchange?.Outgoing ?? [];
        var wanted = sent.FirstOrDefault(transfer =>
            transfer.Resampling == request.Resampling && transfer.ToGroup == request.ToGroup);
        if (wanted is not null)
            effects.Add(new Send(ActorNames.Group(wanted.ToGroup), wanted));
        else if (request.Resampling <= Resampling)
            effects.Add(ToCoordinator(new TransferForgotten
            {
                Attempt = Attempt,
                Resampling = request.Resampling,
                ToGroup = request.ToGroup,
            }));
        return this;
    }

    private WalkerGroupState OnMoved(WindowMoved moved, Effects effects)
    {
        if (!Moving || moved.Ticket != Ticket)
            return this;
        var weights = SamplingPacking.ToMessage(moved.Statistics, moved.Cost);
        var moment = new GroupMoment(Window + 1, moved.Walkers, weights);
        effects.Add(Summary(moment));
        return this with { Moving = false, Moments = Moments.Add(moment.Window, moment) };
    }

    private WalkerGroupState OnSaved(SnapshotSaved saved, Effects effects)
    {
        if (saved.Snapshot.Attempt != Attempt)
            return this;
        effects.Add(ToCoordinator(new SnapshotStored
        {
            Group = Group,
            Epoch = Epoch,
            Attempt = Attempt,
            Window = saved.Snapshot.Window,
            Resampling = saved.Snapshot.Resampling,
        }));
        return this with { Stored = saved.Snapshot };
    }

    // Whatever the messages so far allow to be done now.
    private WalkerGroupState GoOn(Effects effects)
    {
        if (Task is null)
            return Leave(effects);
        var next = this;
        // A window that was settled without resampling is none to wait at.
        if (Rewind is not null && Limit?.Settled >= Rewind.Window && Limit.Resampling == Resampling)
            next = this with { Rewind = null };
        if (next.Exchange is { } exchange)
            next = next.GoBack(exchange.Plan.Window, effects).Resample(effects);
        else if (next.Rewind is { } rewind)
            next = next.GoBack(rewind.Window, effects).TellShare(effects);
        return next.Store(effects).Move(effects).Leave(effects);
    }

    // Once all that was done is settled and stored: the successor begins where this one ends.
    private WalkerGroupState Leave(Effects effects)
    {
        bool done = Task is null || !Moving && Exchange is null && Rewind is null
            && Limit?.Settled >= Window && Limit.Resampling == Resampling
            && (Window == 0 || Stored?.Window == Window && Stored.Resampling == Resampling);
        if (!Leaving || Left || !done)
            return this;
        effects.Add(new GroupLeft());
        return this with { Left = true };
    }

    private WalkerGroupState GoBack(int window, Effects effects)
    {
        bool abandon = Moving && Window >= window;
        if (abandon)
            effects.Add(new AbandonMove(Ticket));
        return this with
        {
            Moving = Moving && !abandon,
            Moments = Window > window ? Moments.RemoveRange(Moments.Keys.Where(w => w > window)) : Moments,
        };
    }

    private WalkerGroupState TellShare(Effects effects)
    {
        if (ShareTold || Window != Rewind!.Window)
            return this;
        var residual = GroupResidual.Of(
            Moments[Window].Walkers.LogWeights, SamplingPacking.ToScale(Rewind.Scale));
        effects.Add(ToCoordinator(new ResidualShare
        {
            Group = Group,
            Attempt = Attempt,
            Resampling = Rewind.Resampling,
            Window = Window,
            Certain = residual.Certain,
            Fractions = residual.Fractions,
        }));
        return this with { ShareTold = true };
    }

    private WalkerGroupState Resample(Effects effects)
    {
        var exchange = Exchange!;
        if (!exchange.Begun)
        {
            if (Window != exchange.Plan.Window)
                return this;
            exchange = exchange.Begin(Task!, Group, Attempt, Moments[Window].Walkers);
            foreach (var transfer in exchange.Outgoing)
                effects.Add(new Send(ActorNames.Group(transfer.ToGroup), transfer));
            if (exchange.Plan.Again)
                effects.AddRange(exchange.Requests(Arrived, Attempt));
        }
        if (!exchange.IsComplete(Arrived))
            return this with { Exchange = exchange };
        var moment = new GroupMoment(Window, exchange.Finish(Arrived, Task!, Group), null);
        var resampled = this with
        {
            Resampling = exchange.Plan.Resampling,
            Moments = Moments.Clear().Add(moment.Window, moment),
            Outgoing = exchange.Outgoing,
            Exchange = null,
            Rewind = null,
            ShareTold = false,
            Arrived = Arrived.Clear(),
        };
        return resampled.Save(moment.Window, effects);
    }

    // Where the coordinator wishes it, and at the end.
    private WalkerGroupState Store(Effects effects)
    {
        if (Limit is null || Limit.Resampling != Resampling)
            return this;
        var next = this;
        bool due = Limit.StoreFrom > Math.Max(Stored?.Window ?? 0, Saving.Window)
            || Limit.Settled == Task!.Windows;
        if (due && Moments.ContainsKey(Limit.Settled))
            next = next.Save(Limit.Settled, effects);
        if (Leaving && !Moving && Window <= Limit.Settled)
            next = next.Save(Window, effects);
        int forget = Math.Min(Limit.Settled, Window);
        return Moments.Keys.First() < forget
            ? next with { Moments = Moments.RemoveRange(Moments.Keys.Where(w => w < forget)) } : next;
    }

    private WalkerGroupState Save(int window, Effects effects)
    {
        bool known = Stored is { } stored && stored.Window >= window && stored.Resampling >= Resampling
            || Saving.Window >= window && Saving.Resampling >= Resampling;
        if (known || window == 0)
            return this;
        var snapshot = Moments[window].Walkers.ToSnapshot();
        snapshot.Group = Group;
        snapshot.Attempt = Attempt;
        snapshot.Window = window;
        snapshot.Resampling = Resampling;
        snapshot.Outgoing.AddRange(Outgoing);
        effects.Add(new SaveSnapshot(snapshot));
        return this with { Saving = (window, Resampling) };
    }

    private WalkerGroupState Move(Effects effects)
    {
        int most = Leaving && Exchange is null && Rewind is null ? 0
            : Exchange is { } exchange ? (exchange.Begun ? 0 : exchange.Plan.Window)
            : Rewind is { } rewind ? rewind.Window
            : Limit is { } limit && limit.Resampling == Resampling ? limit.Limit : 0;
        if (Moving || Window >= Math.Min(most, Task!.Windows))
            return this;
        long ticket = Ticket + 1;
        effects.Add(new MoveWindow(ticket, Task, Group, Moments[Window]));
        return this with { Ticket = ticket, Moving = true };
    }

    private Send Summary(GroupMoment moment) => ToCoordinator(new GroupSummary
    {
        Group = Group,
        Attempt = Attempt,
        Window = moment.Window,
        Resampling = Resampling,
        Weights = moment.Weights,
    });

    private static Send ToCoordinator(Google.Protobuf.IMessage body) => new(ActorNames.Coordinator, body);
}
