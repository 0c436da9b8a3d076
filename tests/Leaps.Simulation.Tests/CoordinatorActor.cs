using Leaps.Actors;
using Leaps.Actors.Coordinator;
using Leaps.Actors.Protocol;

namespace Leaps.Simulation.Tests;

/// <summary>One life of the coordinator: effects wait, in order, for the events before them.</summary>
internal sealed class CoordinatorActor(Simulation simulation, CoordinatorState state)
    : SimulatedActor(simulation, ActorNames.Coordinator)
{
    private readonly Queue<(long AfterEvent, Effect Effect)> _waiting = new();
    private long _events, _durable;

    public CoordinatorState State { get; private set; } = state;
    public override long Epoch => Math.Max(1, State.Epoch);
    public bool AllDurable => _durable == _events;

    protected override object Restored => new MessagesLost();

    protected override void Receive(object message)
    {
        if (message is EventDurable)
            _durable++;
        else
            Apply(message);
        bool hurry = Simulation.Scenario.Sabotage == Sabotage.HurryEffects;
        while (Alive && _waiting.TryPeek(out var next) && (next.AfterEvent <= _durable || hurry))
            Perform(_waiting.Dequeue().Effect);
        if (Alive && AllDurable)
            Simulation.Tell(checker => checker.CoordinatorDurable(State));
    }

    private void Apply(object message)
    {
        var before = State;
        var transition = before.Apply(message);
        State = transition.State;
        Simulation.Tell(checker => checker.CoordinatorStepped(before, message, transition));
        foreach (var effect in transition.Effects)
        {
            if (effect is Persist persist)
            {
                _events++;
                Simulation.Disk.Append(this, (CoordinatorEvent)persist.Event);
            }
            else
            {
                _waiting.Enqueue((_events, effect));
            }
        }
    }

    private void Perform(Effect effect)
    {
        switch (effect)
        {
            case Send { Body: ControlReply reply }:
                Simulation.User.OnReply(reply);
                break;
            case Send send:
                Simulation.Network.Send(this, send);
                break;
            case SnapshotsTaken:
                Simulation.User.OnSnapshotsTaken();
                break;
            case ReleaseReplica release:
                Simulation.Release(release.Replica);
                break;
            case EndRun end:
                Simulation.OnEnd(end);
                break;
            case StopRun stop:
                Simulation.OnStop(stop);
                break;
        }
    }

    public override void Kill()
    {
        base.Kill();
        Simulation.Disk.CutJournal(this);
    }

    public override string Describe() => StateText.Of(State);

    internal sealed record EventDurable;
}
