using Leaps.Actors;
using Leaps.Actors.Coordinator;
using Leaps.Actors.Protocol;
using Leaps.Actors.WalkerGroup;

namespace Leaps.Simulation.Tests.Checkers;

/// <summary>No group is further ahead of what is settled than it may, and its moments have no gap.</summary>
internal sealed class RunAheadChecker(Simulation simulation) : Checker
{
    private CoordinatorState? _journal;

    public override void EventDurable(CoordinatorEvent item) =>
        _journal = _journal is null ? CoordinatorState.Recover([item]) : _journal.Evolve(item);

    public override void GroupStepped(GroupActor group, WalkerGroupState before, object message,
        Transition<WalkerGroupState> transition)
    {
        var state = transition.State;
        if (state.Task is null)
            return;
        var replica = _journal!.Replicas[simulation.Task.ReplicaOf(state.Group)];
        Require(state.Attempt < replica.Attempt || state.Window <= replica.Settled + state.Task.RunAhead,
            $"group {state.Group} is at window {state.Window}, and {replica.Settled} are settled");
        Require(state.Moments.Count == state.Window - state.Moments.Keys.First() + 1,
            $"group {state.Group} has moments {string.Join(", ", state.Moments.Keys)}");
    }
}
