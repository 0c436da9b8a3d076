using Leaps.Actors.Protocol;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Actors.WalkerGroup;

/// <summary>
/// The walkers of a group as they were at one moment, packed and never changed: what a ring of past states
/// is made of, and what snapshots and transfers carry.
/// </summary>
public sealed class GroupWalkers
{
    private GroupWalkers(long firstSlot, PackedStates states, double[] logWeights, int[] families)
    {
        FirstSlot = firstSlot;
        States = states;
        LogWeights = logWeights;
        Families = families;
    }

    public long FirstSlot { get; }
    public PackedStates States { get; }
    public int Count => States.Count;

    /// <summary>(walkers), not to be changed</summary>
    public double[] LogWeights { get; }

    /// <summary>(walkers), not to be changed</summary>
    public int[] Families { get; }

    /// <summary>X ~ ρ_0, the group's part of a population.</summary>
    public static GroupWalkers Start(SamplingTask task, int group)
    {
        ulong seed = task.OptionsOf(task.ReplicaOf(group)).Seed;
        return Of(Walkers.Uniform(task.Target, task.CountOf(group), seed, task.FirstSlotOf(group)),
            task.Target);
    }

    public static GroupWalkers Of(Walkers walkers, Target target) => new(
        walkers.FirstSlot,
        PackedStates.Pack(walkers.States, walkers.Count, target.Sites, target.States),
        (double[])walkers.LogWeights.Clone(), (int[])walkers.Families.Clone());

    public Walkers Unpack()
    {
        var walkers = new Walkers(Count, States.Sites, FirstSlot);
        CopyTo(walkers, 0);
        return walkers;
    }

    /// <summary>Into walkers first … first + Count - 1 of a larger population.</summary>
    public void CopyTo(Walkers walkers, int first)
    {
        States.Unpack(walkers.States.AsSpan(first * walkers.Sites, Count * walkers.Sites));
        LogWeights.CopyTo(walkers.LogWeights.AsSpan(first));
        Families.CopyTo(walkers.Families.AsSpan(first));
    }

    /// <summary>Offspring for the slots firstSlot … firstSlot + ancestors.Length - 1.</summary>
    /// <param name="ancestors">(slots), indices of walkers of this group</param>
    /// <param name="firstSlot">first slot that they take</param>
    /// <returns>a transfer whose groups, attempt and resampling are still to be set</returns>
    public WalkerTransfer Offspring(ReadOnlySpan<int> ancestors, long firstSlot)
    {
        var transfer = new WalkerTransfer
        {
            FirstSlot = firstSlot,
            Walkers = WalkerPacking.ToMessage(States.Take(ancestors)),
        };
        foreach (int ancestor in ancestors)
            transfer.Families.Add(Families[ancestor]);
        return transfer;
    }

    /// <summary>A group from transfers that fill its slots; log-weights 0.</summary>
    /// <param name="transfers">in slot order</param>
    /// <param name="target">what they are states of</param>
    /// <exception cref="ProtocolException">They are no walkers of the target, or leave a gap.</exception>
    public static GroupWalkers Assemble(IReadOnlyCollection<WalkerTransfer> transfers, Target target)
    {
        long firstSlot = transfers.First().FirstSlot, next = firstSlot;
        var bytes = new MemoryStream();
        var families = new List<int>();
        foreach (var transfer in transfers)
        {
            if (transfer.FirstSlot != next)
                throw new ProtocolException(
                    $"transfer to slot {transfer.FirstSlot}, where one to slot {next} is due.");
            var states = WalkerPacking.ToStates(transfer.Walkers, target);
            CheckLength("families", transfer.Families.Count, states.Count);
            bytes.Write(states.Bytes);
            families.AddRange(transfer.Families);
            next += states.Count;
        }
        var all = PackedStates.FromBytes(
            bytes.GetBuffer().AsSpan(0, (int)bytes.Length), families.Count, target.Sites, target.States);
        return new GroupWalkers(firstSlot, all, new double[families.Count], [.. families]);
    }

    /// <summary>A snapshot whose group, attempt, window and resampling are still to be set.</summary>
    public Snapshot ToSnapshot() => new()
    {
        FirstSlot = FirstSlot,
        Walkers = WalkerPacking.ToMessage(States),
        LogWeights = { LogWeights },
        Families = { Families },
    };

    /// <exception cref="ProtocolException">Not walkers of the target, or lengths that differ.</exception>
    public static GroupWalkers Of(Snapshot snapshot, Target target)
    {
        var states = WalkerPacking.ToStates(snapshot.Walkers, target);
        CheckLength("log-weights", snapshot.LogWeights.Count, states.Count);
        CheckLength("families", snapshot.Families.Count, states.Count);
        return new GroupWalkers(
            snapshot.FirstSlot, states, [.. snapshot.LogWeights], [.. snapshot.Families]);
    }

    private static void CheckLength(string what, int length, int walkers)
    {
        if (length != walkers)
            throw new ProtocolException($"{walkers} walkers with {length} {what}.");
    }
}
