using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Leaps.Model.GroundTruth;
using Leaps.Model.Targets;

namespace Leaps.Model.Tests.GroundTruth;

/// <summary>Enumeration by Gray code against plain loops over all states, and against published
/// counts.</summary>
public sealed class EnumerationTests
{
    [Theory]
    [InlineData(2, 2, 2, 0.4, 0.3)]
    [InlineData(2, 3, 3, 0.44, -0.2)]
    [InlineData(2, 2, 5, -0.5, 0.7)]
    [InlineData(3, 2, 2, 1.0, 0)]
    [InlineData(3, 2, 3, 0.9, 0)]
    [InlineData(3, 3, 2, -0.7, 0)]
    [InlineData(5, 2, 2, 1.1, 0)]
    public void Averages_agree_with_plain_loops_over_all_states(
        int q, int rows, int columns, double bond, double field)
    {
        const double t = 0.8;
        var target = Lattices.Make(q, rows, columns, bond, field);
        var exact = Enumeration.At(target, t);
        double[] probabilities = Lattices.Probabilities(target, t);
        double sum = 0, energy = 0, square = 0, bonds = 0, signed = 0, m1 = 0, m2 = 0, m4 = 0;
        var distribution = new SortedDictionary<double, double>();
        var correlation = new double[columns / 2 + 1];
        for (int k = 0; k < probabilities.Length; k++)
        {
            byte[] state = Lattices.State(target, k);
            double p = probabilities[k], u = target.Energy(state, t);
            int largest = Enumerable.Range(0, q).Max(v => state.Count(value => value == v));
            double m = q == 2
                ? state.Sum(value => 2.0 * value - 1) / state.Length
                : ((double)q * largest / state.Length - 1) / (q - 1);
            sum += Math.Exp(-u);
            energy += p * u;
            square += p * u * u;
            bonds += p * target.Statistics(state).Bonds;
            signed += p * m;
            m1 += p * Math.Abs(m);
            m2 += p * m * m;
            m4 += p * m * m * m * m;
            double key = Math.Round(m, 10);
            distribution[key] = distribution.GetValueOrDefault(key) + p;
            for (int r = 0; r < correlation.Length; r++)
            {
                int equal = Enumerable.Range(0, state.Length).Count(i =>
                    state[i] == state[target.Lattice.Site(i / columns, i % columns + r)]);
                correlation[r] += p * ((double)q * equal / state.Length - 1) / (q - 1);
            }
        }
        Assert.Equal(Math.Log(sum), exact.LogNormalizer, 1e-12);
        Assert.Equal(-bonds / target.Sites, exact.EnergyPerSite, 1e-12);
        Assert.Equal((square - energy * energy) / target.Sites, exact.SpecificHeat, 1e-11);
        Assert.Equal(signed, exact.SignedOrderParameter, 1e-12);
        Assert.Equal(m1, exact.OrderParameter, 1e-12);
        Assert.Equal(m2, exact.SecondMoment, 1e-12);
        Assert.Equal(m4, exact.FourthMoment, 1e-12);
        Assert.Equal(1 - m4 / (3 * m2 * m2), exact.BinderCumulant, 1e-12);
        Assert.Equal(distribution.Values, exact.Distribution.Select(entry => entry.Probability), Close);
        Assert.Equal(distribution.Keys, exact.Distribution.Select(entry => entry.Value), Close);
        Assert.Equal(correlation, exact.Correlation, Close);

        static bool Close(double x, double y) => Math.Abs(x - y) < 1e-9;
    }

    [Fact]
    public void Ising_4_by_4_has_its_published_moments()
    {
        // 30-digit values: L = 4, β = 0.4407, J = 1, h = 0.1.
        var exact = Enumeration.At(Lattices.Ising(4, 4, 0.4407, 0.04407), 1);
        Assert.Equal(15.701430704517255126447625111189, exact.LogNormalizer, 1e-13);
        Assert.Equal(-1.597125520567068386510006779993, exact.EnergyPerSite, 1e-13);
        Assert.Equal(0.482065153438677484420151760304, exact.SignedOrderParameter, 1e-13);
        Assert.Equal(0.857732638802471192720477921004, exact.OrderParameter, 1e-13);
        Assert.Equal(0.780172552777993931395939557820, exact.SecondMoment, 1e-13);
        Assert.Equal(0.688415582826518591780492955823, exact.FourthMoment, 1e-13);
        Assert.Equal(0.622994138068204821220718530622, exact.BinderCumulant, 1e-13);
    }

    [Fact]
    public void Ising_5_by_5_counts_its_2_to_the_25_states_in_seconds()
    {
        var clock = Stopwatch.StartNew();
        var density = DensityOfStates.Of(Lattices.Ising(5, 5, 1, 0));
        TestContext.Current.TestOutputHelper?.WriteLine($"{clock.ElapsedMilliseconds} ms");
        var byBonds = density.Cells.GroupBy(cell => cell.Bonds)
            .ToDictionary(group => group.Key, group => group.Sum(cell => cell.Count));
        // Published density of states of the 5×5 torus.
        Assert.Equal(2, byBonds[50]);
        Assert.Equal(50, byBonds[42]);
        Assert.Equal(74500, byBonds[22]);
        Assert.Equal(5230300, byBonds[6]);
        Assert.Equal(7431800, byBonds[2]);
        Assert.Equal(7413900, byBonds[-2]);
        Assert.Equal(1 << 25, byBonds.Values.Sum());
        foreach (double k in (ReadOnlySpan<double>)[0.2, 0.4407, 0.6])
        {
            var kaufman = Kaufman.At(5, 5, k);
            Assert.Equal(kaufman.LogNormalizer, density.At(k).LogNormalizer, 1e-12);
            Assert.Equal(kaufman.EnergyPerSite, density.At(k).EnergyPerSite, 1e-12);
            Assert.Equal(kaufman.SpecificHeat, density.At(k).SpecificHeat, 1e-12);
        }
        Assert.True(clock.Elapsed.TotalSeconds < 30, $"took {clock.Elapsed}");
    }

    [Fact]
    public void Potts_4_by_4_with_three_values_has_its_published_density_of_states()
    {
        var density = DensityOfStates.Of(Lattices.Potts(4, 4, 3, 1));
        var byBonds = density.Cells.GroupBy(cell => cell.Bonds)
            .ToDictionary(group => group.Key, group => group.Sum(cell => cell.Count));
        Assert.Equal(2970, byBonds[0]);
        Assert.Equal(6512352, byBonds[10]);
        Assert.Equal(1152, byBonds[23]);
        Assert.Equal(3, byBonds[32]);
        Assert.Equal(Math.Pow(3, 16), byBonds.Values.Sum());
    }

    [Fact]
    public void All_tabulated_moments_and_potts_values_agree_to_1e_minus_12()
    {
        using var json = JsonDocument.Parse(File.ReadAllText(ReferenceData.Require("exact.json")));
        foreach (var row in json.RootElement.GetProperty("ising_enumerated_moments").EnumerateArray())
        {
            int side = row.GetProperty("L").GetInt32();
            double beta = Number(row, "beta");
            var target = Lattices.Ising(side, side, beta * Number(row, "J"), beta * Number(row, "h"));
            if (side > 4)
                continue;
            var exact = Enumeration.At(target, 1);
            Assert.Equal(Number(row, "lnZ"), exact.LogNormalizer, 1e-12);
            Assert.Equal(Number(row, "abs_m"), exact.OrderParameter, 1e-12);
            Assert.Equal(Number(row, "m2"), exact.SecondMoment, 1e-12);
            Assert.Equal(Number(row, "binder_U4"), exact.BinderCumulant, 1e-12);
        }
        foreach (var row in json.RootElement.GetProperty("potts_exact").EnumerateArray())
        {
            int side = row.GetProperty("L").GetInt32(), q = row.GetProperty("q").GetInt32();
            var target = Lattices.Potts(side, side, q, Number(row, "beta"));
            if (side > 3 || !Enumeration.Covers(target))
                continue;
            var exact = Enumeration.At(target, 1);
            Assert.Equal(Number(row, "lnZ"), exact.LogNormalizer, 1e-12);
            Assert.Equal(Number(row, "E") / target.Sites, exact.EnergyPerSite, 1e-12);
            double beta = Number(row, "beta");
            Assert.Equal(beta * beta * Number(row, "varE") / target.Sites, exact.SpecificHeat, 1e-11);
        }
    }

    [Fact]
    public void Too_many_states_are_refused_with_the_largest_number_of_sites()
    {
        var ising = Lattices.Ising(6, 5, 1, 0);
        Assert.False(Enumeration.Covers(ising));
        var refusal = Assert.Throws<LeapsException>(() => Enumeration.At(ising, 1));
        Assert.EndsWith("Use at most 25 sites.", refusal.Message, StringComparison.Ordinal);
        refusal = Assert.Throws<LeapsException>(() => DensityOfStates.Of(Lattices.Potts(4, 5, 3, 1)));
        Assert.EndsWith("Use at most 16 sites.", refusal.Message, StringComparison.Ordinal);
    }

    private static double Number(JsonElement row, string name) =>
        double.Parse(row.GetProperty(name).GetString()!, CultureInfo.InvariantCulture);
}
