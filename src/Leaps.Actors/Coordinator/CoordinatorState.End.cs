using System.Globalization;
using Leaps.Actors.Protocol;
using Leaps.Model.Sampling;
using Effects = System.Collections.Immutable.ImmutableArray<Leaps.Actors.Effect>.Builder;

namespace Leaps.Actors.Coordinator;

/// <content>How a run ends, what it stores on the way, and what its user sees of it.</content>
public sealed partial record CoordinatorState
{
    private CoordinatorState Finish(int r, Effects effects)
    {
        if (Replicas[r].IsComplete || Replicas[r].FinalGroups < Task.Groups || End is not null)
            return this;
        var completed = new ReplicaCompleted { Replica = r };
        var next = Record(new CoordinatorEvent { ReplicaCompleted = completed }, effects);
        effects.Add(new ReleaseReplica(r));
        return (next with { Active = next.Active.Remove(r) }).Conclude(effects).Activate(effects);
    }

    // The result is the first replicas up to where the error bar is short enough, else all.
    internal CoordinatorState Conclude(Effects effects)
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
        (state, r) => state.With(r, replica => replica.Store())
            .TellReplica(r, effects).RemindOfPlans(r, effects));

    // A group that died took with it what it was asked for: whoever waits for it asks again.
    private CoordinatorState RemindOfPlans(int r, Effects effects)
    {
        foreach (int group in Replicas[r].AllStored ? [] : GroupsOf(r))
        {
            if (Replicas[r].IsBehind(group))
                effects.Add(new Send(ActorNames.Group(group), Replicas[r].PlanAgain(group)));
        }
        return this;
    }

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
            yield return (string.Create(culture, $"replica {replica.Replica}"),
                string.Create(culture, $"window {replica.Settled} of {Task.Windows}, ")
                + string.Create(culture, $"relative ESS {last.RelativeEss:F3}, ")
                + string.Create(culture, $"log Z {last.LogZ:F4} ± {last.LogZStdErr:F4}, ")
                + string.Create(culture, $"{replica.Resamplings} resamplings"));
        }
        yield return ("threshold", Task.Options.ResamplingThreshold.ToString("R", culture));
    }
}
