using System.Globalization;
using System.Text.Json;
using Leaps.Model.GroundTruth;
using Leaps.Model.Targets;

namespace Leaps.Model.Tests.GroundTruth;

/// <summary>The exact torus solution against 24-digit values, enumeration and known limits.</summary>
public sealed class KaufmanTests
{
    [Theory]
    [InlineData(
        2, 0.4407, 4.382116284027858502747758, -6.788334973222132066490268, 8.319368886550974453796802)]
    [InlineData(
        3, 0.6, 11.587695013445402179556336, -17.159022099636014522474091, 7.690409444640649385010294)]
    [InlineData(128, 0.440686793509771512616304662490,
        15232.769323338784149121232254, -23250.145641840398285664843609, 213976.389364112167435830082504)]
    [InlineData(15, 0.4407, 209.826070136327095551336223, -327.543071573930098623939732,
        1698.309747361276969838575831)]
    public void Log_z_energy_and_variance_have_their_published_digits(
        int side, double k, double logZ, double energy, double variance)
    {
        var values = Kaufman.At(side, side, k);
        Assert.Equal(logZ, values.LogNormalizer, 1e-14 * logZ);
        Assert.Equal(energy, values.Energy, 1e-13 * -energy);
        Assert.Equal(variance, values.EnergyVariance, 1e-12 * variance);
    }

    [Fact]
    public void All_tabulated_values_up_to_side_128_agree_to_thirteen_digits()
    {
        using var json = JsonDocument.Parse(File.ReadAllText(ReferenceData.Require("exact.json")));
        int rows = 0;
        double worstLogZ = 0, worstEnergy = 0, worstVariance = 0;
        foreach (var row in json.RootElement.GetProperty("ising_kaufman").EnumerateArray())
        {
            int side = row.GetProperty("L").GetInt32();
            var values = Kaufman.At(side, side, Number(row, "K"));
            worstLogZ = Math.Max(worstLogZ, Relative(values.LogNormalizer, Number(row, "lnZ")));
            worstEnergy = Math.Max(worstEnergy, Relative(values.Energy, Number(row, "E")));
            worstVariance = Math.Max(worstVariance, Relative(values.EnergyVariance, Number(row, "varE")));
            Assert.Equal(Number(row, "C_site"), values.SpecificHeat, 1e-11);
            rows++;
        }
        TestContext.Current.TestOutputHelper?.WriteLine(
            FormattableString.Invariant(
                $"log Z {worstLogZ:E1}, energy {worstEnergy:E1}, variance {worstVariance:E1}"));
        Assert.Equal(112, rows);
        Assert.InRange(worstLogZ, 0, 5e-15);
        Assert.InRange(worstEnergy, 0, 5e-14);
        Assert.InRange(worstVariance, 0, 5e-13);
    }

    [Theory]
    [InlineData(2, 2)]
    [InlineData(2, 3)]
    [InlineData(3, 2)]
    [InlineData(3, 3)]
    [InlineData(3, 5)]
    [InlineData(4, 4)]
    [InlineData(6, 2)]
    public void Small_lattices_agree_with_enumeration_at_any_coupling(int rows, int columns)
    {
        var density = DensityOfStates.Of(Lattices.Ising(rows, columns, 1, 0));
        int sites = rows * columns;
        double[] couplings = [0, 1e-40, 1e-9, 1e-3, 0.1, 0.2401, 0.2405, 0.4407, 0.8, 2, 5];
        foreach (double k in couplings)
        {
            var exact = density.At(k);
            var values = Kaufman.At(rows, columns, k);
            Assert.Equal(exact.LogNormalizer, values.LogNormalizer, 1e-13 * exact.LogNormalizer);
            Assert.Equal(exact.EnergyPerSite, values.EnergyPerSite, 2e-14);
            Assert.Equal(exact.SpecificHeat, values.SpecificHeat, 1e-12);
            Assert.Equal(sites, values.Sites);
        }
    }

    [Fact]
    public void Energy_keeps_its_relative_accuracy_at_tiny_couplings()
    {
        // High-temperature expansion: ⟨bonds⟩ = 2 N K (1 + O(K²)) for sides above 3.
        foreach (double k in (ReadOnlySpan<double>)[1e-31, 1e-29, 1e-20, 1e-9])
        {
            Assert.Equal(-2 * 15 * 16 * k, Kaufman.At(15, 16, k).Energy, 1e-13 * 480 * k);
            Assert.Equal(480, Kaufman.At(15, 16, k).EnergyVariance, 1e-11);
        }
        // A side of two has double bonds: variance 3 N there.
        Assert.Equal(-3 * 20 * 1e-29, Kaufman.At(2, 10, 1e-29).Energy, 1e-40);
    }

    [Fact]
    public void Derivatives_are_those_of_log_z()
    {
        foreach (double k in (ReadOnlySpan<double>)[0.05, 0.2, 0.3, 0.44, 0.4406867935, 0.45, 0.7, 1.5])
        {
            const double h = 1e-4;
            var (below, at, above) =
                (Kaufman.At(12, 7, k - h), Kaufman.At(12, 7, k), Kaufman.At(12, 7, k + h));
            double tolerance = 1e-5 * (1 + Math.Abs(at.Energy));
            Assert.Equal((above.LogNormalizer - below.LogNormalizer) / (2 * h), -at.Energy, tolerance);
            Assert.Equal(
                -(above.Energy - below.Energy) / (2 * h), at.EnergyVariance, 1e-4 * (1 + at.EnergyVariance));
        }
    }

    [Theory]
    [InlineData(128, 128)]
    [InlineData(128, 3)]
    [InlineData(2, 128)]
    [InlineData(15, 15)]
    public void Rows_and_columns_are_interchangeable_and_everything_is_finite_at_any_coupling(
        int rows, int columns)
    {
        foreach (double k in (ReadOnlySpan<double>)[0, 1e-300, 1e-31, 1e-10, 0.01, 0.44, 0.44068679350977147,
            0.4406867935097716, 1, 10, 50, 99.9, 101, 1e6])
        {
            var values = Kaufman.At(rows, columns, k);
            var turned = Kaufman.At(columns, rows, k);
            Assert.True(double.IsFinite(values.LogNormalizer) && double.IsFinite(values.Energy)
                && double.IsFinite(values.EnergyVariance), $"K = {k}: {values}");
            Assert.Equal(values.LogNormalizer, turned.LogNormalizer, 1e-13 * values.LogNormalizer);
            Assert.Equal(values.EnergyPerSite, turned.EnergyPerSite, 1e-13);
            Assert.Equal(values.EnergyVariance, turned.EnergyVariance, 1e-11 * rows * columns);
        }
    }

    [Fact]
    public void The_ground_state_dominates_at_large_coupling()
    {
        foreach (double k in (ReadOnlySpan<double>)[20, 99, 101, 1e4])
        {
            var values = Kaufman.At(9, 8, k);
            Assert.Equal(2 * 72 * k + Math.Log(2), values.LogNormalizer, 1e-14 * 144 * k);
            Assert.Equal(-2, values.EnergyPerSite, 1e-14);
            Assert.InRange(values.SpecificHeat, 0, 1e-10);
        }
    }

    [Fact]
    public void An_antiferromagnet_mirrors_the_ferromagnet_on_even_sides_and_is_refused_on_odd_ones()
    {
        var density = DensityOfStates.Of(Lattices.Ising(4, 2, 1, 0)).At(-0.6);
        var values = Kaufman.At(4, 2, -0.6);
        Assert.Equal(density.LogNormalizer, values.LogNormalizer, 1e-13);
        Assert.Equal(density.EnergyPerSite, values.EnergyPerSite, 1e-13);
        Assert.Equal(density.SpecificHeat, values.SpecificHeat, 1e-13);
        var refusal = Assert.Throws<LeapsException>(() => Kaufman.At(4, 3, -0.1));
        Assert.Contains("even sides", refusal.Message, StringComparison.Ordinal);
        Assert.Throws<LeapsException>(() => Kaufman.At(4, 4, double.NaN));
        Assert.Throws<LeapsException>(() => Kaufman.At(1, 4, 0.3));
    }

    private static double Number(JsonElement row, string name) =>
        double.Parse(row.GetProperty(name).GetString()!, CultureInfo.InvariantCulture);

    private static double Relative(double value, double exact) => Math.Abs(value / exact - 1);
}
