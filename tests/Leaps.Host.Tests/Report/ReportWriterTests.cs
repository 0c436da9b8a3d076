using System.Text.Json;
using System.Text.RegularExpressions;
using Leaps.Host.Report;
using Leaps.Model;

namespace Leaps.Host.Tests.Report;

public sealed partial class ReportWriterTests : IDisposable
{
    private const string Hostile =
        "</script><script>alert(1)</script><!-- \u2028 \u2029 {{data}} {{title}} $& \" ' & <b> \0";

    private readonly ReportFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_sample_has_the_exact_log_Z_of_the_reference_data()
        => Assert.Equal(209.826070136, SampleReport.KaufmanLogZ(15, 0.4407), 8);

    [Fact]
    public void A_report_is_one_small_file_that_loads_nothing()
    {
        string page = Written(SampleReport.Ising());
        Assert.True(new FileInfo(_folder["report.html"]).Length < 400_000, $"{page.Length} characters");
        string markup = Scripts().Replace(page, "");
        Assert.Empty(ExternalResources().Matches(markup));
        Assert.DoesNotContain("@import", page);
        Assert.DoesNotMatch(@"\bimport\s*\(", page);
        Assert.DoesNotMatch(@"\bfetch\s*\(|XMLHttpRequest|WebSocket|EventSource", page);
        Assert.Contains("default-src 'none'", page);
        Assert.DoesNotContain("{{", markup);
    }

    [Fact]
    public void The_licence_of_the_charts_travels_with_them()
    {
        string page = Written(SampleReport.Potts());
        Assert.Contains("Leon Sorokin", page);
        Assert.Contains("Permission is hereby granted, free of charge", page);
    }

    [Fact]
    public void Data_come_back_from_the_page_as_they_went_in()
    {
        ReportData data = SampleReport.Ising() with { Training = null };
        ReportData back = DataOf(Written(data));
        Assert.Equal(
            JsonSerializer.Serialize(data, ReportJson.Default.ReportData),
            JsonSerializer.Serialize(back, ReportJson.Default.ReportData));
        Assert.Equal(data.Windows!.LogZExact, back.Windows!.LogZExact);
        Assert.Equal(data.Lattices!.Samples[5], back.Lattices!.Samples[5]);
        Assert.Equal(data.Headline, back.Headline);
    }

    [Fact]
    public void No_text_can_leave_the_data_element()
    {
        ReportData data = SampleReport.Potts() with
        {
            Title = Hostile,
            Subtitle = Hostile,
            Configuration = Hostile,
            CommandLine = Hostile,
            Warnings = [Hostile],
            Estimates = [new Estimate(Hostile, Hostile, 1, 0.1, 1, null, Hostile)],
        };
        string page = Written(data);
        string plain = Written(SampleReport.Potts());
        Assert.Equal(Count(plain, "<script"), Count(page, "<script"));
        Assert.Equal(Count(plain, "</script"), Count(page, "</script"));
        Assert.DoesNotContain('\u2028', DataElement().Match(page).Value);
        ReportData back = DataOf(page);
        Assert.Equal(Hostile, back.Title);
        Assert.Equal(Hostile, back.Configuration);
        Assert.Equal(Hostile, back.Warnings[0]);
        Assert.Equal(Hostile, back.Estimates[0].ExactSource);
    }

    [Fact]
    public void Numbers_that_are_not_finite_become_null_and_come_back_as_NaN()
    {
        var headline = new Headline(double.NegativeInfinity, double.NaN, null, 0.5);
        ReportData data = SampleReport.Potts() with { Headline = headline };
        string page = Written(data);
        Assert.Contains("\"logZ\":null,\"stdErr\":null,\"exact\":null", page);
        Assert.True(double.IsNaN(DataOf(page).Headline.StdErr));
        Assert.Null(DataOf(page).Headline.Exact);
    }

    [Fact]
    public void A_long_run_on_a_large_lattice_still_makes_a_small_file()
    {
        const int Windows = 20_000, Updates = 400_000, Size = 256;
        double[] t = [.. Enumerable.Range(0, Windows).Select(n => Math.Sqrt((double)n / (Windows - 1)))];
        double[] updates = [.. Enumerable.Range(1, Updates).Select(n => (double)n)];
        bool[] resampled = new bool[Windows];
        resampled[12_345] = true;
        ReportData data = SampleReport.Ising() with
        {
            Windows = new()
            {
                T = t,
                RelativeEss = t,
                LogZ = t,
                LogZStdErr = t,
                LogZExact = t,
                Resampled = resampled,
            },
            Training = new() { Update = updates, Loss = [.. updates.Select(u => 1 / u)] },
            Lattices = new()
            {
                Rows = Size,
                Columns = Size,
                States = 2,
                Samples = [.. Enumerable.Repeat(new byte[Size * Size], 24)],
                Weights = [.. Enumerable.Repeat(1e-3, 24)],
            },
        };
        string page = Written(data);
        Assert.True(page.Length < 1_500_000, $"{page.Length} characters");
        ReportData back = DataOf(page);
        Assert.Equal(1, back.Windows!.T[^1]);
        Assert.Equal(t[12_345], Assert.Single(back.Windows.T.Where((_, n) => back.Windows.Resampled[n])));
        Assert.Equal(Updates, back.Training!.Update[^1]);
        Assert.Equal(back.Lattices!.Samples.Count, back.Lattices.Weights!.Length);
    }

    [Fact]
    public void A_report_that_cannot_be_written_leaves_nothing_behind()
    {
        var missing = Assert.Throws<LeapsException>(
            () => ReportWriter.Write(SampleReport.Potts(), Path.Combine(_folder["absent"], "report.html")));
        Assert.Contains("report.html", missing.Message);

        Directory.CreateDirectory(_folder["report.html"]);
        Assert.Throws<LeapsException>(() => ReportWriter.Write(SampleReport.Potts(), _folder["report.html"]));
        Assert.Empty(_folder.Files);
    }

    [Fact]
    public void An_older_report_stays_when_the_new_one_is_wrong()
    {
        string before = Written(SampleReport.Potts());
        WindowSeries windows = SampleReport.Potts().Windows!;
        ReportData wrong = SampleReport.Potts() with { Windows = windows with { LogZ = [1, 2] } };
        Assert.Throws<ArgumentException>(() => ReportWriter.Write(wrong, _folder["report.html"]));
        Assert.Equal(before, File.ReadAllText(_folder["report.html"]));
        Assert.Single(_folder.Files);
    }

    private string Written(ReportData data)
    {
        ReportWriter.Write(data, _folder["report.html"]);
        return File.ReadAllText(_folder["report.html"]);
    }

    private static ReportData DataOf(string page)
    {
        string json = DataElement().Match(page).Groups[1].Value;
        return JsonSerializer.Deserialize(json, ReportJson.Default.ReportData)!;
    }

    private static int Count(string text, string part) => text.Split(part).Length - 1;

    [GeneratedRegex("""id="report-data">(.*?)</script>""", RegexOptions.Singleline)]
    private static partial Regex DataElement();

    [GeneratedRegex("<script.*?</script>", RegexOptions.Singleline)]
    private static partial Regex Scripts();

    [GeneratedRegex(
        @"(src|href|srcset|data|action)\s*=|url\(|<(link|iframe|object|embed|base)\b",
        RegexOptions.IgnoreCase)]
    private static partial Regex ExternalResources();
}
