namespace Leaps.Actors.Cluster;

/// <summary>
/// Judges, where the scheduler might live but does not, whether the one elsewhere has been silent for too
/// long. For several threads.
/// </summary>
/// <param name="lease">as long as a node may be silent</param>
internal sealed class SchedulerWatch(TimeSpan lease)
{
    private readonly Lock _gate = new();
    private TimeSpan? _since;
    private TimeSpan _ticked;
    private int _leases = 1;
    private long _excuses;

    /// <summary>The scheduler lives.</summary>
    public void Hear(TimeSpan now)
    {
        lock (_gate)
        {
            _since = now;
            _leases = 1;
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
            if (now - _since <= lease * _leases)
                return null;
            // The next one may need longer than a lease to come to life.
            _leases++;
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
