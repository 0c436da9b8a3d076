using Leaps.Actors;
using Leaps.Actors.Protocol;
using Leaps.Actors.WalkerGroup;

namespace Leaps.Simulation.Tests.Checkers;

/// <summary>
/// Who leaves its node has stored all that it did, so that its successor does no window again.
/// </summary>
internal sealed class LeaveChecker : Checker
{
    private readonly HashSet<(int Group, int Attempt, int Window, long Resampling)> _stored = [];

    public override void SnapshotDurable(Snapshot snapshot) =>
        _stored.Add((snapshot.Group, snapshot.Attempt, snapshot.Window, snapshot.Resampling));

    public override void GroupStepped(GroupActor group, WalkerGroupState before, object message,
        Transition<WalkerGroupState> transition)
    {
        var state = transition.State;
        bool began = transition.Effects.OfType<MoveWindow>().Any();
        if (!transition.Effects.OfType<GroupLeft>().Any() || state.Window == 0)
            return;
        Require(!began && _stored.Contains((state.Group, state.Attempt, state.Window, state.Resampling)),
            $"group {state.Group} left at window {state.Window}, which is not stored");
    }
}
