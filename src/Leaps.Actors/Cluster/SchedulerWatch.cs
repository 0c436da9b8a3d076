namespace Leaps.Actors.Cluster;

/// <summary>
/// Judges, where the scheduler might live but does not, whether the one elsewhere has been silent for too
/// long. For several threads.
/// </summary>
/// <param name="lease">as long as a node may be silent; the scheduler three quarters of it, for its successor
/// has yet to hear of the nodes</param>
internal sealed class SchedulerWatch(TimeSpan lease)
{
    private readonly TimeSpan _patience = lease * 3 / 4;
    private readonly Lock _gate = new();
    private TimeSpan? _since;
    private TimeSpan _ticked;
    private int _turns = 1;
    private long _excuses;

    /// <summary>The scheduler lives.</summary>
    public void Hear(TimeSpan now)
    {
        lock (_gate)
        {
            _since = now;
            _turns = 1;
            _excuses++;
        }
    }

    /// <summary>Its silence up to now does not count.</summary>
    public void Excuse()
    {
        lock (_gate)
        {
            _since = null;
            _excuses++;
        }
    }

    /// <summary>Several times a lease.</summary>
    /// <returns>not null: its mailbox is to be taken from it, if this is still true when it can be
    /// done</returns>
    public Func<bool>? Tick(TimeSpan now)
    {
        lock (_gate)
        {
            // Who was stopped itself has heard nothing by its own fault.
            if (_since is null || now - _ticked > lease / 2)
                _since = now;
            _ticked = now;
            if (now - _since <= _patience * _turns)
                return null;
            // The next one may need longer to come to life.
            _turns *= 2;
            _since = now;
            long excuses = _excuses;
            return () =>
            {
                lock (_gate)
                    return _excuses == excuses;
            };
        }
    }
}
