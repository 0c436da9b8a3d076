namespace Leaps.Actors.Journal;

/// <summary>One event of an actor.</summary>
/// <param name="Sequence">1 for the actor's first</param>
/// <param name="Bytes">as they were appended</param>
public readonly record struct JournalEvent(long Sequence, ReadOnlyMemory<byte> Bytes);
