namespace Leaps.Actors.Journal;

/// <summary>
/// A write for an actor that another process has claimed since: the actor lives there now, and here no more.
/// </summary>
public sealed class FencedException(string actor)
    : InvalidOperationException($"'{actor}' lives in another process now: this one may not write for it.")
{
    /// <summary>Who was claimed.</summary>
    public string Actor { get; } = actor;
}
