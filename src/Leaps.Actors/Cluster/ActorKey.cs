using Google.Protobuf;
using Leaps.Actors.Protocol;

namespace Leaps.Actors.Cluster;

/// <summary>
/// An actor of a cluster, and where its mailbox and journal are: a run, and of it the part "run" (home and
/// training) or "sampling-1", "sampling-2" … Ordered by run, part and number.
/// </summary>
public readonly record struct ActorKey(Guid Run, string Part, string Actor) : IComparable<ActorKey>
{
    /// <summary>The part of a run that its home and its training belong to.</summary>
    public const string RunPart = "run";

    public bool IsHome => Part == RunPart && Actor == ActorNames.Home;

    public bool IsRolloutMaker => Part == RunPart && Actor == ActorNames.RolloutMaker;

    public bool IsGroup => !IsHome && !IsRolloutMaker;

    public static ActorKey Home(Guid run) => new(run, RunPart, ActorNames.Home);

    public static ActorKey Of(ActorAddress address) =>
        new(ToGuid(address.RunId), address.Part, address.Actor);

    public ActorAddress ToMessage() => new() { RunId = ToBytes(Run), Part = Part, Actor = Actor };

    public static Guid ToGuid(ByteString bytes) => new(bytes.Span, bigEndian: true);

    public static ByteString ToBytes(Guid id) => UnsafeByteOperations.UnsafeWrap(id.ToByteArray(bigEndian: true));

    public override string ToString() => $"{Actor} of {Run:N} ({Part})";

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
