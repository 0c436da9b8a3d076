using System.Collections.Immutable;
using System.Globalization;
using Leaps.Actors.Protocol;
using Leaps.Model.Sampling;
using Effects = System.Collections.Immutable.ImmutableArray<Leaps.Actors.Effect>.Builder;

namespace Leaps.Actors.Coordinator;

/// <summary>
/// The coordinator of a run, as a pure state: it merges what groups tell, settles windows, resamples, and
/// keeps log Z. What it decides is an event of its journal before anybody hears of it; what groups told of
/// windows that are not settled, they tell again when it comes back to life.
/// </summary>
public sealed record CoordinatorState
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
        _ => throw new ProtocolException("the journal has an event that this version of Leaps does not know."),
    };

    public Transition<CoordinatorState> Apply(object message)
    {
        var effects = ImmutableArray.CreateBuilder<Effect>();
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
            ControlAsked asked => CoordinatorControl.Answer(this, asked, effects),
            Failure failure => Stop($"{failure.Actor}: {failure.Cause}", effects),
            _ => throw new ProtocolException($"the coordinator has no use for a {message.GetType().Name}."),
        };
        return new Transition<CoordinatorState>(next, effects.DrainToImmutable());
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
        return ReferenceEquals(before, after) ? this : this with { Replicas = Replicas.SetItem(replica, after) };
    }

    internal CoordinatorState Extend(int replicas)
    {
        var extended = With(Task.With(replicas));
        return extended with
        {
            End = null,
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
        foreach (var replica in Replicas.Where(r => !r.IsComplete && !Active.Contains(r.Replica)))
        {
            if (next.Active.Count >= MostActive)
                break;
            next = next with { Active = next.Active.Add(replica.Replica) };
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
        return this with { Placements = placements, GroupEpochs = GroupEpochs.SetItem(group, epoch) };
    }

    private CoordinatorState OnPlacement(PlacementRequest request, Effects effects) =>
        GroupEpochs.ContainsKey(request.Group) ? Place(request.Group, effects) : this;

    private CoordinatorState OnReady(GroupReady ready, Effects effects)
    {
        if (GroupEpochs.GetValueOrDefault(ready.Group) != ready.Epoch)
            return this;
        int r = Task.ReplicaOf(ready.Group);
        var replica = Replicas[r];
        if (ready.Attempt != replica.Attempt)
            return this;
        if (ready.Resampling > replica.Resamplings)
            return Stop($"group {ready.Group} has gone through resampling {ready.Resampling}, of which the "
                + "journal knows nothing: restore the journal of the whole run from one copy.", effects);
        // Transfers of earlier resamplings are forgotten: only a new start repeats them.
        if (ready.Resampling < replica.Resamplings - 1
            || ready.Resampling < replica.Resamplings && replica.AllStored)
            return Restart(r, LostWalkers(ready.Group), effects);
        var next = With(r, state => state.CountStored(
            ready.Group, ready.Attempt, ready.StoredWindow, ready.StoredResampling));
        if (ready.Resampling < replica.Resamplings)
        {
            var plan = replica.Plans()[ready.Group % Task.Groups];
            plan.Again = true;
            effects.Add(new Send(ActorNames.Group(ready.Group), plan));
        }
        else if (replica.Residuals is not null)
        {
            effects.Add(new Send(ActorNames.Group(ready.Group), replica.RewindOf(ready.Group)));
        }
        return next.Tell(ready.Group, effects).Finish(r, effects);
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
        return With(r, replica => replica.Count(summary)).Settle(r, effects);
    }

    private CoordinatorState OnShare(ResidualShare share, Effects effects)
    {
        int r = Task.ReplicaOf(share.Group);
        return With(r, replica => replica.Count(share)).Settle(r, effects);
    }

    private CoordinatorState OnStored(SnapshotStored stored, Effects effects)
    {
        int r = Task.ReplicaOf(stored.Group);
        return With(r, replica => replica.CountStored(
                stored.Group, stored.Attempt, stored.Window, stored.Resampling))
            .Settle(r, effects).Finish(r, effects).AnswerSnapshots(effects);
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
                return next.Replicas[r].Residuals is not null ? next : next.AskForResiduals(r, effects);
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
        foreach (int group in GroupsOf(r))
            effects.Add(new Send(ActorNames.Group(group), Replicas[r].RewindOf(group)));
        return With(r, replica => replica.AskForResiduals());
    }

    private IEnumerable<int> GroupsOf(int replica) => Enumerable.Range(replica * Task.Groups, Task.Groups);

    internal CoordinatorState TellAll(Effects effects) =>
        Active.Aggregate(this, (state, r) => state.TellReplica(r, effects));

    private CoordinatorState TellReplica(int r, Effects effects)
    {
        var next = this with { LimitTold = LimitTold.SetItem(r, Replicas[r].Settled) };
        return GroupsOf(r).Aggregate(next, (state, group) => state.Tell(group, effects));
    }

    private CoordinatorState Tell(int group, Effects effects)
    {
        var replica = Replicas[Task.ReplicaOf(group)];
        effects.Add(new Send(ActorNames.Group(group), new AdvanceLimit
        {
            Group = group,
            Attempt = replica.Attempt,
            Version = Version + 1,
            Settled = replica.Settled,
            Limit = Paused ? 0 : Math.Min(Task.Windows, replica.Settled + Task.RunAhead),
            Resampling = replica.Resamplings,
            AllStored = replica.AllStored,
            StoreFrom = replica.StoreFrom,
        }));
        return this with { Version = Version + 1 };
    }

    // ---- The end ----

    private CoordinatorState Finish(int r, Effects effects)
    {
        if (Replicas[r].IsComplete || Replicas[r].FinalGroups < Task.Groups)
            return this;
        var completed = new ReplicaCompleted { Replica = r };
        var next = Record(new CoordinatorEvent { ReplicaCompleted = completed }, effects);
        effects.Add(new ReleaseReplica(r));
        return (next with { Active = next.Active.Remove(r) }).Conclude(effects).Activate(effects);
    }

    // The result is the first replicas up to where the error bar is short enough, else all.
    private CoordinatorState Conclude(Effects effects)
    {
        if (End is not null)
            return this;
        for (int count = 1; count <= Replicas.Count && Replicas[count - 1].IsComplete; count++)
        {
            if (count == Replicas.Count || IsPreciseEnough(count))
                return EndAt(count, "", effects);
        }
        return this;
    }

    private bool IsPreciseEnough(int count) => Task.TargetStandardError > 0
        && EnsembleWindow.Of([.. Replicas.Take(count).Select(r => r.Windows[^1])]).LogZStdErr
            <= Task.TargetStandardError;

    private CoordinatorState OnTimeIsUp(Effects effects)
    {
        int complete = CompleteReplicas;
        return complete == 0
            ? Stop("the time is up before the first replica is complete", effects)
            : EndAt(complete, "the time is up", effects);
    }

    internal int CompleteReplicas => Replicas.TakeWhile(replica => replica.IsComplete).Count();

    internal CoordinatorState EndAt(int replicas, string cause, Effects effects)
    {
        var ended = new RunEnded { Replicas = replicas, Cause = cause };
        var next = Record(new CoordinatorEvent { RunEnded = ended }, effects);
        effects.Add(new EndRun(replicas, cause));
        return next with { Active = [] };
    }

    private CoordinatorState Stop(string cause, Effects effects)
    {
        effects.Add(new StopRun(cause));
        return this;
    }

    internal CoordinatorState Store(Effects effects) => Active.Aggregate(this,
        (state, r) => state.With(r, replica => replica with { StoreFrom = replica.Settled })
            .TellReplica(r, effects));

    private CoordinatorState AnswerSnapshots(Effects effects)
    {
        if (!OwesSnapshots || !Active.All(r => Replicas[r].IsStored))
            return this;
        effects.Add(new SnapshotsTaken());
        return this with { OwesSnapshots = false };
    }

    /// <summary>For the user: name and value, in the order to show.</summary>
    public IEnumerable<(string Key, string Value)> Status()
    {
        var culture = CultureInfo.InvariantCulture;
        int complete = Replicas.Count(replica => replica.IsComplete);
        yield return ("state", End is { } end ? (end.Cause.Length > 0 ? $"ended: {end.Cause}" : "complete")
            : Paused ? "paused" : "sampling");
        yield return ("replicas", string.Create(culture, $"{complete} of {Replicas.Count} complete"));
        foreach (var replica in Replicas.Where(r => !r.IsComplete && r.Settled > 0))
        {
            var last = replica.Windows[^1];
            yield return (string.Create(culture, $"replica {replica.Replica}"), string.Create(culture,
                $"window {replica.Settled} of {Task.Windows}, relative ESS {last.RelativeEss:F3}, log Z {last.LogZ:F4}")
                + string.Create(culture, $" ± {last.LogZStdErr:F4}, {replica.Resamplings} resamplings"));
        }
        yield return ("threshold", Task.Options.ResamplingThreshold.ToString("R", culture));
    }
}
