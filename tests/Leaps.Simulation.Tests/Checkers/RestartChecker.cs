using Leaps.Actors.Protocol;

namespace Leaps.Simulation.Tests.Checkers;

/// <summary>No replica starts anew unless one of its snapshots was damaged.</summary>
internal sealed class RestartChecker(Simulation simulation) : Checker
{
    public override void EventDurable(CoordinatorEvent item)
    {
        if (item.ReplicaRestarted is { } restarted)
        {
            Require(simulation.Disk.Damaged.Contains(restarted.Replica),
                $"replica {restarted.Replica} starts anew, and nothing was damaged: {restarted.Cause}");
        }
    }
}
