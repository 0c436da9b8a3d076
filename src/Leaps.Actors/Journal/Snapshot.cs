namespace Leaps.Actors.Journal;

/// <summary>The state of an actor after one of its events.</summary>
/// <param name="Sequence">number of the last event it includes; 0 before the first</param>
/// <param name="Bytes">as they were saved</param>
public sealed record Snapshot(long Sequence, ReadOnlyMemory<byte> Bytes);
