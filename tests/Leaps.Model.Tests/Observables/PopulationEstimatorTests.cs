using Leaps.Model.Observables;
using Leaps.Model.Random;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Model.Tests.Observables;

/// <summary>
/// Values against enumeration: one large weighted population each, every estimate within 4 of its own
/// standard errors (fixed seeds; with free ones 1 in 16,000 for each of some 60 estimates).
/// </summary>
public sealed class PopulationEstimatorTests
{
    private const double Bound = 4;

    [Theory]
    [InlineData(2, 3, 3, 0.4407, 0)]
    [InlineData(2, 3, 4, 0.3, 0.1)]
    [InlineData(3, 3, 3, 1.0, 0)]
    public void A_weighted_population_reproduces_the_enumerated_averages(
        int q, int rows, int columns, double bond, double field)
    {
        var target = Lattices.Make(q, rows, columns, bond, field);
        var population = new ExactPopulation(target, drawnAt: 0.7, noise: 0.8);
        var truth = population.Truth;
        var got = PopulationEstimator.Of(target, population.Draw(40_000, 1), population.LogNormalizerRatio);

        Agrees("log Z", got.LogZ, truth.LogNormalizer);
        Agrees("free energy", got.FreeEnergyPerSite, -truth.LogNormalizer / target.Sites);
        Agrees("energy", got.EnergyPerSite, truth.EnergyPerSite);
        Agrees("specific heat", got.SpecificHeat, truth.SpecificHeat);
        Agrees("|m|", got.AbsMagnetisation, truth.OrderParameter);
        Agrees("m²", got.MagnetisationSquared, truth.SecondMoment);
        Assert.Equal(q == 2, got.BinderCumulant.HasValue);
        if (got.BinderCumulant is { } binder)
            Agrees("Binder", binder, truth.BinderCumulant);

        Assert.Equal(columns / 2 + 1, got.Correlation.Length);
        Assert.Equal(1, got.Correlation[0].Value, 12);
        for (int r = 1; r < got.Correlation.Length; r++)
            Agrees($"G({r})", got.Correlation[r], truth.Correlation[r]);

        var bins = MagnetisationBins.For(target);
        double[] density = bins.Density(truth.Distribution);
        Assert.Equal(bins.Edges, got.HistogramEdges);
        Assert.Equal(1, got.Histogram.Select((bin, b) => bin.Value * bins.Width(b)).Sum(), 10);
        for (int b = 0; b < density.Length; b++)
            Agrees($"bin {b}", got.Histogram[b], density[b]);

        Assert.Equal(40_000, got.SurvivingFamilies);
        Assert.Equal(1 / got.RelativeEss, got.FamilyStatistic, 9);
    }

    [Theory]
    [InlineData(2, 3, 4, 0.3, 0.1)]
    [InlineData(3, 2, 5, 1.0, 0)]
    public void The_two_point_function_is_the_enumerated_one_at_every_displacement(
        int q, int rows, int columns, double bond, double field)
    {
        var target = Lattices.Make(q, rows, columns, bond, field);
        var walkers = new ExactPopulation(target, drawnAt: 0.7, noise: 0.5).Draw(20_000, 3);
        var got = PopulationEstimator.Of(target, walkers, 0);
        double[] probabilities = Lattices.Probabilities(target, 1);
        Assert.Equal(rows / 2 + 1, got.TwoPoint!.Length);
        for (int dy = 0; dy < got.TwoPoint.Length; dy++)
        {
            Assert.Equal(columns / 2 + 1, got.TwoPoint[dy].Length);
            for (int dx = 0; dx < got.TwoPoint[dy].Length; dx++)
            {
                double alike = 0;
                for (int k = 0; k < probabilities.Length; k++)
                {
                    byte[] state = Lattices.State(target, k);
                    for (int i = 0; i < state.Length; i++)
                    {
                        int other = target.Lattice.Site(i / columns + dy, i % columns + dx);
                        alike += state[i] == state[other] ? probabilities[k] / state.Length : 0;
                    }
                }
                if (dy + dx > 0)
                    Agrees($"G({dy},{dx})", got.TwoPoint[dy][dx], (q * alike - 1) / (q - 1));
            }
        }
        Assert.Equal(got.Correlation.Select(g => g.Value), got.TwoPoint[0].Select(g => g.Value), (x, y) => Math.Abs(x - y) < 1e-12);
    }

    [Fact]
    public void A_population_of_copies_says_no_more_than_the_originals()
    {
        var target = Lattices.Ising(3, 3, 0.4, 0.1);
        var population = new ExactPopulation(target, drawnAt: 0.6, noise: 1);
        var single = population.Draw(300, 2);
        var doubled = new Walkers(2 * single.Count, single.Sites);
        for (int m = 0; m < doubled.Count; m++)
        {
            int original = m % single.Count; // copies far apart: families need not be contiguous
            single.State(original).CopyTo(doubled.State(m));
            doubled.LogWeights[m] = single.LogWeights[original];
            doubled.Families[m] = single.Families[original];
        }
        var one = PopulationEstimator.Of(target, single, population.LogNormalizerRatio);
        var two = PopulationEstimator.Of(target, doubled, population.LogNormalizerRatio);

        Same(one.EnergyPerSite, two.EnergyPerSite);
        Same(one.SpecificHeat, two.SpecificHeat);
        Same(one.AbsMagnetisation, two.AbsMagnetisation);
        Same(one.MagnetisationSquared, two.MagnetisationSquared);
        Same(one.BinderCumulant!.Value, two.BinderCumulant!.Value);
        Assert.All(one.Histogram.Zip(two.Histogram), pair => Same(pair.First, pair.Second));
        Assert.All(one.Correlation.Zip(two.Correlation), pair => Same(pair.First, pair.Second));
        Assert.Equal(one.SurvivingFamilies, two.SurvivingFamilies);
        Assert.Equal(one.RelativeEss, two.RelativeEss, 12);
        Assert.Equal(one.LogZ.Value, two.LogZ.Value, 12);
        // For log Z a slot is a draw: 600 slots with 300 families left are read as 300 draws of weight zero.
        Assert.True(two.LogZ.StdErr > one.LogZ.StdErr);
        Assert.Equal(2 * one.FamilyStatistic, two.FamilyStatistic, 9);
    }

    [Theory]
    [InlineData(2, 2, 2)]
    [InlineData(2, 5, 70)]
    [InlineData(3, 7, 33)]
    [InlineData(2, 100, 101)] // more bytes than one flush of the byte counters takes
    public void The_correlation_counts_the_pairs_of_every_row(int q, int rows, int columns)
    {
        var target = Lattices.Make(q, rows, columns, 0.2);
        var walkers = Walkers.Uniform(target, count: 2, seed: 3);
        walkers.State(1).Clear(); // all equal
        var alike = new double[columns / 2 + 1];
        var state = walkers.State(0);
        for (int r = 0; r < alike.Length; r++)
        {
            for (int i = 0; i < target.Sites; i++)
            {
                int other = target.Lattice.Site(i / columns, i % columns + r);
                alike[r] += state[i] == state[other] ? 1.0 / target.Sites : 0;
            }
        }
        var got = PopulationEstimator.Of(target, walkers, 0).Correlation;
        for (int r = 0; r < alike.Length; r++)
            Assert.Equal(0.5 * ((q * alike[r] - 1) / (q - 1) + 1), got[r].Value, 12);
    }

    [Fact]
    public void One_family_has_values_but_no_error_bars()
    {
        var target = Lattices.Ising(3, 3, 0.4, 0);
        var walkers = Walkers.Uniform(target, count: 5, seed: 4);
        Array.Clear(walkers.Families);
        var got = PopulationEstimator.Of(target, walkers, 0);
        Assert.Equal(1, got.SurvivingFamilies);
        Assert.Equal(5, got.FamilyStatistic, 12);
        Assert.True(double.IsFinite(got.EnergyPerSite.Value));
        Assert.True(double.IsNaN(got.EnergyPerSite.StdErr));
        Assert.Contains(got.Histogram, bin => bin.Value == 0 && double.IsNaN(bin.StdErr));
    }

    [Fact]
    public void Walkers_of_weight_zero_count_for_nothing()
    {
        var target = Lattices.Ising(3, 3, 0.4, 0);
        var some = Walkers.Uniform(target, count: 50, seed: 5);
        var more = Walkers.Uniform(target, count: 60, seed: 5);
        more.LogWeights.AsSpan(50).Fill(double.NegativeInfinity);
        var few = PopulationEstimator.Of(target, some, 0);
        var many = PopulationEstimator.Of(target, more, 0);
        Assert.Equal(50, many.SurvivingFamilies);
        Same(few.EnergyPerSite, many.EnergyPerSite);
        Same(few.BinderCumulant!.Value, many.BinderCumulant!.Value);
        Assert.Equal(few.LogZ.Value + Math.Log(50.0 / 60), many.LogZ.Value, 12);
    }

    [Fact]
    public void Walkers_of_another_lattice_are_refused()
    {
        var walkers = Walkers.Uniform(Lattices.Ising(3, 3, 0.4, 0), count: 5, seed: 4);
        var other = Lattices.Ising(3, 4, 0.4, 0);
        Assert.Throws<ArgumentException>(() => PopulationEstimator.Of(other, walkers, 0));
    }

    [Fact]
    public void Numbers_do_not_depend_on_the_scale_of_the_weights()
    {
        var target = Lattices.Potts(3, 3, 3, 0.9);
        var walkers = Walkers.Uniform(target, count: 100, seed: 6);
        var stream = new RandomStream(6, RandomPurpose.Test);
        foreach (ref double a in walkers.LogWeights.AsSpan())
            a = stream.NextNormal();
        var small = PopulationEstimator.Of(target, walkers, 0);
        foreach (ref double a in walkers.LogWeights.AsSpan())
            a += 5000;
        var large = PopulationEstimator.Of(target, walkers, -5000);
        Assert.Equal(small.LogZ.Value, large.LogZ.Value, 9);
        Assert.Equal(small.SpecificHeat.Value, large.SpecificHeat.Value, 9);
        Assert.Equal(small.SpecificHeat.StdErr, large.SpecificHeat.StdErr, 9);
    }

    private static void Agrees(string what, Estimate got, double exact)
    {
        double z = (got.Value - exact) / got.StdErr;
        Assert.True(Math.Abs(z) <= Bound, $"{what}: {got.Value} ± {got.StdErr} against {exact}, z = {z:F2}");
    }

    private static void Same(Estimate one, Estimate two)
    {
        Assert.Equal(one.Value, two.Value, 12);
        Assert.Equal(one.StdErr, two.StdErr, 12);
    }
}
