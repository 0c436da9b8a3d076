using Leaps.Actors.Coordinator;
using Leaps.Model.Random;
using Leaps.Model.Sampling;

namespace Leaps.Actors.Tests.Coordinator;

/// <summary>
/// A resampling the way a cluster does it: groups send summaries, the coordinator plans, every group finds
/// its own share, and walkers travel by the plan's transfers. Nobody sees all log-weights.
/// </summary>
internal sealed class PlannedPopulation
{
    public required ResamplingPlan Plan { get; init; }

    /// <summary>(slots), filled by the transfers; -1 where none arrived.</summary>
    public required int[] Ancestors { get; init; }

    public static PlannedPopulation Resample(
        ResamplingScheme scheme, double[] logWeights, int[] sizes, RandomStream stream)
    {
        var firsts = new int[sizes.Length];
        for (int g = 1; g < sizes.Length; g++)
            firsts[g] = firsts[g - 1] + sizes[g - 1];
        double[] Own(int g) => logWeights[firsts[g]..(firsts[g] + sizes[g])];

        GroupWeight[] groups = [.. sizes.Select((_, g) => GroupWeight.Of(Own(g), firsts[g]))];
        var plan = Plans(scheme, groups, Own, stream);

        int[][] own = [.. plan.Shares.Select((share, g) => GroupResampling.Ancestors(Own(g), share, stream))];
        var ancestors = new int[logWeights.Length];
        Array.Fill(ancestors, -1);
        foreach (var transfer in plan.Transfers)
        {
            Assert.InRange(transfer.Count, 1, sizes[transfer.Destination]);
            Assert.InRange(transfer.FirstSlot, firsts[transfer.Destination],
                firsts[transfer.Destination] + sizes[transfer.Destination] - transfer.Count);
            for (int slot = transfer.FirstSlot; slot < transfer.FirstSlot + transfer.Count; slot++)
            {
                Assert.Equal(-1, ancestors[slot]);
                int local = own[transfer.Source][slot - plan.Shares[transfer.Source].FirstSlot];
                ancestors[slot] = firsts[transfer.Source] + local;
            }
        }
        return new PlannedPopulation { Plan = plan, Ancestors = ancestors };
    }

    private static ResamplingPlan Plans(
        ResamplingScheme scheme, GroupWeight[] groups, Func<int, double[]> own, RandomStream stream)
    {
        if (scheme != ResamplingScheme.Residual)
            return ResamplingPlan.Create(scheme, groups, stream);
        var scales = ResamplingPlan.Scales(groups);
        GroupResidual[] residuals = [.. scales.Select((scale, g) => GroupResidual.Of(own(g), scale))];
        return ResamplingPlan.CreateResidual(groups, residuals, stream);
    }

    /// <summary>Random sizes that add up: many ones, some larger, now and then an empty group.</summary>
    public static int[] Split(int walkers, ref RandomStream stream)
    {
        int largest = stream.NextInt(4) switch { 0 => 1, 1 => 3, 2 => 12, _ => walkers };
        var sizes = new List<int>();
        for (int left = walkers; left > 0; left -= sizes[^1])
            sizes.Add(stream.NextInt(20) == 0 ? 0 : Math.Min(left, 1 + stream.NextInt(largest)));
        return [.. sizes];
    }
}
