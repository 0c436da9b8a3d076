namespace Leaps.Actors.Tests.Journal;

/// <summary>A folder of one test, made when it is first named and gone with the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly Lazy<string> name = new(
        () => Directory.CreateTempSubdirectory("leaps-journal-").FullName);

    public string Name => name.Value;

    public string File(string name) => Path.Combine(Name, name);

    public void Dispose()
    {
        if (name.IsValueCreated)
            Directory.Delete(Name, recursive: true);
    }
}
