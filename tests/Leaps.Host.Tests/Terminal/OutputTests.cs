using System.Globalization;
using System.Text.Json;
using Leaps.Host.Terminal;
using Leaps.Model.Sampling;

namespace Leaps.Host.Tests.Terminal;

public class OutputTests
{
    private sealed record Sample(
        double LogZ, double? Error, float Small, TimeGridKind Grid, double[] Series, string Text);

    [Fact]
    public void Json_is_camel_case_with_null_for_what_is_no_number()
    {
        string json = JsonOutput.Write(new Sample(double.NaN, double.PositiveInfinity, float.NegativeInfinity,
            TimeGridKind.Exp2, [0.1, double.NaN, 1e-300], "β ± '"));

        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        Assert.Equal(["logZ", "error", "small", "grid", "series", "text"],
            root.EnumerateObject().Select(p => p.Name));
        Assert.All(["logZ", "error", "small"], name =>
            Assert.Equal(JsonValueKind.Null, root.GetProperty(name).ValueKind));
        Assert.Equal("exp_2", root.GetProperty("grid").GetString());
        Assert.Equal("[0.1,null,1E-300]", Compact(root.GetProperty("series")));
        Assert.Contains("β ± '", json, StringComparison.Ordinal);
    }

    [Fact]
    public void Json_numbers_read_back_as_the_same_doubles_in_any_culture()
    {
        double value = 0.1 + 0.2;
        var culture = CultureInfo.CurrentCulture;
        var comma = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        comma.NumberFormat.NumberDecimalSeparator = ",";
        try
        {
            CultureInfo.CurrentCulture = comma;
            using var document = JsonDocument.Parse(JsonOutput.Write(new { Value = value }));
            Assert.Equal(value, document.RootElement.GetProperty("value").GetDouble());
            Assert.Equal("209.842 ± 0.017", EstimateRow.Format(209.8421, 0.0172));
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }
    }

    [Theory]
    [InlineData(209.84212, 0.0172, "209.842 ± 0.017")]
    [InlineData(-1.4557, 0.3, "-1.46 ± 0.30")]
    [InlineData(1234.4, 25.0, "1234 ± 25")]
    [InlineData(0.75, null, "0.75")]
    [InlineData(209.826070136, null, "209.82607")]
    [InlineData(0.5, double.NaN, "0.5")]
    [InlineData(double.NaN, 0.1, "NaN")]
    [InlineData(-0.5, 1e-17, "-0.5")]
    [InlineData(8e300, 7.4, "8E+300")]
    public void An_estimate_shows_as_many_decimals_as_its_error_allows(
        double value, double? error, string text) =>
        Assert.Equal(text, EstimateRow.Format(value, error));

    [Fact]
    public void The_deviation_is_in_units_of_both_errors()
    {
        Assert.Equal(2, new EstimateRow("x", 11, 3, 1, 4).Deviation);
        Assert.Equal("+2.0 σ", new EstimateRow("x", 11, 3, 1, 4).DeviationText);
        Assert.Null(new EstimateRow("x", 11, null, 1).Deviation);
        Assert.Null(new EstimateRow("x", 11, 3).Deviation);
        Assert.Null(new EstimateRow("x", 11, double.NaN, 1).Deviation);
        // An error that is nothing but rounding is no measure.
        Assert.Null(new EstimateRow("x", -0.5, 1e-17, -2).Deviation);
    }

    [Fact]
    public void The_table_leaves_out_columns_without_content()
    {
        var output = new StringWriter();
        var surroundings = new Surroundings { Output = output, Error = TextWriter.Null };

        EstimateTable.Write(surroundings, [new("log Z", 209.8421, 0.0172, 209.826), new("[ESS]", 0.75)]);
        string full = output.ToString();
        output.GetStringBuilder().Clear();
        EstimateTable.Write(surroundings, [new("log Z", 209.8421, 0.0172)]);
        string bare = output.ToString();

        Assert.Contains("│ log Z    │ 209.842 ± 0.017 │ 209.826 │    +0.9 σ │", full,
            StringComparison.Ordinal);
        Assert.Contains("[ESS]", full, StringComparison.Ordinal);
        Assert.DoesNotContain("exact", bare, StringComparison.Ordinal);
        Assert.DoesNotContain("deviation", bare, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', full + bare);
    }

    private static string Compact(JsonElement element) =>
        string.Concat(element.GetRawText().Where(c => !char.IsWhiteSpace(c)));
}
