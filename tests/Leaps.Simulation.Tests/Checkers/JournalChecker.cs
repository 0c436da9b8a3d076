using Leaps.Actors;
using Leaps.Actors.Coordinator;
using Leaps.Actors.Protocol;

namespace Leaps.Simulation.Tests.Checkers;

/// <summary>The journal alone rebuilds all of the coordinator's state that groups don't tell anew.</summary>
internal sealed class JournalChecker(Simulation simulation) : Checker
{
    private CoordinatorState? _folded;

    public override void EventDurable(CoordinatorEvent item) =>
        _folded = _folded is null ? CoordinatorState.Recover([item]) : _folded.Evolve(item);

    public override void CoordinatorDurable(CoordinatorState live)
    {
        if (_folded is not null)
            Compare(_folded, live);
    }

    public override void Ended(EndRun end)
    {
        var recovered = CoordinatorState.Recover(simulation.Disk.Events())!;
        Compare(recovered, _folded!);
        Require(recovered.End is not null, $"the journal does not tell of the end");
        Require(recovered.End!.Replicas == end.Replicas && recovered.End.Cause == end.Cause,
            $"the journal ends with {recovered.End}, the run with {end}");
    }

    private void Compare(CoordinatorState journal, CoordinatorState live)
    {
        Require(journal.Epoch == live.Epoch, $"epoch {journal.Epoch} in the journal, {live.Epoch} alive");
        Require(journal.Paused == live.Paused, $"paused: {journal.Paused} in the journal");
        Require(Equals(journal.End, live.End), $"end: {journal.End} in the journal, {live.End} alive");
        Require(journal.Task.Specification.Equals(live.Task.Specification), $"another task in the journal");
        Require(journal.Replicas.Count == live.Replicas.Count, $"{journal.Replicas.Count} replicas");
        foreach (var (stored, alive) in journal.Replicas.Zip(live.Replicas))
        {
            Require(stored.Attempt == alive.Attempt && stored.Resamplings == alive.Resamplings
                && stored.LogNormalizerRatio.Equals(alive.LogNormalizerRatio)
                && stored.IsComplete == alive.IsComplete
                && Equals(stored.LastResampling, alive.LastResampling)
                && stored.Windows.SequenceEqual(alive.Windows),
                $"replica {stored.Replica}: {stored.Settled} windows in the journal, {alive.Settled} alive");
        }
    }
}
