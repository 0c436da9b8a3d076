using Leaps.Actors;
using Leaps.Actors.Coordinator;
using Leaps.Actors.Protocol;
using Leaps.Actors.WalkerGroup;
using Leaps.Model.Sampling;

namespace Leaps.Simulation.Tests.Checkers;

/// <summary>
/// Every window's numbers, every group's walkers on the way and the final ones are those of Algorithm 1 in
/// one piece, bit for bit; and the run ends with as many replicas as it should.
/// </summary>
internal sealed class TruthChecker(Simulation simulation) : Checker
{
    private readonly Dictionary<int, Truth> _truths = [];
    private readonly SamplingTask _task = simulation.Scenario.Task;

    public override void EventDurable(CoordinatorEvent item)
    {
        if (item.WindowSettled is not { } settled || !simulation.Scenario.IsFixed)
            return;
        var truth = Of(settled.Replica).Windows[settled.Window - 1];
        Require(settled.RelativeEss.Equals(truth.RelativeEss) && settled.LogZ.Equals(truth.LogZ)
            && settled.LogZStandardError.Equals(truth.LogZStdErr)
            && settled.Weights.Count > 0 == truth.Resampled
            && new IntegrationCost(settled.Evaluations, settled.Jumps) == truth.Cost,
            $"replica {settled.Replica} settles {settled.Window}: log Z {settled.LogZ:R}, not {truth}");
    }

    public override void GroupStepped(GroupActor group, WalkerGroupState before, object message,
        Transition<WalkerGroupState> transition)
    {
        var after = transition.State;
        if (after.Window == 0 || !simulation.Scenario.IsFixed || after.Moments.Count > 0
            && before.Moments.GetValueOrDefault(after.Window) == after.Moments[after.Window])
            return;
        var truth = Of(_task.ReplicaOf(group.Group));
        // Groups that run ahead don't know yet of a resampling before; what they have will be thrown away.
        if (after.Resampling == truth.Resamplings[after.Window - 1])
            Compare(group.Group, after.Window, after.Moments[after.Window].Walkers, truth);
    }

    public override void Ended(EndRun end)
    {
        var journal = CoordinatorState.Recover(simulation.Disk.Events())!;
        if (!simulation.Scenario.IsFixed)
            Replay();
        for (int r = 0; r < end.Replicas; r++)
        {
            var truth = Of(r);
            Require(truth.Windows.SequenceEqual(journal.Windows(r)), $"replica {r}: other windows");
            Require(truth.LogNormalizerRatio.Equals(journal.LogNormalizerRatio(r)),
                $"replica {r}: another log Z");
            for (int group = r * _task.Groups; group < (r + 1) * _task.Groups; group++)
            {
                Compare(group, _task.Windows,
                    GroupWalkers.Of(simulation.Disk.Newest(group)!, _task.Target), truth);
            }
        }
        if (end.Cause.Length == 0 && simulation.Scenario.IsFixed)
            CheckReplicas(end.Replicas);
    }

    private void CheckReplicas(int replicas)
    {
        int expected = simulation.Task.Replicas;
        for (int count = expected; count >= 1 && _task.TargetStandardError > 0; count--)
        {
            double error = EnsembleWindow.Of(
                [.. Enumerable.Range(0, count).Select(r => Of(r).Windows[^1])]).LogZStdErr;
            expected = error <= _task.TargetStandardError ? count : expected;
        }
        Require(replicas == expected, $"the run ends with {replicas} replicas, not {expected}");
    }

    private Truth Of(int replica)
    {
        if (!_truths.TryGetValue(replica, out var truth))
        {
            truth = new Truth(_task, simulation.Scenario.Network, replica,
                _ => _task.Options.ResamplingThreshold);
            _truths.Add(replica, truth);
        }
        return truth;
    }

    // With the thresholds that held when each window was settled for good.
    private void Replay()
    {
        double threshold = _task.Options.ResamplingThreshold;
        var thresholds = new Dictionary<int, List<double>>();
        foreach (var item in simulation.Disk.Events())
        {
            if (item.SettingChanged is { Key: "sample.resample.threshold" } changed)
                threshold = double.Parse(changed.Value, System.Globalization.CultureInfo.InvariantCulture);
            else if (item.WindowSettled is { } settled)
                (thresholds.TryGetValue(settled.Replica, out var own)
                    ? own : thresholds[settled.Replica] = []).Add(threshold);
            else if (item.ReplicaRestarted is { } restarted)
                thresholds.Remove(restarted.Replica);
        }
        foreach (var (replica, own) in thresholds.Where(pair => pair.Value.Count == _task.Windows))
            _truths[replica] = new Truth(_task, simulation.Scenario.Network, replica, window => own[window]);
    }

    private void Compare(int group, int window, GroupWalkers walkers, Truth truth)
    {
        var own = walkers.Unpack();
        var all = truth.Moments[window - 1];
        int first = (int)(own.FirstSlot - all.FirstSlot);
        Require(own.Count == _task.CountOf(group)
            && own.States.AsSpan().SequenceEqual(
                all.States.AsSpan(first * own.Sites, own.Count * own.Sites))
            && own.LogWeights.AsSpan().SequenceEqual(all.LogWeights.AsSpan(first, own.Count))
            && own.Families.AsSpan().SequenceEqual(all.Families.AsSpan(first, own.Count)),
            $"group {group} after window {window}: other walkers than in one piece");
    }
}
