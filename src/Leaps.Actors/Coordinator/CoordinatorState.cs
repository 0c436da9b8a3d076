using System.Collections.Immutable;
using Leaps.Actors.Protocol;
using Leaps.Model.Sampling;
using Effects = System.Collections.Immutable.ImmutableArray<Leaps.Actors.Effect>.Builder;

namespace Leaps.Actors.Coordinator;

/// <summary>
/// The coordinator of a run, as a pure state: it merges what groups tell, settles windows, resamples, and
/// keeps log Z. What it decides is an event of its journal before anybody hears of it; what groups told of
/// windows that are not settled, they tell again when it comes back to life.
/// </summary>
public sealed partial record CoordinatorState
{
    private const int EpochBits = 32;

    /// <param name="task">what is sampled</param>
    public CoordinatorState(SamplingTask task)
    {
        Task = task;
        Replicas = [.. Enumerable.Range(0, task.Replicas).Select(r => new ReplicaState(task, r))];
    }

    /// <summary>With the settings that the user changed since the start.</summary>
    public SamplingTask Task { get; private init; }

    /// <summary>The task as the run began with it; null for a run that has not begun.</summary>
    public SamplingSpecification? Started { get; private init; }

    /// <summary>Replicas whose groups move at the same time. No result depends on it.</summary>
    public int MostActive { get; init; } = int.MaxValue;

    /// <summary>Raised whenever the coordinator comes to life.</summary>
    public long Epoch { get; private init; }
    public bool Paused { get; private init; }

    /// <summary>Null while the run goes on.</summary>
    public RunEnded? End { get; private init; }

    internal ImmutableList<ReplicaState> Replicas { get; private init; }

    // Epochs of groups since the coordinator came to life, and the replicas and groups that have one.
    private long Placements { get; init; }
    private ImmutableDictionary<int, long> GroupEpochs { get; init; } = ImmutableDictionary<int, long>.Empty;
    private ImmutableSortedSet<int> Active { get; init; } = [];
    private long Version { get; init; }
    private ImmutableDictionary<int, int> LimitTold { get; init; } = ImmutableDictionary<int, int>.Empty;
    private bool OwesSnapshots { get; init; }

    /// <summary>The settled windows of a replica.</summary>
    public IReadOnlyList<WindowSummary> Windows(int replica) => Replicas[replica].Windows;

    public double LogNormalizerRatio(int replica) => Replicas[replica].LogNormalizerRatio;

    public int Attempt(int replica) => Replicas[replica].Attempt;

    /// <summary>The state that a journal tells; null for an empty one.</summary>
    public static CoordinatorState? Recover(IEnumerable<CoordinatorEvent> events)
    {
        CoordinatorState? state = null;
        foreach (var item in events)
        {
            if (state is null && item.BodyCase != CoordinatorEvent.BodyOneofCase.RunStarted)
                throw new ProtocolException("the journal of the coordinator does not begin with RunStarted.");
            state = state is null
                ? new CoordinatorState(item.RunStarted.Sampling.Task) { Started = item.RunStarted.Sampling }
                : state.Evolve(item);
        }
        return state;
    }

    /// <summary>The state after an event of the journal.</summary>
    public CoordinatorState Evolve(CoordinatorEvent item) => item.BodyCase switch
    {
        CoordinatorEvent.BodyOneofCase.RunStarted => this with { Started = item.RunStarted.Sampling },
        CoordinatorEvent.BodyOneofCase.EpochRaised => this with { Epoch = item.EpochRaised.Epoch },
        CoordinatorEvent.BodyOneofCase.WindowSettled =>
            With(item.WindowSettled.Replica, r => r.Evolve(item.WindowSettled)),
        CoordinatorEvent.BodyOneofCase.ReplicaRestarted =>
            With(item.ReplicaRestarted.Replica, r => r.Restart()),
        CoordinatorEvent.BodyOneofCase.ReplicaCompleted =>
            With(item.ReplicaCompleted.Replica, r => r.Complete()),
        CoordinatorEvent.BodyOneofCase.RunExtended => Extend(item.RunExtended.Replicas),
        CoordinatorEvent.BodyOneofCase.SettingChanged =>
            CoordinatorSettings.Change(this, item.SettingChanged.Key, item.SettingChanged.Value),
        CoordinatorEvent.BodyOneofCase.RunEnded => this with { End = item.RunEnded },
        _ => throw new ProtocolException(
            "the journal has an event that this version of Leaps does not know."),
    };

    public Transition<CoordinatorState> Apply(object message)
    {
        var effects = ImmutableArray.CreateBuilder<Effect>();
        CheckGroup(message);
        var next = message switch
        {
            Begin => OnBegin(effects),
            _ when End is not null && message is not ControlAsked => this,
            GroupSummary summary => OnSummary(summary, effects),
            SnapshotStored stored => OnStored(stored, effects),
            GroupReady ready => OnReady(ready, effects),
            ResidualShare share => OnShare(share, effects),
            PlacementRequest request => OnPlacement(request, effects),
            SnapshotsDue => Store(effects),
            SnapshotsWanted => (Store(effects) with { OwesSnapshots = true }).AnswerSnapshots(effects),
            TransferForgotten forgotten => OnForgotten(forgotten, effects),
            TimeIsUp => OnTimeIsUp(effects),
            MessagesLost => Active.SelectMany(GroupsOf)
                .Aggregate(this, (state, group) => state.Place(group, effects)),
            CapacityChanged changed => (this with { MostActive = changed.MostActive }).Activate(effects),
            ControlAsked asked => CoordinatorControl.Answer(this, asked, effects),
            Failure failure => Stop($"{failure.Actor}: {failure.Cause}", effects),
            _ => throw new ProtocolException($"the coordinator has no use for a {message.GetType().Name}."),
        };
        return new Transition<CoordinatorState>(next, effects.DrainToImmutable());
    }

    private void CheckGroup(object message)
    {
        int group = message switch
        {
            GroupSummary m => m.Group,
            SnapshotStored m => m.Group,
            GroupReady m => m.Group,
            ResidualShare m => m.Group,
            PlacementRequest m => m.Group,
            TransferForgotten m => m.ToGroup,
            _ => 0,
        };
        int groups = Replicas.Count * Task.Groups;
        if (group >= groups)
            throw new ProtocolException(
                $"{message.GetType().Name} of group {group}: the run has {groups} groups.");
    }

    internal CoordinatorState With(SamplingTask task) => this with
    {
        Task = task,
        Replicas = Replicas.ConvertAll(replica => replica.With(task)),
    };

    internal CoordinatorState With(bool paused) => this with { Paused = paused };

    private CoordinatorState With(int replica, Func<ReplicaState, ReplicaState> change)
    {
        var before = Replicas[replica];
        var after = change(before);
        return ReferenceEquals(before, after)
            ? this : this with { Replicas = Replicas.SetItem(replica, after) };
    }

    internal CoordinatorState Extend(int replicas)
    {
        var extended = With(Task.With(replicas));
        return extended with
        {
            End = null,
            // Nobody extends a run in order to see it stand still.
            Paused = false,
            Replicas = extended.Replicas.AddRange(
                Enumerable.Range(Replicas.Count, Math.Max(0, replicas - Replicas.Count))
                    .Select(r => new ReplicaState(extended.Task, r))),
        };
    }

    internal CoordinatorState Record(CoordinatorEvent item, Effects effects)
    {
        effects.Add(new Persist(item));
        return Evolve(item);
    }

    // ---- Coming to life ----

    private CoordinatorState OnBegin(Effects effects)
    {
        var next = this;
        if (Started is null)
        {
            var started = new RunStarted { Sampling = Task.Specification };
            next = next.Record(new CoordinatorEvent { RunStarted = started }, effects);
        }
        if (End is not null)
        {
            effects.Add(new EndRun(End.Replicas, End.Cause));
            return next;
        }
        var raised = new EpochRaised { Epoch = Epoch + 1 };
        next = next.Record(new CoordinatorEvent { EpochRaised = raised }, effects);
        return (next with { Version = next.Epoch << EpochBits }).Activate(effects).Conclude(effects);
    }

    private CoordinatorState Activate(Effects effects)
    {
        var next = this;
        if (End is not null)
            return this;
        foreach (var replica in Replicas.Where(r => !r.IsComplete && !Active.Contains(r.Replica)))
        {
            if (next.Active.Count >= MostActive)
                break;
            next = next with { Active = next.Active.Add(replica.Replica) };
            effects.Add(new EngageReplica(replica.Replica));
            for (int g = 0; g < Task.Groups; g++)
                next = next.Place(replica.Replica * Task.Groups + g, effects);
        }
        return next;
    }

    private CoordinatorState Place(int group, Effects effects)
    {
        long placements = Placements + 1, epoch = (Epoch << EpochBits) + placements;
        effects.Add(new Send(ActorNames.Group(group), new StartGroup
        {
            Group = group,
            Epoch = epoch,
            Attempt = Replicas[Task.ReplicaOf(group)].Attempt,
            Sampling = Task.Specification,
        }));
        // What it has stored it tells anew: the newest snapshot may have been damaged.
        return With(Task.ReplicaOf(group), replica => replica.Forget(group)) with
        {
            Placements = placements,
            GroupEpochs = GroupEpochs.SetItem(group, epoch),
        };
    }

    private CoordinatorState OnPlacement(PlacementRequest request, Effects effects) =>
        Active.Contains(Task.ReplicaOf(request.Group)) ? Place(request.Group, effects) : this;

    private CoordinatorState OnReady(GroupReady ready, Effects effects)
    {
        if (GroupEpochs.GetValueOrDefault(ready.Group) != ready.Epoch)
            return this;
        int r = Task.ReplicaOf(ready.Group);
        var replica = Replicas[r].CountStored(
            ready.Group, ready.Attempt, ready.StoredWindow, ready.StoredResampling);
        if (!Active.Contains(r) || ready.Attempt != replica.Attempt)
            return this;
        if (ready.Resampling > replica.Resamplings)
            return Stop($"group {ready.Group} has gone through resampling {ready.Resampling}, of which the "
                + "journal knows nothing: restore the journal of the whole run from one copy.", effects);
        // Transfers of earlier resamplings are forgotten: only a new start repeats them. A group that stored
        // a later one since is only late in saying that it was ready.
        if (Math.Max(ready.Resampling, replica.StoredResampling(ready.Group)) < replica.Resamplings - 1)
            return Restart(r, LostWalkers(ready.Group), effects);
        var next = With(r, _ => replica);
        if (ready.Resampling < replica.Resamplings)
        {
            effects.Add(new Send(ActorNames.Group(ready.Group), replica.PlanAgain(ready.Group)));
        }
        else if (replica.Residuals is not null)
        {
            effects.Add(new Send(
                ActorNames.Group(ready.Group), replica.Rewinds()[ready.Group % Task.Groups]));
        }
        return next.Tell(ready.Group, effects).Settle(r, effects).Finish(r, effects).AnswerSnapshots(effects);
    }

    private CoordinatorState Restart(int replica, string cause, Effects effects)
    {
        var restarted = new ReplicaRestarted { Replica = replica, Cause = cause };
        var next = Record(new CoordinatorEvent { ReplicaRestarted = restarted }, effects);
        next = next with { LimitTold = next.LimitTold.Remove(replica) };
        for (int g = 0; g < Task.Groups; g++)
            next = next.Place(replica * Task.Groups + g, effects);
        return next;
    }

    // ---- Windows ----

    private CoordinatorState OnSummary(GroupSummary summary, Effects effects)
    {
        int r = Task.ReplicaOf(summary.Group);
        var next = With(r, replica => replica.Count(summary));
        return summary.Window == Replicas[r].Settled + 1 ? next.Settle(r, effects) : next;
    }

    private CoordinatorState OnShare(ResidualShare share, Effects effects)
    {
        int r = Task.ReplicaOf(share.Group);
        return With(r, replica => replica.Count(share)).Settle(r, effects);
    }

    private CoordinatorState OnStored(SnapshotStored stored, Effects effects)
    {
        if (GroupEpochs.GetValueOrDefault(stored.Group) != stored.Epoch)
            return this;
        int r = Task.ReplicaOf(stored.Group);
        var next = With(r, replica => replica.CountStored(
            stored.Group, stored.Attempt, stored.Window, stored.Resampling));
        var replica = next.Replicas[r];
        // One that had to repeat the last resampling has not heard of the next one.
        bool caughtUp = Replicas[r].IsBehind(stored.Group) && !replica.IsBehind(stored.Group);
        if (replica.Residuals is not null && caughtUp)
        {
            var rewind = replica.Rewinds()[stored.Group % Task.Groups];
            effects.Add(new Send(ActorNames.Group(stored.Group), rewind));
        }
        if (replica.AllStored)
            next = next.Settle(r, effects);
        return next.Finish(r, effects).AnswerSnapshots(effects);
    }

    private CoordinatorState OnForgotten(TransferForgotten forgotten, Effects effects)
    {
        int r = Task.ReplicaOf(forgotten.ToGroup);
        return Replicas[r].HasLost(forgotten) ? Restart(r, LostWalkers(forgotten.ToGroup), effects) : this;
    }

    private static string LostWalkers(int group) => FormattableString.Invariant(
        $"group {group} has lost walkers that the others can't make up for");

    // All windows that the summaries so far settle; a resampling ends the series.
    private CoordinatorState Settle(int r, Effects effects)
    {
        var next = this;
        while (next.Replicas[r].Decide() is { } decision)
        {
            if (decision.NeedsResiduals)
                return next.AskForResiduals(r, effects);
            next = next.Record(new CoordinatorEvent { WindowSettled = decision.Settled }, effects);
            effects.Add(new Settled(r, next.Replicas[r].Windows[^1]));
            if (decision.Settled.Weights.Count == 0)
            {
                // Groups that wait at this window, since a resampling was near, must hear that there is none.
                if (Replicas[r].Residuals is not null)
                    next = next.TellReplica(r, effects);
                continue;
            }
            foreach (var plan in next.Replicas[r].Plans())
                effects.Add(new Send(ActorNames.Group(plan.Group), plan));
            return next.TellReplica(r, effects);
        }
        int step = Math.Max(1, Task.RunAhead / 4), settled = next.Replicas[r].Settled;
        bool due = settled >= next.LimitTold.GetValueOrDefault(r) + step || settled == Task.Windows;
        return due && settled > Replicas[r].Settled ? next.TellReplica(r, effects) : next;
    }

    private CoordinatorState AskForResiduals(int r, Effects effects)
    {
        foreach (var rewind in Replicas[r].Rewinds())
            effects.Add(new Send(ActorNames.Group(rewind.Group), rewind));
        return With(r, replica => replica.AskForResiduals());
    }

    private IEnumerable<int> GroupsOf(int replica) => Task.GroupsOf(replica);

    internal CoordinatorState TellAll(Effects effects) =>
        Active.Aggregate(this, (state, r) => state.TellReplica(r, effects));

    private CoordinatorState TellReplica(int r, Effects effects)
    {
        long version = Version;
        foreach (int group in GroupsOf(r))
            effects.Add(LimitOf(group, ++version));
        return this with { Version = version, LimitTold = LimitTold.SetItem(r, Replicas[r].Settled) };
    }

    private CoordinatorState Tell(int group, Effects effects)
    {
        effects.Add(LimitOf(group, Version + 1));
        return this with { Version = Version + 1 };
    }

    private Send LimitOf(int group, long version)
    {
        var replica = Replicas[Task.ReplicaOf(group)];
        return new Send(ActorNames.Group(group), new AdvanceLimit
        {
            Group = group,
            Attempt = replica.Attempt,
            Version = version,
            Settled = replica.Settled,
            Limit = Paused ? replica.Settled : Math.Min(Task.Windows, replica.Settled + Task.RunAhead),
            Resampling = replica.Resamplings,
            AllStored = replica.AllStored,
            StoreFrom = replica.StoreFrom,
        });
    }
}
