using Leaps.Host.Commands;
using Leaps.Host.Commands.Cluster;
using Leaps.Host.Configuration;

namespace Leaps.Host.Execution.Cluster;

/// <summary>What `leaps ctl fetch --json` prints.</summary>
public sealed record FetchResult(
    string Cluster, string Run, string Directory, IReadOnlyList<FetchedFile> Files);

/// <summary>leaps ctl fetch: files of a run come here.</summary>
internal static class FetchJob
{
    public static JobResult Run(FetchRequest request, JobContext context, ClusterConnect connect)
    {
        using var session = ClusterSession.Open(connect, request.Cluster, context);
        var fetch = new FileFetch(session, request.Run, context);
        var names = request.Files.Count > 0 ? request.Files : fetch.Names();
        var result = new FetchResult(request.Cluster.Name, request.Run, request.Output,
            names.Count > 0 ? fetch.Bring(request.Output, names) : []);
        return new JobResult(result, [], Lines(result.Run, result.Directory, result.Files));
    }

    /// <summary>What was brought where, for a person.</summary>
    public static IReadOnlyList<string> Lines(
        string run, string directory, IReadOnlyList<FetchedFile> files) =>
        files.Count == 0
            ? [$"run {run} has no files yet"]
            : [.. files.Select(file =>
                $"wrote {Path.Combine(directory, file.Name)} ({ByteSize.Rounded(file.Bytes)})")];
}
