namespace Leaps.Actors.Journal.PostgreSql;

/// <summary>
/// The actors that a journal object has ever claimed. One that is among them and whose row names another
/// owner has been lost, and is not claimed again without being asked for. From any thread.
/// </summary>
internal sealed class ClaimedActors
{
    private readonly Lock gate = new();
    private readonly HashSet<string> names = new(StringComparer.Ordinal);

    public bool Contains(string actor)
    {
        lock (gate)
            return names.Contains(actor);
    }

    public void Add(IEnumerable<string> actors)
    {
        lock (gate)
            names.UnionWith(actors);
    }
}
