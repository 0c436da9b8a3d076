using System.Text.Json;

namespace Leaps.Host.Tests.Execution;

public sealed class ExactJobTests
{
    private readonly Program _program = new();

    [Fact]
    public void The_critical_Ising_model_has_Kaufmans_values()
    {
        var result = _program.Json("exact", "--ising", "15", "--K", "0.4407");
        Assert.Equal(209.826070136, result.GetProperty("logZ").GetDouble(), 1e-8);
        Assert.Equal(-1.455746984, result.GetProperty("energyPerSite").GetDouble(), 1e-8);
        Assert.Equal("Kaufman", result.GetProperty("logZSource").GetString());
        Assert.Equal(JsonValueKind.Null, result.GetProperty("energyPerSiteStdErr").ValueKind);
        // Swendsen–Wang, 4 million sweeps: 0.71946(24).
        double m = result.GetProperty("absMagnetisation").GetDouble();
        double error = result.GetProperty("absMagnetisationStdErr").GetDouble();
        Assert.InRange(m, 0.71946 - 5 * error, 0.71946 + 5 * error);
        Assert.StartsWith("Swendsen–Wang", result.GetProperty("absMagnetisationSource").GetString());
    }

    [Fact]
    public void A_small_lattice_is_known_altogether()
    {
        var result = _program.Json("exact", "--potts", "3", "--states", "3", "--beta", "1");
        Assert.All(["logZ", "energyPerSite", "specificHeat", "absMagnetisation"], name =>
        {
            Assert.Equal(JsonValueKind.Number, result.GetProperty(name).ValueKind);
            Assert.Equal("enumeration", result.GetProperty(name + "Source").GetString());
        });
    }

    [Fact]
    public void Where_nothing_is_exact_it_says_so()
    {
        Assert.Equal(0, _program.Run("exact", "--potts", "6", "--states", "3", "--beta", "1"));
        Assert.Contains("no exact log Z is known for this target", _program.Output, StringComparison.Ordinal);
        Assert.Contains("values with ± are not exact", _program.Output, StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Null,
            _program.Json("exact", "--ising", "7", "--K", "-1").GetProperty("energyPerSite").ValueKind);
    }
}
