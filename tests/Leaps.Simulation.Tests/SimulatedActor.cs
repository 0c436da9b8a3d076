namespace Leaps.Simulation.Tests;

/// <summary>One life of an actor: what comes in is done one by one, and dies with it.</summary>
internal abstract class SimulatedActor(Simulation simulation, string name)
{
    private readonly Queue<object> _mailbox = new();
    private long _sequence;
    private bool _busy;

    protected Simulation Simulation => simulation;
    public string Name => name;
    public bool Alive { get; private set; } = true;
    public abstract long Epoch { get; }

    public long NextSequence() => ++_sequence;

    public void Post(object message)
    {
        if (!Alive)
            return;
        _mailbox.Enqueue(message);
        if (_busy)
            return;
        _busy = true;
        simulation.Clock.After(simulation.Scenario.ServiceTime, Step);
    }

    public virtual void Kill()
    {
        Alive = false;
        _mailbox.Clear();
    }

    private void Step()
    {
        if (!Alive)
            return;
        Receive(_mailbox.Dequeue());
        if (_mailbox.Count > 0)
            simulation.Clock.After(simulation.Scenario.ServiceTime, Step);
        else
            _busy = false;
    }

    protected abstract void Receive(object message);

    /// <summary>Where it stands and what it waits for.</summary>
    public abstract string Describe();
}
