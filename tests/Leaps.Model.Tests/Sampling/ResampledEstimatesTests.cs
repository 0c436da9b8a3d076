using Leaps.Model.GroundTruth;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Model.Tests.Sampling;

/// <summary>
/// With resampling the estimate of Z_1/Z_0 stays unbiased, and weighted states stay samples of ρ_1. Walkers
/// are then not independent: the scatter over independent runs gives the errors. Scores within 4 (seeds are
/// fixed), the standard error of Z below 1 %.
/// </summary>
public sealed class ResampledEstimatesTests
{
    private const double Bound = 4, LargestError = 0.01;
    private const int Runs = 50;

    public static TheoryData<string, ResamplingScheme, double, McmcKernelKind> Cases()
    {
        var cases = new TheoryData<string, ResamplingScheme, double, McmcKernelKind>();
        foreach (string kind in (ReadOnlySpan<string>)["ising", "potts"])
        {
            foreach (var scheme in Enum.GetValues<ResamplingScheme>())
            {
                cases.Add(kind, scheme, 1, McmcKernelKind.None);
                cases.Add(kind, scheme, 0.92, McmcKernelKind.HeatBathSweep);
            }
        }
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Z_stays_unbiased_and_weighted_states_stay_samples(
        string kind, ResamplingScheme scheme, double threshold, McmcKernelKind kernel)
    {
        Target target = kind == "ising" ? Lattices.Ising(3, 3, 0.15, 0.1) : Lattices.Potts(2, 3, 3, 0.25);
        var network = SmallNetwork.Simd(target, seed: 3, meanOutput: 0.15);
        var exact = Enumeration.At(target, 1);
        double[] ratios = new double[Runs], energies = new double[Runs], orders = new double[Runs];
        int resamplings = 0;
        for (int run = 0; run < Runs; run++)
        {
            var annealer = new Annealer(target, network, new AnnealerOptions
            {
                Walkers = 1000,
                Windows = 5,
                Resampling = scheme,
                ResamplingThreshold = threshold,
                Mcmc = new McmcOptions { Kernel = kernel },
                Seed = (ulong)(1000 * (int)scheme + run),
            });
            double logZ = double.NaN;
            var state = annealer.Run(summary => logZ = summary.LogZ, TestContext.Current.CancellationToken);
            resamplings += state.Resamplings;
            ratios[run] = Math.Exp(logZ - exact.LogNormalizer);
            energies[run] = Scores.Weighted(
                state.Walkers, x => Scores.EnergyPerSite(target, x), exact.EnergyPerSite).Mean;
            orders[run] = Scores.Weighted(
                state.Walkers, x => Scores.OrderParameter(target, x), exact.OrderParameter).Mean;
        }
        Assert.True(resamplings >= Runs / 2, $"only {resamplings} resamplings");
        var normalizer = Score.Of(ratios, 1);
        Assert.True(normalizer.StdErr < LargestError, $"blind: {normalizer}");
        Assert.True(Math.Abs(normalizer.Z) < Bound, $"Z: {normalizer}");
        var energy = Score.Of(energies, exact.EnergyPerSite);
        Assert.True(Math.Abs(energy.Z) < Bound, $"energy: {energy}");
        var order = Score.Of(orders, exact.OrderParameter);
        Assert.True(Math.Abs(order.Z) < Bound, $"order parameter: {order}");
    }
}
