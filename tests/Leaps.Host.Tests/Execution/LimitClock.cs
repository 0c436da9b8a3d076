using System.Collections.Concurrent;

namespace Leaps.Host.Tests.Execution;

/// <summary>The system's time, but a time-limit is up when the test says so, and no sooner.</summary>
internal sealed class LimitClock : TimeProvider
{
    private readonly BlockingCollection<Action> _limits = [];

    /// <summary>The oldest limit that is set and not up is up; waits until there is one.</summary>
    public void TimeIsUp(CancellationToken cancellation) => _limits.Take(cancellation)();

    // What recurs is no limit.
    public override ITimer CreateTimer(
        TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (period != Timeout.InfiniteTimeSpan)
            return base.CreateTimer(callback, state, dueTime, period);
        _limits.Add(() => callback(state));
        return base.CreateTimer(static _ => { }, null, Timeout.InfiniteTimeSpan, period);
    }
}
