namespace Leaps.Host.Tests;

/// <summary>
/// The folder of reference data that is too large for the repository: the environment variable
/// LEAPS_REFERENCE_DATA, or shared/reference beside the folder that holds Leaps.sln.
/// </summary>
public static class ReferenceData
{
    /// <summary>The folder, or null where it is absent.</summary>
    public static string? Folder { get; } = Find();

    /// <summary>The path of a file of the folder; skips the test where it is absent.</summary>
    public static string Require(string file)
    {
        string? path = Folder is null ? null : Path.Combine(Folder, file);
        Assert.SkipUnless(path is not null && File.Exists(path),
            $"The reference data {file} is absent: set LEAPS_REFERENCE_DATA to its folder.");
        return path!;
    }

    private static string? Find()
    {
        string? folder = Environment.GetEnvironmentVariable("LEAPS_REFERENCE_DATA");
        if (string.IsNullOrEmpty(folder))
        {
            var root = new DirectoryInfo(AppContext.BaseDirectory);
            while (root is not null && !File.Exists(Path.Combine(root.FullName, "Leaps.sln")))
                root = root.Parent;
            if (root is not null)
                folder = Path.Combine(root.FullName, "..", "shared", "reference");
        }
        return Directory.Exists(folder) ? Path.GetFullPath(folder) : null;
    }
}
