using System.Collections.Immutable;
using Leaps.Actors.Protocol;
using Leaps.Model;
using Leaps.Model.Random;
using Leaps.Model.Sampling;

namespace Leaps.Actors.WalkerGroup;

/// <summary>
/// A group's part in a global resampling: its walkers' offspring go to the groups that own their slots, and
/// other groups' offspring come for its own slots.
/// </summary>
internal sealed record Exchange(ResamplingPlan Plan)
{
    private WalkerTransfer? Kept { get; init; }

    /// <summary>Whether the offspring are known.</summary>
    public bool Begun { get; private init; }
    public ImmutableArray<WalkerTransfer> Outgoing { get; private init; } = [];

    /// <summary>Finds the offspring of the walkers by the scan of the whole population.</summary>
    public Exchange Begin(SamplingTask task, int group, int attempt, GroupWalkers walkers)
    {
        var options = task.OptionsOf(task.ReplicaOf(group));
        var stream = new RandomStream(options.Seed, RandomPurpose.Resampling, step: Plan.Window - 1);
        var share = new GroupShare(options.Resampling, SamplingPacking.ToScale(Plan.Scale),
            (int)Plan.FirstOffspring, Plan.Offspring, Plan.Before, Plan.Total,
            SamplingPacking.ToPoints(Plan.Points));
        int[] ancestors = GroupResampling.Ancestors(walkers.LogWeights, share, stream);

        WalkerTransfer Part(int to, long firstSlot, int count)
        {
            var part = walkers.Offspring(
                ancestors.AsSpan((int)(firstSlot - Plan.FirstOffspring), count), firstSlot);
            part.Attempt = attempt;
            part.Resampling = Plan.Resampling;
            part.FromGroup = group;
            part.ToGroup = to;
            return part;
        }

        long first = Math.Max(Plan.FirstOffspring, task.FirstSlotOf(group));
        long end = Math.Min(
            Plan.FirstOffspring + Plan.Offspring, task.FirstSlotOf(group) + task.CountOf(group));
        return this with
        {
            Begun = true,
            Kept = end > first ? Part(group, first, (int)(end - first)) : null,
            Outgoing = [.. Plan.Outgoing.Select(run => Part(run.Group, run.FirstSlot, run.Count))],
        };
    }

    public bool IsComplete(IReadOnlyDictionary<int, WalkerTransfer> arrived) =>
        Begun && Plan.Incoming.All(run => arrived.ContainsKey(run.Group));

    /// <summary>Asks for what has not arrived.</summary>
    public IEnumerable<Effect> Requests(IReadOnlyDictionary<int, WalkerTransfer> arrived, int attempt) =>
        from run in Plan.Incoming
        where !arrived.ContainsKey(run.Group)
        select new Send(ActorNames.Group(run.Group), new TransferRequest
        {
            Attempt = attempt,
            Resampling = Plan.Resampling,
            FromGroup = run.Group,
            ToGroup = Plan.Group,
        });

    /// <exception cref="LeapsException">The transfers don't fill the group's slots.</exception>
    public GroupWalkers Finish(
        IReadOnlyDictionary<int, WalkerTransfer> arrived, SamplingTask task, int group)
    {
        var parts = Plan.Incoming.Select(run => arrived[run.Group]).ToList();
        if (Kept is not null)
            parts.Add(Kept);
        parts.Sort((left, right) => left.FirstSlot.CompareTo(right.FirstSlot));
        string wrong = "they leave slots open.";
        try
        {
            var walkers = GroupWalkers.Assemble(parts, task.Target);
            if (walkers.Count == task.CountOf(group) && walkers.FirstSlot == task.FirstSlotOf(group))
                return walkers;
        }
        catch (ProtocolException error)
        {
            wrong = error.Message;
        }
        throw new LeapsException(
            $"group {group} can't use the transfers of resampling {Plan.Resampling}: {wrong}");
    }
}
