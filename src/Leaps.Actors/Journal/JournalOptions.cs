namespace Leaps.Actors.Journal;

/// <summary>How a journal keeps its snapshots and where it says what it skipped.</summary>
public sealed record JournalOptions
{
    private readonly int keepSnapshots = 2;

    /// <summary>
    /// Snapshots kept for each actor, 1 or more. With 2 or more, one that turns out damaged costs a longer
    /// replay and nothing else.
    /// </summary>
    public int KeepSnapshots
    {
        get => keepSnapshots;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            keepSnapshots = value;
        }
    }

    /// <summary>Receives one line for each damaged snapshot that is skipped.</summary>
    public Action<string> Notice { get; init; } = static _ => { };
}
