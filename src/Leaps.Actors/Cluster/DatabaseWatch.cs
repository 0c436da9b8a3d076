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
    private TimeSpan? _away, _troubled;

    /// <summary>Several times a lease.</summary>
    /// <param name="now">the present time</param>
    /// <param name="trouble">what did not answer just now; null: both servers did</param>
    public void Tick(TimeSpan now, ServerTrouble? trouble)
    {
        lock (_gate)
        {
            if (trouble is not null)
                _soundSince = now;
            if (trouble is { IsOfDatabase: true })
            {
                _away = IsLately(now) ? _away : _sound;
                _troubled = now;
            }
            else
            {
                _sound = now;
            }
        }
    }

    /// <summary>How long ago it was not known to be away.</summary>
    public TimeSpan Away(TimeSpan now)
    {
        lock (_gate)
            return now - _sound;
    }

    /// <summary>How long it has been there without a break; while the broker is away, nobody knows.</summary>
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

    private bool IsLately(TimeSpan now) => now - _troubled < lease;
}
