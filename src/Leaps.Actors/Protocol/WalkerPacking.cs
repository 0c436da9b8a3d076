using Google.Protobuf;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Actors.Protocol;

/// <summary>
/// States to messages and back, ⌈log2 q⌉ bits a site.
/// </summary>
public static class WalkerPacking
{
    /// <param name="states">(count, sites), values below q</param>
    /// <param name="count">number of walkers</param>
    /// <param name="target">gives sites and q</param>
    public static PackedWalkers Pack(ReadOnlySpan<byte> states, int count, Target target) =>
        ToMessage(PackedStates.Pack(states, count, target.Sites, target.States));

    /// <summary>The message shares the bytes of <paramref name="states"/>.</summary>
    public static PackedWalkers ToMessage(PackedStates states) => new()
    {
        Count = states.Count,
        Sites = states.Sites,
        States = states.States,
        Packed = UnsafeByteOperations.UnsafeWrap(states.Bytes),
    };

    /// <exception cref="ProtocolException">Not states of the target.</exception>
    public static PackedStates ToStates(PackedWalkers walkers, Target target)
    {
        if (walkers.Sites != target.Sites || walkers.States != target.States)
            throw new ProtocolException(
                $"walkers of {walkers.Sites} sites with {walkers.States} states: " +
                $"the target has {target.Sites} sites with {target.States} states.");
        try
        {
            return PackedStates.FromBytes(walkers.Packed.Span, walkers.Count, walkers.Sites, walkers.States);
        }
        catch (InvalidDataException error)
        {
            throw new ProtocolException($"walkers: {error.Message}", error);
        }
    }
}
