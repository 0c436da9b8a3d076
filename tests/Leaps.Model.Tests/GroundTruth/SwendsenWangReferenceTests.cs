using Leaps.Model.GroundTruth;
using Leaps.Model.Targets;

namespace Leaps.Model.Tests.GroundTruth;

/// <summary>
/// The simulated reference against exact values. Seeds are fixed; every |z| must stay below 4.5
/// (false-alarm rate about 7e-6 each were the seeds free).
/// </summary>
public sealed class SwendsenWangReferenceTests
{
    private const double Bound = 4.5;

    [Theory]
    [InlineData(2, 4, 4, 0.4407, 0.05)]
    [InlineData(2, 4, 4, 0.3, 0)]
    [InlineData(3, 3, 4, 1.0, 0)]
    public void Every_estimate_agrees_with_enumeration(
        int q, int rows, int columns, double bond, double field)
    {
        var target = Lattices.Make(q, rows, columns, bond, field);
        var exact = Enumeration.At(target, 1);
        var estimate = Run(target,
            new ReferenceRunOptions { SweepsPerChain = 8_000, ThermalisationSweeps = 200, Seed = 20 });
        Check("energy", estimate.EnergyPerSite, exact.EnergyPerSite, 0.01);
        Check("specific heat", estimate.SpecificHeat, exact.SpecificHeat, 0.05);
        Check("order parameter", estimate.OrderParameter, exact.OrderParameter, 0.01);
        Check("m²", estimate.SecondMoment, exact.SecondMoment, 0.01);
        Check("m⁴", estimate.FourthMoment, exact.FourthMoment, 0.01);
        Check("Binder", estimate.BinderCumulant, exact.BinderCumulant, 0.01);
        for (int r = 1; r < exact.Correlation.Length; r++)
            Check($"correlation {r}", estimate.Correlation[r], exact.Correlation[r], 0.01);
        var seen = estimate.Distribution.ToDictionary(
            entry => Math.Round(entry.Value, 9), entry => entry.Probability);
        foreach (var (value, probability) in exact.Distribution)
        {
            if (probability > 1e-3)
                Check($"P({value})", seen[Math.Round(value, 9)], probability, 0.01);
        }
        Assert.Equal(8 * 8_000, estimate.Sweeps);
    }

    [Fact]
    public void The_energy_of_the_critical_15_by_15_lattice_agrees_with_kaufman()
    {
        var exact = Kaufman.At(15, 15, 0.4407);
        var estimate = Run(Lattices.Ising(15, 15, 0.4407, 0),
            new ReferenceRunOptions { SweepsPerChain = 3_000, ThermalisationSweeps = 200, Seed = 21 });
        Check("energy", estimate.EnergyPerSite, exact.EnergyPerSite, 0.01);
        Check("specific heat", estimate.SpecificHeat, exact.SpecificHeat, 0.1);
    }

    [Fact]
    public void The_result_does_not_depend_on_threads()
    {
        var target = Lattices.Ising(4, 4, 0.4, 0);
        var options = new ReferenceRunOptions { SweepsPerChain = 200, ThermalisationSweeps = 10, Chains = 4 };
        var one = Run(target, options with { Threads = 1 });
        var three = Run(target, options with { Threads = 3 });
        Assert.Equal(one.EnergyPerSite, three.EnergyPerSite);
        Assert.Equal(one.SpecificHeat, three.SpecificHeat);
        Assert.Equal(one.Distribution, three.Distribution);
        Assert.Equal(one.Correlation, three.Correlation);
    }

    [Fact]
    public void Senseless_options_and_antiferromagnets_are_refused()
    {
        var target = Lattices.Ising(4, 4, 0.4, 0);
        ReferenceRunOptions[] senseless = [new() { Chains = 0 }, new() { Chains = 1, BinsPerChain = 1 },
            new() { SweepsPerChain = 3 }, new() { ThermalisationSweeps = -1 }, new() { Threads = -1 }];
        foreach (var options in senseless)
            Assert.Throws<LeapsException>(() => Run(target, options));
        Assert.Contains("βJ ≥ 0", Assert.Throws<LeapsException>(() =>
            Run(Lattices.Ising(4, 4, -0.4, 0), new())).Message, StringComparison.Ordinal);
    }

    private static ReferenceAverages Run(Target target, ReferenceRunOptions options) =>
        SwendsenWangReference.Run(target, options, TestContext.Current.CancellationToken);

    private static void Check(string what, ReferenceEstimate estimate, double exact, double largestError)
    {
        Assert.True(Math.Abs(estimate.ZScore(exact)) < Bound,
            FormattableString.Invariant(
                $"{what}: {estimate} against {exact}, z = {estimate.ZScore(exact):F2}"));
        Assert.InRange(estimate.StandardError, 1e-6, largestError);
    }
}
