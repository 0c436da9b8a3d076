using Leaps.Actors.Protocol;

namespace Leaps.Actors;

/// <summary>
/// An <see cref="ActorAddress"/> that can be a key, in an order that every scheduler shares: by run and part,
/// groups by number.
/// </summary>
public readonly record struct ActorKey(Guid Run, string Part, string Actor) : IComparable<ActorKey>
{
    /// <summary>The part of a run where its home lives and its training.</summary>
    public const string RunPart = "run";

    public bool IsHome => Part == RunPart && Actor == ActorNames.Home;

    public bool IsRolloutMaker => Part == RunPart && Actor == ActorNames.RolloutMaker;

    public bool IsGroup => !IsHome && !IsRolloutMaker;

    public static ActorKey HomeOf(Guid run) => new(run, RunPart, ActorNames.Home);

    public override string ToString() => $"{Actor} of run {Run:N} ({Part})";

    public static ActorKey Of(ActorAddress address) =>
        new(new Guid(address.RunId.Span, bigEndian: true), address.Part, address.Actor);

    public ActorAddress ToAddress() =>
        new() { RunId = Envelope.RunIdBytes(Run), Part = Part, Actor = Actor };

    public int CompareTo(ActorKey other)
    {
        int order = Run.CompareTo(other.Run);
        if (order == 0) order = string.CompareOrdinal(Part, other.Part);
        if (order == 0) order = Actor.Length.CompareTo(other.Actor.Length);     // group-2 before group-10
        return order != 0 ? order : string.CompareOrdinal(Actor, other.Actor);
    }

    public static bool operator <(ActorKey left, ActorKey right) => left.CompareTo(right) < 0;

    public static bool operator >(ActorKey left, ActorKey right) => left.CompareTo(right) > 0;

    public static bool operator <=(ActorKey left, ActorKey right) => left.CompareTo(right) <= 0;

    public static bool operator >=(ActorKey left, ActorKey right) => left.CompareTo(right) >= 0;
}
