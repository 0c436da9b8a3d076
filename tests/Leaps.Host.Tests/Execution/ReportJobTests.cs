using Leaps.Host.Tests.Report;

namespace Leaps.Host.Tests.Execution;

public sealed class ReportJobTests(TrainedRun trained) : IClassFixture<TrainedRun>, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Program _program = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_report_made_anew_is_the_same_to_the_byte()
    {
        string copy = Copy();
        File.Delete(Path.Combine(copy, "report.html"));

        var result = _program.Json("report", copy);

        Assert.Equal(trained.Result.GetRawText(), result.GetRawText());
        Assert.Equal(File.ReadAllText(trained.File("report.html")),
            File.ReadAllText(Path.Combine(copy, "report.html")));
    }

    [Fact]
    public async Task The_report_of_a_real_run_is_drawn()
    {
        string document =
            await Chromium.DocumentAsync(trained.File("report.html"), TestContext.Current.CancellationToken);
        Assert.Contains("data-errors=\"[]\"", document, StringComparison.Ordinal);
        Assert.Contains("Ising 3×3", document, StringComparison.Ordinal);
        Assert.Contains("Loss and evaluations", document, StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_without_results_or_with_damaged_ones_is_refused_and_its_report_stays()
    {
        string copy = Copy(), report = Path.Combine(copy, "report.html");
        File.WriteAllText(report, "old");

        string windows = Path.Combine(copy, "windows.csv");
        File.WriteAllLines(windows, [.. File.ReadAllLines(windows).Take(3), "0.5,many,1,1,0,"]);
        Assert.Equal($"{windows}, line 4: expected 6 numbers", _program.Refusal("report", copy));
        File.WriteAllText(Path.Combine(copy, "samples.npz"), "PK");
        Assert.StartsWith(Path.Combine(copy, "samples.npz"), _program.Refusal("report", copy),
            StringComparison.Ordinal);
        string result = Path.Combine(copy, "result.json");
        File.WriteAllText(result, "{\n  \"logZ\": \"x\"\n}");
        Assert.Equal($"{result}, line 2: this is not the result of a run", _program.Refusal("report", copy));
        File.Delete(result);
        Assert.Equal($"{copy}: there is no result.json in it: the run did not get as far as sampling, so "
            + "there is nothing to report", _program.Refusal("report", copy));
        Assert.Equal("old", File.ReadAllText(report));
    }

    private string Copy()
    {
        string copy = Directory.CreateDirectory(_folder.PathOf("copy")).FullName;
        foreach (string file in Directory.EnumerateFiles(trained.Path))
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        return copy;
    }
}
