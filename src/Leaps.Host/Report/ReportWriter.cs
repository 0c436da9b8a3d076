using System.Net;
using System.Text;
using System.Text.Json;
using Leaps.Model;

namespace Leaps.Host.Report;

/// <summary>
/// Writes the report of a run: one HTML file that opens from disk, holds its data, styles and script, and
/// loads nothing. The page itself is built from Report/web and embedded in the program.
/// </summary>
public static class ReportWriter
{
    private const string Resource = "Leaps.Host.Report.page.html";
    private const string TitlePlace = "{{title}}";
    private const string DataPlace = "{{data}}";

    // Bounds that keep the file well under 1.5 MB however long the run was.
    private const int MaximumPoints = 1500;
    private const int MaximumSites = 300_000;

    /// <summary>
    /// Writes the report to <paramref name="path"/>, whole or not at all: a report that was there stays until
    /// the new one is complete. Long series are thinned, and lattices too large for the page left out.
    /// </summary>
    /// <exception cref="LeapsException">The file cannot be written.</exception>
    /// <exception cref="ArgumentException">The data contradict themselves: the caller's defect.</exception>
    public static void Write(ReportData data, string path)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        string page = Page(data);
        string target = Path.GetFullPath(path);
        string temporary = $"{target}.{Environment.ProcessId}.tmp";
        try
        {
            WriteToDisk(page, temporary);
            File.Move(temporary, target, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new LeapsException($"The report {path} cannot be written: {error.Message}", error);
        }
        finally
        {
            DeleteIfThere(temporary);
        }
    }

    /// <summary>The whole page as text.</summary>
    internal static string Page(ReportData data)
    {
        data.Windows?.Check();
        data.Training?.Check();
        data.MagnetisationHistogram?.Check();
        data.Correlation?.Check();
        data.Lattices?.Check();
        ReportData shown = data with
        {
            Windows = data.Windows?.Thinned(MaximumPoints),
            Training = data.Training?.Thinned(MaximumPoints),
            Lattices = data.Lattices?.Thinned(MaximumSites),
        };
        string json = JsonSerializer.Serialize(shown, ReportJson.Default.ReportData);
        string template = Template();
        int title = template.IndexOf(TitlePlace, StringComparison.Ordinal);
        int content = template.IndexOf(DataPlace, title, StringComparison.Ordinal);
        return new StringBuilder(template.Length + json.Length)
            .Append(template, 0, title)
            .Append(WebUtility.HtmlEncode(data.Title))
            .Append(template, title + TitlePlace.Length, content - title - TitlePlace.Length)
            .Append(json)
            .Append(template, content + DataPlace.Length, template.Length - content - DataPlace.Length)
            .ToString();
    }

    private static string Template()
    {
        using Stream stream = typeof(ReportWriter).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"The resource {Resource} is missing from the program.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    private static void WriteToDisk(string text, string path)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None);
        file.Write(new UTF8Encoding(encoderShouldEmitUTF8Identifier: false).GetBytes(text));
        file.Flush(flushToDisk: true);
    }

    private static void DeleteIfThere(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The failure that left the file there is already on its way to the caller.
        }
    }
}
