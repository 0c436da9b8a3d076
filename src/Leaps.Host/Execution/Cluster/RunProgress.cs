using System.Globalization;
using System.Text.RegularExpressions;

namespace Leaps.Host.Execution.Cluster;

/// <summary>How far a run is, read off the status that its home tells.</summary>
/// <param name="Stage">"train" or "sample"</param>
/// <param name="Done">updates, or windows of all replicas</param>
/// <param name="Total">of them</param>
/// <param name="Detail">ESS and log Z of the replica that is furthest, or loss; may be empty</param>
internal sealed partial record RunProgress(string Stage, long Done, long Total, string Detail)
{
    /// <summary>Null where the status does not say.</summary>
    /// <param name="status">as the home tells it</param>
    /// <param name="windows">of a replica, as an earlier status said; 0: not known</param>
    public static RunProgress? Of(IReadOnlyList<ClusterEntry> status, long windows = 0)
    {
        if (status.FirstOrDefault(entry => entry.Key == "updates") is { } updates
            && Counts().Match(updates.Value) is { Success: true } trained)
        {
            string[] details = [.. status.Where(entry => entry.Key is "loss" or "best relative ESS")
                .Select(entry => $"{entry.Key} {entry.Value}")];
            return new RunProgress(
                "train", Number(trained, 1), Number(trained, 2), string.Join(", ", details));
        }
        if (status.FirstOrDefault(entry => entry.Key == "replicas") is not { } replicas
            || Counts().Match(replicas.Value) is not { Success: true } complete)
            return null;
        long done = 0;
        string detail = "";
        var running = status.Where(entry => entry.Key.StartsWith("replica ", StringComparison.Ordinal));
        foreach (var entry in running)
        {
            if (Window().Match(entry.Value) is not { Success: true } window)
                continue;
            (done, windows) = (done + Number(window, 1), Number(window, 2));
            if (detail.Length == 0)
                detail = window.Groups[3].Value;
        }
        long total = Number(complete, 2) * windows;
        done += Number(complete, 1) * windows;
        return windows == 0 ? null : new RunProgress("sample", Math.Min(done, total), total, detail);
    }

    /// <summary>Windows of a replica; 0: not known.</summary>
    public static long WindowsOf(IReadOnlyList<ClusterEntry> status) => status
        .Select(entry => Window().Match(entry.Value)).Where(match => match.Success)
        .Select(match => Number(match, 2)).FirstOrDefault();

    private static long Number(Match match, int group) =>
        long.Parse(match.Groups[group].Value, NumberStyles.None, CultureInfo.InvariantCulture);

    [GeneratedRegex("^([0-9]{1,12}) of ([0-9]{1,12})")]
    private static partial Regex Counts();

    [GeneratedRegex("^window ([0-9]{1,12}) of ([0-9]{1,12})(?:, (.*))?$")]
    private static partial Regex Window();
}
