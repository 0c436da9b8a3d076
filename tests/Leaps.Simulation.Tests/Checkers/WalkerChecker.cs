using Leaps.Actors;
using Leaps.Actors.WalkerGroup;

namespace Leaps.Simulation.Tests.Checkers;

/// <summary>
/// A resampling loses no walker and makes none of nothing: its groups fill all slots of the replica once,
/// families are in the order of slots, and their counts add up to the walkers. However often a group goes
/// through it, it gets the same walkers.
/// </summary>
internal sealed class WalkerChecker : Checker
{
    private readonly Dictionary<(int Replica, int Attempt, long Resampling),
        SortedDictionary<int, GroupWalkers>> _resampled = [];

    public override void GroupStepped(GroupActor group, WalkerGroupState before, object message,
        Transition<WalkerGroupState> transition)
    {
        var after = transition.State;
        if (after.Task is not { } task || before.Task is null || after.Attempt != before.Attempt
            || after.Resampling != before.Resampling + 1)
            return;
        int replica = task.ReplicaOf(group.Group);
        var key = (replica, after.Attempt, after.Resampling);
        if (!_resampled.TryGetValue(key, out var groups))
            _resampled.Add(key, groups = []);
        var walkers = after.Moments[after.Window].Walkers;
        if (groups.TryGetValue(group.Group, out var known))
        {
            Require(known.States.Bytes.AsSpan().SequenceEqual(walkers.States.Bytes)
                && known.Families.AsSpan().SequenceEqual(walkers.Families),
                $"group {group.Group}: other walkers when resampling {after.Resampling} was repeated");
            return;
        }
        groups.Add(group.Group, walkers);
        if (groups.Count == task.Groups)
            Check(groups.Values, task, replica);
    }

    private void Check(IEnumerable<GroupWalkers> groups, SamplingTask task, int replica)
    {
        long first = task.FirstSlotOfReplica(replica), end = first + task.Options.Walkers;
        long next = first, family = first;
        foreach (var group in groups)
        {
            Require(group.FirstSlot == next, $"slot {next} is not filled");
            next += group.Count;
            foreach (int own in group.Families)
            {
                Require(own >= family && own < end, $"family {own} after {family} in replica {replica}");
                family = own;
            }
            Require(group.LogWeights.All(weight => weight == 0), $"log-weights after a resampling");
        }
        Require(next == end, $"{next - first} walkers after a resampling of {task.Options.Walkers}");
    }
}
