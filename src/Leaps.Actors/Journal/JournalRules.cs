using Leaps.Model;

namespace Leaps.Actors.Journal;

/// <summary>
/// What every journal demands of its callers and how it words its refusals, whatever it stores its rows in.
/// "Place" is the file, database or the like that a message names.
/// </summary>
internal static class JournalRules
{
    public const int LongestName = 200;
    public const int LargestPayload = 1_000_000_000;

    public static void CheckActor(string actor)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(actor);
        if (actor.Length > LongestName || actor.Any(char.IsControl))
            throw new ArgumentException(
                $"An actor's name has 1 to {LongestName} printable characters.", nameof(actor));
    }

    public static void CheckExpected(string actor, long expected, long last)
    {
        if (expected != last)
            throw new SequenceConflictException(actor, expected, last);
    }

    public static void CheckRead(string actor, long fromSequence, long prunedThrough)
    {
        if (fromSequence <= prunedThrough)
            throw new ArgumentOutOfRangeException(nameof(fromSequence),
                $"Events of actor '{actor}' are pruned up to {prunedThrough}; {fromSequence} was asked for.");
    }

    public static void CheckSnapshot(string actor, long sequence, long prunedThrough, long last)
    {
        if (sequence < prunedThrough || sequence > last)
            throw new ArgumentOutOfRangeException(nameof(sequence),
                $"A snapshot of actor '{actor}' must be at {prunedThrough} to {last}, not {sequence}.");
    }

    public static void CheckPayload(ReadOnlyMemory<byte> bytes) =>
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes.Length, LargestPayload, nameof(bytes));

    public static LeapsException DamagedEvent(string place, string actor, long sequence) => new(
        $"{place}: event {sequence} of actor '{actor}' is damaged, so neither it nor what follows can be "
        + "trusted: restore the journal from a copy, or start the run anew.");

    public static LeapsException MissingEvent(string place, string actor, long sequence, long last) => new(
        $"{place}: event {sequence} of actor '{actor}' is missing, though its last event is {last}: "
        + "restore the journal from a copy, or start the run anew.");

    public static LeapsException SurplusEvent(string place, string actor, long sequence, long last) => new(
        $"{place}: actor '{actor}' has an event {sequence}, though its last event is {last}: "
        + "restore the journal from a copy, or start the run anew.");

    public static LeapsException NoSnapshotLeft(string place, string actor, long prunedThrough) => new(
        $"{place}: actor '{actor}' has no intact snapshot, and its events up to {prunedThrough} are pruned: "
        + "restore the journal from a copy, or start the run anew.");

    public static string SkippedSnapshot(string place, string actor, long sequence) =>
        $"{place}: the snapshot of actor '{actor}' at event {sequence} is damaged and skipped; "
        + "its state is rebuilt from what came before.";
}
