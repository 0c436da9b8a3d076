using Google.Protobuf;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Actors.Protocol;

/// <summary>
/// Walkers to messages and back, ⌈log2 q⌉ bits a site. Nothing is written to walkers before the whole message
/// was found to fit them. Numbers come back bit by bit.
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

    /// <summary>All walkers of a group.</summary>
    public static Snapshot ToSnapshot(
        Walkers walkers, Target target, int group, int window, long resampling, long population)
    {
        var snapshot = new Snapshot
        {
            Group = group,
            Window = window,
            Resampling = resampling,
            FirstSlot = walkers.FirstSlot,
            Population = population,
            Walkers = Pack(walkers.States, walkers.Count, target),
        };
        snapshot.LogWeights.AddRange(walkers.LogWeights);
        snapshot.Families.AddRange(walkers.Families);
        return snapshot;
    }

    /// <exception cref="ProtocolException">Not walkers of the target, or lengths that differ.</exception>
    public static Walkers ToWalkers(Snapshot snapshot, Target target)
    {
        var states = ToStates(snapshot.Walkers, target);
        CheckLengths(states.Count, snapshot.LogWeights.Count, snapshot.Families.Count);
        var walkers = new Walkers(states.Count, target.Sites, snapshot.FirstSlot);
        states.Unpack(walkers.States);
        snapshot.LogWeights.CopyTo(walkers.LogWeights, 0);
        snapshot.Families.CopyTo(walkers.Families, 0);
        return walkers;
    }

    /// <summary>Walkers for the slots firstSlot … firstSlot + sources.Length - 1 of another group.</summary>
    /// <param name="walkers">of the sending group</param>
    /// <param name="target">what they are states of</param>
    /// <param name="sources">(slots) indices into <paramref name="walkers"/>; offspring repeat them</param>
    /// <param name="firstSlot">first slot that they take</param>
    /// <param name="keepLogWeights">false: log-weights are 0 after a resampling and are not sent</param>
    /// <returns>a transfer whose resampling, groups and population are still to be set</returns>
    public static WalkerTransfer ToTransfer(
        Walkers walkers, Target target, ReadOnlySpan<int> sources, long firstSlot,
        bool keepLogWeights = false)
    {
        var transfer = new WalkerTransfer { FirstSlot = firstSlot };
        var states = new byte[sources.Length * walkers.Sites];
        for (int k = 0; k < sources.Length; k++)
        {
            walkers.State(sources[k]).CopyTo(states.AsSpan(k * walkers.Sites));
            transfer.Families.Add(walkers.Families[sources[k]]);
            if (keepLogWeights) transfer.LogWeights.Add(walkers.LogWeights[sources[k]]);
        }
        transfer.Walkers = Pack(states, sources.Length, target);
        return transfer;
    }

    /// <summary>Puts the walkers of a transfer into their slots.</summary>
    /// <exception cref="ProtocolException">Not walkers of the target, or not slots of the group.</exception>
    public static void Receive(WalkerTransfer transfer, Target target, Walkers walkers)
    {
        var states = ToStates(transfer.Walkers, target);
        bool weighted = transfer.LogWeights.Count > 0;
        int logWeights = weighted ? transfer.LogWeights.Count : states.Count;
        CheckLengths(states.Count, logWeights, transfer.Families.Count);
        long first = transfer.FirstSlot - walkers.FirstSlot;
        if (first < 0 || first + states.Count > walkers.Count)
            throw new ProtocolException(
                $"transfer to the slots {transfer.FirstSlot} to {transfer.FirstSlot + states.Count - 1}: " +
                $"the group has {walkers.FirstSlot} to {walkers.FirstSlot + walkers.Count - 1}.");
        int start = (int)first;
        states.Unpack(walkers.States.AsSpan(start * walkers.Sites, states.Count * walkers.Sites));
        transfer.Families.CopyTo(walkers.Families, start);
        if (weighted)
            transfer.LogWeights.CopyTo(walkers.LogWeights, start);
        else
            walkers.LogWeights.AsSpan(start, states.Count).Clear();
    }

    private static void CheckLengths(int count, int logWeights, int families)
    {
        if (logWeights != count || families != count)
            throw new ProtocolException(
                $"{count} walkers with {logWeights} log-weights and {families} families.");
    }
}
