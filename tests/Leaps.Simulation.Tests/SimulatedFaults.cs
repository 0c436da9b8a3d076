using Leaps.Actors;
using Leaps.Actors.WalkerGroup;

namespace Leaps.Simulation.Tests;

/// <summary>
/// Actors die, wander off, are told to leave, lose their mailboxes or become slow between any two events, so
/// often as is drawn.
/// </summary>
internal sealed class SimulatedFaults(Simulation simulation)
{
    private const long LongestAbsence = 20_000;

    private readonly Dice _dice = new(simulation.Scenario.Seed, Dice.ForFaults);

    /// <summary>Faults that are still to come.</summary>
    public int Left { get; private set; } = simulation.Scenario.Faults;

    /// <summary>The last one and its consequences.</summary>
    public long Until { get; private set; }

    public void MayStrike()
    {
        if (Left == 0 || !_dice.Chance(simulation.Scenario.FaultRate))
            return;
        Left--;
        Until = simulation.Clock.Now + LongestAbsence;
        var groups = simulation.LivingGroups;
        int kind = _dice.Between(0, 13);
        if (kind < 3)
            LoseCoordinator();
        else if (kind < 7 && groups.Count > 0)
            LoseGroup(groups[_dice.Between(0, groups.Count - 1)]);
        else if (kind == 7 && groups.Count > 0)
            SlowDown(groups[_dice.Between(0, groups.Count - 1)]);
        else if (kind is 10 or 11)
            Drain(groups, all: kind == 10);
        else if (kind >= 12 && !simulation.Scenario.LazyGroups)
            LoseMailboxes(groups, all: kind == 12);
        else
            LoseMany(groups, all: kind == 8);
    }

    /// <summary>After a moment, from its snapshot.</summary>
    public void StartElsewhere(int group) =>
        simulation.Clock.After(Absence(), () => simulation.StartGroup(group, reborn: true));

    private void Drain(IReadOnlyList<GroupActor> groups, bool all)
    {
        foreach (var group in groups)
        {
            if (all || _dice.Chance(0.5))
                group.Post(new LeaveNode());
        }
    }

    // A broker that is killed may lose the mailboxes that it has just made; each is made anew after a while.
    // Groups that come to life with their first message never have any at a broker.
    private void LoseMailboxes(IReadOnlyList<GroupActor> groups, bool all)
    {
        foreach (string actor in groups.Select(group => group.Name).Append(ActorNames.Coordinator))
        {
            if (all || _dice.Chance(0.5))
                simulation.Network.LoseMailbox(actor, Absence());
        }
    }

    private void LoseMany(IReadOnlyList<GroupActor> groups, bool all)
    {
        foreach (var group in groups)
        {
            if (all || _dice.Chance(0.5))
                LoseGroup(group);
        }
        if (all || _dice.Chance(0.5))
            LoseCoordinator();
    }

    private void LoseCoordinator()
    {
        if (simulation.Coordinator is null)
            return;
        simulation.LoseCoordinator();
        simulation.Clock.After(Absence(), simulation.StartCoordinator);
    }

    private void LoseGroup(GroupActor group)
    {
        bool zombie = _dice.Chance(simulation.Scenario.Zombies);
        simulation.LoseGroup(group, zombie);
        if (zombie)
            simulation.Clock.After(Absence(), group.Kill);
        StartElsewhere(group.Group);
    }

    private void SlowDown(GroupActor group)
    {
        Until = simulation.Clock.Now + 100 * simulation.Scenario.WindowTime;
        simulation.Devices.SlowDown(group.Group, _dice.Between(3.0, 30.0), Until);
    }

    private long Absence() => _dice.Chance(0.3) ? 1 : _dice.Between(1, (int)LongestAbsence);
}
