namespace Leaps.Actors.Cluster;

/// <summary>What a node knows of its way to the database: since when it is there or is not. For several
/// threads.</summary>
/// <param name="begun">the present time</param>
/// <param name="lease">two outages within so long are one: a node's connections come back one after the
/// other</param>
internal sealed class DatabaseWatch(TimeSpan begun, TimeSpan lease)
{
    private readonly Lock _gate = new();
    private TimeSpan _sound = begun, _soundSince = begun;
    private TimeSpan? _away;

    /// <summary>Several times a lease.</summary>
    /// <param name="now">the present time</param>
    /// <param name="isAway">it did not answer just now</param>
    public void Tick(TimeSpan now, bool isAway)
    {
        lock (_gate)
        {
            if (isAway)
            {
                _away = IsLately(now) ? _away : _sound;
                _soundSince = now;
            }
            else
            {
                _sound = now;
            }
        }
    }

    /// <summary>How long it has been away without a break; zero: it is there.</summary>
    public TimeSpan Away(TimeSpan now)
    {
        lock (_gate)
            return now - _sound;
    }

    /// <summary>How long it has been there without a break.</summary>
    public TimeSpan Sound(TimeSpan now)
    {
        lock (_gate)
            return now - _soundSince;
    }

    /// <summary>When the last outage began; null: that was over a lease ago, or there was none.</summary>
    public TimeSpan? AwaySince(TimeSpan now)
    {
        lock (_gate)
            return IsLately(now) ? _away : null;
    }

    private bool IsLately(TimeSpan now) => _away is not null && now - _soundSince < lease;
}
