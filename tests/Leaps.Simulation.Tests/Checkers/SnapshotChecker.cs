using Leaps.Actors;
using Leaps.Actors.Coordinator;
using Leaps.Actors.Protocol;
using Leaps.Actors.WalkerGroup;

namespace Leaps.Simulation.Tests.Checkers;

/// <summary>
/// No snapshot is beyond what the journal of the coordinator says is settled, so that no group ever has to
/// go back behind its own.
/// </summary>
internal sealed class SnapshotChecker(Simulation simulation) : Checker
{
    private CoordinatorState? _journal;

    public override void EventDurable(CoordinatorEvent item) =>
        _journal = _journal is null ? CoordinatorState.Recover([item]) : _journal.Evolve(item);

    public override void GroupStepped(GroupActor group, WalkerGroupState before, object message,
        Transition<WalkerGroupState> transition)
    {
        foreach (var save in transition.Effects.OfType<SaveSnapshot>())
            Check(save.Snapshot);
    }

    public override void Ended(EndRun end)
    {
        for (int group = 0; group < end.Replicas * simulation.Task.Groups; group++)
        {
            var snapshot = simulation.Disk.Newest(group);
            int attempt = _journal!.Attempt(simulation.Task.ReplicaOf(group));
            Require(snapshot?.Window == simulation.Task.Windows && snapshot.Attempt == attempt,
                $"group {group} has no snapshot of its last window in attempt {attempt}");
        }
    }

    private void Check(Snapshot snapshot)
    {
        var replica = _journal!.Replicas[simulation.Task.ReplicaOf(snapshot.Group)];
        Require(snapshot.Attempt <= replica.Attempt, $"{Name(snapshot)} of an attempt to come");
        if (snapshot.Attempt < replica.Attempt)
            return;
        Require(snapshot.Window <= replica.Settled && snapshot.Resampling <= replica.Resamplings,
            $"{Name(snapshot)}, but settled are {replica.Settled} and {replica.Resamplings}");
        int resamplings = replica.Windows.Take(snapshot.Window).Count(window => window.Resampled);
        Require(snapshot.Resampling == resamplings,
            $"{Name(snapshot)}, but there are {resamplings} resamplings up to there");
    }

    private static string Name(Snapshot snapshot) => FormattableString.Invariant(
        $"group {snapshot.Group}: snapshot of {snapshot.Window} windows, {snapshot.Resampling} resamplings");
}
