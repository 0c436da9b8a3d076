namespace Leaps.Actors.Journal;

/// <summary>
/// An actor's last event is not the one that its writer knows: another writer has taken over. The writer that
/// gets this must stop and let nothing more leave it.
/// </summary>
public sealed class SequenceConflictException(string actor, long expected, long found)
    : Exception(
        $"The last event of actor '{actor}' is {found}, not {expected}: another writer has taken over.")
{
    public string Actor { get; } = actor;

    public long Expected { get; } = expected;

    public long Found { get; } = found;
}
