using Leaps.Actors.WalkerGroup;
using Leaps.Model.Sampling;

namespace Leaps.Simulation.Tests;

/// <summary>Moves walkers as every device does, each group at its own speed.</summary>
internal sealed class SimulatedDevices(Simulation simulation)
{
    private readonly Dice _dice = new(simulation.Scenario.Seed, Dice.ForDevices);
    private readonly Dictionary<int, PopulationMover> _movers = [];
    private readonly Dictionary<int, (double Factor, long Until)> _slow = [];

    public void SlowDown(int group, double factor, long until) => _slow[group] = (factor, until);

    public void Move(GroupActor group, MoveWindow move)
    {
        double factor = _slow.TryGetValue(group.Group, out var slow) && simulation.Clock.Now < slow.Until
            ? slow.Factor : 1;
        double time = simulation.Scenario.WindowTime * factor * _dice.Between(0.5, 1.5);
        // What is abandoned at the last moment comes all the same.
        bool late = _dice.Chance(0.1);
        simulation.Clock.After(1 + (long)time, () =>
        {
            if (group.Alive && (group.Order == move.Ticket || late))
                group.Post(Moved(move));
        });
    }

    private WindowMoved Moved(MoveWindow move)
    {
        var task = move.Task;
        int replica = task.ReplicaOf(move.Group);
        if (!_movers.TryGetValue(replica, out var mover))
        {
            mover = new PopulationMover(task.Target, simulation.Scenario.Network,
                task.OptionsOf(replica) with { Threads = 1 });
            _movers.Add(replica, mover);
        }
        var walkers = move.From.Walkers.Unpack();
        var window = task.Window(move.From.Window);
        mover.ApplyMcmc(walkers, window);
        var cost = mover.Integrate(walkers, window);
        return new WindowMoved(move.Ticket, GroupWalkers.Of(walkers, task.Target),
            GroupStatistics.Of(walkers, 0, walkers.Count), cost);
    }
}
