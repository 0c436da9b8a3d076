namespace Leaps.Simulation.Tests;

/// <summary>What will happen, in order of time; ties in the order in which they were planned.</summary>
internal sealed class SimulatedClock
{
    private readonly PriorityQueue<Action, (long Time, long Number)> _events = new();
    private long _number;

    /// <summary>Since the start, in the unit of the delays.</summary>
    public long Now { get; private set; }

    public void After(long delay, Action action) => _events.Enqueue(action, (Now + delay, _number++));

    /// <summary>Does what is next; false when nothing is left.</summary>
    public bool Step()
    {
        if (!_events.TryDequeue(out var action, out var key))
            return false;
        Now = key.Time;
        action();
        return true;
    }
}
