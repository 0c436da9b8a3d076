using Leaps.Model.GroundTruth;
using Leaps.Model.Observables;
using Leaps.Model.Targets;

namespace Leaps.Model.Tests.Observables;

public sealed class MagnetisationBinsTests
{
    public static TheoryData<int, int, int> Shapes => new()
    {
        { 2, 2, 2 }, { 2, 5, 8 }, { 2, 5, 9 }, { 2, 7, 7 }, { 2, 15, 15 }, { 2, 64, 64 }, { 2, 31, 257 },
        { 3, 2, 2 }, { 3, 3, 5 }, { 3, 15, 15 }, { 7, 16, 16 }, { 64, 2, 3 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Every_value_lies_inside_its_bin_and_bins_are_as_wide_as_their_values_are_many(
        int q, int rows, int columns)
    {
        var target = Lattices.Make(q, rows, columns, 0.4);
        var bins = MagnetisationBins.For(target);
        int sites = target.Sites, first = q == 2 ? 0 : (sites + q - 1) / q, values = sites - first + 1;
        double spacing = q == 2 ? 2.0 / sites : (double)q / sites / (q - 1);
        var held = new int[bins.Count];
        for (int order = first; order <= sites; order++)
        {
            double m = MagnetisationBins.OrderParameter(target, order);
            int bin = bins.BinOf(order);
            Assert.InRange(m, bins.Edges[bin] + 0.49 * spacing, bins.Edges[bin + 1] - 0.49 * spacing);
            held[bin]++;
        }
        for (int b = 0; b < held.Length; b++)
            Assert.Equal(held[b] * spacing, bins.Width(b), 12);
        Assert.InRange(held.Max() - held.Min(), 0, 1);
        if (values <= 41)
            Assert.Equal(values, bins.Count);
        else
        {
            Assert.InRange(bins.Count, 31, 45);
            Assert.Equal(1, bins.Count % 2);
        }
        if (q == 2)
        {
            Assert.All(bins.Edges.Zip(bins.Edges.Reverse()), pair =>
                Assert.Equal(-pair.First, pair.Second, 12));
        }
    }

    [Fact]
    public void At_side_15_the_45_bins_hold_5_values_each_but_the_middle_one()
    {
        var bins = MagnetisationBins.For(Lattices.Ising(15, 15, 0.4, 0));
        int[] held = [.. Enumerable.Range(0, 226).GroupBy(bins.BinOf).Select(group => group.Count())];
        Assert.Equal(45, held.Length);
        Assert.Equal(6, held[22]);
        Assert.Equal(44, held.Count(count => count == 5));
    }

    [Theory]
    [InlineData(2, 3, 4)]
    [InlineData(3, 3, 4)]
    public void An_exact_distribution_becomes_a_density_of_integral_one(int q, int rows, int columns)
    {
        var target = Lattices.Make(q, rows, columns, 0.3);
        var bins = MagnetisationBins.For(target);
        var exact = Enumeration.At(target, 1).Distribution;
        double[] density = bins.Density(exact);
        Assert.Equal(exact.Count, density.Length); // a bin for each value
        for (int b = 0; b < density.Length; b++)
            Assert.Equal(exact[b].Probability, density[b] * bins.Width(b), 12);
        Assert.Equal(1, density.Select((height, b) => height * bins.Width(b)).Sum(), 12);
    }

    [Theory]
    [InlineData(0.01)]
    [InlineData(1.3)]
    [InlineData(double.NaN)]
    public void A_value_that_no_state_has_is_refused(double value)
    {
        var bins = MagnetisationBins.For(Lattices.Ising(3, 3, 0.3, 0));
        Assert.Throws<ArgumentException>(() => bins.Density([(value, 1)]));
    }
}
