namespace Leaps.Host.Tests.Report;

/// <summary>
/// A folder for the files of one test, gone afterwards. With LEAPS_REPORT_SAMPLES set to a folder, reports
/// are also copied there, to be looked at.
/// </summary>
internal sealed class ReportFolder : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("leaps-report-").FullName;

    public string this[string name] => Path.Combine(_folder, name);

    public IEnumerable<string> Files
        => Directory.EnumerateFiles(_folder).Select(file => Path.GetFileName(file)!);

    public void Keep(string name)
    {
        if (Environment.GetEnvironmentVariable("LEAPS_REPORT_SAMPLES") is { Length: > 0 } folder)
            File.Copy(this[name], Path.Combine(Directory.CreateDirectory(folder).FullName, name), true);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
