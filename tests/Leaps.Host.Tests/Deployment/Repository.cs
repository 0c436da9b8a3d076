namespace Leaps.Host.Tests.Deployment;

/// <summary>The source tree that these tests belong to.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    /// <summary>A file or folder, by its path from the root.</summary>
    public static string PathOf(string path) => Path.Combine(Root, path);

    public static string Read(string path) => File.ReadAllText(PathOf(path));

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Leaps.sln")))
            folder = folder.Parent;
        return folder?.FullName
            ?? throw new InvalidOperationException("There is no Leaps.sln above the tests.");
    }
}
