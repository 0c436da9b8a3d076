using System.Collections.Immutable;
using Leaps.Model;
using Leaps.Model.Random;
using Leaps.Model.Sampling;

namespace Leaps.Actors.Coordinator;

/// <summary>
/// What every group does at a global resampling: whose walkers are ancestors of which new slots. Ancestors
/// are monotone in the slot, so a group's offspring is one contiguous run of slots, and so is what it hands
/// to any other group.
/// </summary>
/// <remarks>
/// The coordinator sees no walker: the groups' summed weights and the points of the stream say how many
/// points fall to each. Each group then finds its walkers' offspring by itself
/// (<see cref="GroupResampling"/>). Memory is O(groups) for every scheme; time is O(groups) for systematic,
/// and O(groups + points) for the others. Residual takes one more exchange: the groups must first tell how
/// many certain copies they make (<see cref="GroupResidual"/>).
/// </remarks>
/// <param name="Shares">(groups), what each group must know</param>
/// <param name="Transfers">every slot exactly once, in order of slots, sources and destinations; fewer
/// than twice the groups</param>
public sealed record ResamplingPlan(
    ImmutableArray<GroupShare> Shares, ImmutableArray<Transfer> Transfers)
{
    /// <summary>Walkers that leave their group.</summary>
    public int Moved => Transfers.Where(transfer => transfer.Source != transfer.Destination)
        .Sum(transfer => transfer.Count);

    /// <summary>The plan of any scheme but residual.</summary>
    /// <param name="scheme">the scheme</param>
    /// <param name="groups">(groups), every group of the run in group order</param>
    /// <param name="stream">the stream of the resampling, from its start</param>
    /// <exception cref="LeapsException">Every weight is zero.</exception>
    public static ResamplingPlan Create(
        ResamplingScheme scheme, ReadOnlySpan<GroupWeight> groups, RandomStream stream)
    {
        if (scheme == ResamplingScheme.Residual)
            throw new ArgumentException("Residual resampling needs the groups' residuals.", nameof(scheme));
        var population = PopulationWeight.Of(groups);
        var parts = new double[groups.Length];
        for (int g = 0; g < parts.Length; g++)
            parts[g] = population.ScaleOf(groups[g]) * groups[g].Sum;
        return Create(scheme, groups, population, parts, certain: default, population.Count, stream);
    }

    /// <summary>The plan of residual resampling.</summary>
    /// <param name="groups">(groups), every group of the run in group order</param>
    /// <param name="residuals">(groups), by the scales of <see cref="Scales"/></param>
    /// <param name="stream">the stream of the resampling, from its start</param>
    /// <exception cref="LeapsException">Every weight is zero, or rounding made more copies than
    /// slots.</exception>
    public static ResamplingPlan CreateResidual(
        ReadOnlySpan<GroupWeight> groups, ReadOnlySpan<GroupResidual> residuals, RandomStream stream)
    {
        if (residuals.Length != groups.Length)
            throw new ArgumentException(
                $"{residuals.Length} residuals for {groups.Length} groups.", nameof(residuals));
        var population = PopulationWeight.Of(groups);
        var parts = new double[groups.Length];
        var certain = new int[groups.Length];
        long drawn = population.Count;
        for (int g = 0; g < parts.Length; g++)
        {
            parts[g] = residuals[g].Fractions;
            certain[g] = residuals[g].Certain;
            drawn -= certain[g];
        }
        if (drawn < 0)
            throw new LeapsException(
                $"Residual resampling made {-drawn} copies too many by rounding: use systematic resampling.");
        return Create(ResamplingScheme.Residual, groups, population, parts, certain, (int)drawn, stream);
    }

    /// <summary>What the groups need to tell their residuals, (groups).</summary>
    /// <exception cref="LeapsException">Every weight is zero.</exception>
    public static GroupScale[] Scales(ReadOnlySpan<GroupWeight> groups)
    {
        var population = PopulationWeight.Of(groups);
        var scales = new GroupScale[groups.Length];
        for (int g = 0; g < scales.Length; g++)
            scales[g] = ScaleOf(population, groups[g]);
        return scales;
    }

    private static GroupScale ScaleOf(PopulationWeight population, GroupWeight group) =>
        new(population.Count, population.ScaleOf(group), population.Sum);

    // Group g owns the points at positions from what the parts before it add up to, to that plus its own
    // part; a point that rounding puts at or beyond the total belongs to the last group of positive part.
    private static ResamplingPlan Create(
        ResamplingScheme scheme, ReadOnlySpan<GroupWeight> groups, PopulationWeight population,
        ReadOnlySpan<double> parts, ReadOnlySpan<int> certain, int drawn, RandomStream stream)
    {
        double total = 0;
        int last = 0;
        for (int g = 0; g < parts.Length; g++)
        {
            total += parts[g];
            if (parts[g] > 0)
                last = g;
        }
        var shares = ImmutableArray.CreateBuilder<GroupShare>(groups.Length);
        var points = new SortedPoints(scheme, drawn, stream);
        double before = 0;
        int slot = 0;
        for (int g = 0; g < parts.Length; g++)
        {
            var range = points.Here;
            double end = before + parts[g];
            points.SkipBelow(g == last ? double.PositiveInfinity : end, total);
            range = range with { Count = points.Index - range.First };
            int offspring = range.Count + (certain.IsEmpty ? 0 : certain[g]);
            shares.Add(new GroupShare(
                scheme, ScaleOf(population, groups[g]), slot, offspring, before, total, range));
            slot += offspring;
            before = end;
        }
        var complete = shares.MoveToImmutable();
        return new ResamplingPlan(complete, Between(groups, complete));
    }

    // Cuts each group's offspring at the boundaries of the groups that receive it.
    private static ImmutableArray<Transfer> Between(
        ReadOnlySpan<GroupWeight> groups, ImmutableArray<GroupShare> shares)
    {
        var transfers = ImmutableArray.CreateBuilder<Transfer>();
        int destination = 0, end = groups[0].Count;
        for (int source = 0; source < shares.Length; source++)
        {
            int slot = shares[source].FirstSlot, remaining = shares[source].Offspring;
            while (remaining > 0)
            {
                while (slot == end)
                    end += groups[++destination].Count;
                int count = Math.Min(remaining, end - slot);
                transfers.Add(new Transfer(source, destination, slot, count));
                slot += count;
                remaining -= count;
            }
        }
        return transfers.ToImmutable();
    }
}
