namespace Leaps.Simulation.Tests;

/// <summary>One life of an actor: what comes in is done one by one, and dies with it.</summary>
internal abstract class SimulatedActor(Simulation simulation, string name)
{
    private readonly Queue<(object Message, bool Own)> _mailbox = new();
    private long _sequence;
    private bool _busy;

    protected Simulation Simulation => simulation;
    public string Name => name;
    public bool Alive { get; private set; } = true;
    public abstract long Epoch { get; }

    public long NextSequence() => ++_sequence;

    /// <summary>From the actor itself, its disk, its device or its runtime.</summary>
    public void Post(object message) => Enqueue(message, own: true);

    /// <summary>From another actor.</summary>
    public void Deliver(object message) => Enqueue(message, own: false);

    /// <summary>What others sent and it has not taken yet is gone, and it is told so.</summary>
    public void LoseMessages()
    {
        var own = _mailbox.Where(entry => entry.Own).ToList();
        _mailbox.Clear();
        own.ForEach(_mailbox.Enqueue);
        Post(Restored);
    }

    /// <summary>What its runtime tells it when messages may be lost.</summary>
    protected abstract object Restored { get; }

    private void Enqueue(object message, bool own)
    {
        if (!Alive)
            return;
        _mailbox.Enqueue((message, own));
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
        Receive(_mailbox.Dequeue().Message);
        if (_mailbox.Count > 0)
            simulation.Clock.After(simulation.Scenario.ServiceTime, Step);
        else
            _busy = false;
    }

    protected abstract void Receive(object message);

    /// <summary>Where it stands and what it waits for.</summary>
    public abstract string Describe();
}
