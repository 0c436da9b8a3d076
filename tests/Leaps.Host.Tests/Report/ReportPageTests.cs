using System.Net;
using System.Text.RegularExpressions;
using Leaps.Host.Report;

namespace Leaps.Host.Tests.Report;

/// <summary>The page as a browser shows it.</summary>
public sealed class ReportPageTests : IDisposable
{
    private readonly ReportFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Every_chart_of_a_full_report_is_drawn()
    {
        string document = await DrawnAsync(SampleReport.Ising(), "ising.html", charts: 9, lattices: 24);
        string text = TextOf(document);
        Assert.All(
            [
                "209.819(11)", "209.819 ± 0.011", "agrees with the exact value", "−0.6\u00a0σ", "0.71946(24)",
                "2 resamplings", "2 × 2,000", "of 4,000", "so their deviations are correlated",
            ],
            shown => Assert.Contains(shown, text));
    }

    [Fact]
    public async Task A_report_without_truth_and_training_is_drawn_and_warns()
    {
        string document = await DrawnAsync(SampleReport.Potts(), "potts.html", charts: 3, lattices: 6);
        string text = TextOf(document);
        Assert.All(["The euler integrator is biased", "no exact value to compare with"],
            shown => Assert.Contains(shown, text));
        Assert.DoesNotContain("Training</h2>", document);
        Assert.All(["NaN", "undefined", "null"], absent => Assert.DoesNotContain(absent, text));
    }

    [Fact]
    public async Task Hostile_texts_are_shown_as_text()
    {
        const string Hostile = "</script><script>document.body.dataset.errors='x'</script><img src=y>";
        ReportData data = SampleReport.Potts() with
        {
            Title = Hostile,
            Subtitle = Hostile,
            Configuration = Hostile,
            CommandLine = Hostile,
            Warnings = [Hostile],
            Estimates = [new Estimate(Hostile, Hostile, 10, 1, 3, null, Hostile)],
        };
        string document = await DrawnAsync(data, "hostile.html", charts: 3, lattices: 6);
        Assert.DoesNotContain("<img", document);
        Assert.DoesNotContain("<body data", document);
        string shown = WebUtility.HtmlEncode(Hostile).Replace("&#39;", "'", StringComparison.Ordinal);
        Assert.Contains(shown, document);
        Assert.Contains("disagrees", TextOf(document));
    }

    // The document of a page on which everything was drawn.
    private async Task<string> DrawnAsync(ReportData data, string name, int charts, int lattices)
    {
        ReportWriter.Write(data, _folder[name]);
        _folder.Keep(name);
        string document =
            await Chromium.DocumentAsync(_folder[name], TestContext.Current.CancellationToken);
        string root = Regex.Match(document, "<html[^>]*>").Value;
        Assert.Contains("data-errors=\"[]\"", root);
        Assert.Contains("data-ready=\"true\"", root);
        Assert.Contains($"data-charts=\"{charts}\"", root);
        Assert.Equal(charts, Regex.Count(document, "class=\"u-wrap\""));
        Assert.Equal(charts + lattices, Regex.Count(document, "<canvas"));
        Assert.Equal(lattices, Regex.Count(document, "<canvas class=\"lattice\""));
        return document;
    }

    /// <summary>What a reader sees: the document without scripts, styles and tags.</summary>
    private static string TextOf(string document)
    {
        const string Hidden = "<(script|style|noscript).*?</\\1>";
        string visible = Regex.Replace(document, Hidden, "", RegexOptions.Singleline);
        return WebUtility.HtmlDecode(Regex.Replace(visible, "<[^>]*>", ""));
    }
}
