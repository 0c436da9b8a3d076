using Leaps.Model;

namespace Leaps.Host.Execution.Cluster;

/// <summary>A directory of a node that lasts as long as this object; what a former process left in it is
/// removed.</summary>
internal sealed class ScratchDirectory : IDisposable
{
    /// <exception cref="LeapsException">It can't be made.</exception>
    public ScratchDirectory(string parent, Guid name)
    {
        Path = System.IO.Path.Combine(parent, name.ToString("N"));
        try
        {
            if (Directory.Exists(Path))
                Directory.Delete(Path, recursive: true);
            Directory.CreateDirectory(Path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new LeapsException($"{Path} can't be made: {error.Message} (node.work-directory)", error);
        }
    }

    public string Path { get; }

    public string PathOf(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose()
    {
        if (Directory.Exists(Path))
            Directory.Delete(Path, recursive: true);
    }
}
