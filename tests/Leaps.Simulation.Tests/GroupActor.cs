using Leaps.Actors;
using Leaps.Actors.WalkerGroup;

namespace Leaps.Simulation.Tests;

/// <summary>One life of a walker group.</summary>
internal sealed class GroupActor(Simulation simulation, WalkerGroupState state)
    : SimulatedActor(simulation, ActorNames.Group(state.Group))
{
    public WalkerGroupState State { get; private set; } = state;
    public int Group => State.Group;

    /// <summary>The device's present order, 0 where there is none.</summary>
    public long Order { get; set; }
    public override long Epoch => Math.Max(1, State.Epoch);

    protected override object Restored => new GroupReborn();

    protected override void Receive(object message)
    {
        var before = State;
        var transition = before.Apply(message);
        State = transition.State;
        Simulation.Tell(checker => checker.GroupStepped(this, before, message, transition));
        foreach (var effect in transition.Effects)
        {
            switch (effect)
            {
                case Send send:
                    Simulation.Network.Send(this, send);
                    break;
                case MoveWindow move:
                    Order = move.Ticket;
                    Simulation.Devices.Move(this, move);
                    break;
                case AbandonMove:
                    Order = 0;
                    break;
                case SaveSnapshot save:
                    Simulation.Disk.Save(this, save.Snapshot);
                    break;
                case GroupLeft:
                    Simulation.OnLeft(this);
                    break;
                default:
                    throw new ViolationException("Shell", $"{Name} asks for {effect}");
            }
        }
    }

    public override void Kill()
    {
        base.Kill();
        Simulation.Disk.CutSnapshots(this);
    }

    public override string Describe() => StateText.Of(State);
}
