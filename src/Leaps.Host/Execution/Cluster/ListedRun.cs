using System.Globalization;
using Leaps.Actors.Protocol;
using Leaps.Host.Terminal;
using Leaps.Model;

namespace Leaps.Host.Execution.Cluster;

/// <summary>A run as --json prints it and tables show it.</summary>
/// <param name="Id">its identifier, 32 hexadecimal digits</param>
/// <param name="Name">for people</param>
/// <param name="Owner">the broker's user who submitted it</param>
/// <param name="State">waiting, running, complete, cancelled, stopped</param>
/// <param name="Text">what it waits for, or why it ended; may be empty</param>
/// <param name="Submitted">when</param>
/// <param name="Home">node of its home; null: none</param>
/// <param name="Actors">how many live or are to live</param>
/// <param name="Scale">nodes that it may use; 0: all</param>
public sealed record ListedRun(string Id, string Name, string Owner, string State, string Text,
    DateTimeOffset Submitted, string? Home, int Actors, int Scale)
{
    private const int LeastPrefix = 4;

    public bool IsOver => State is "complete" or "cancelled" or "stopped";

    /// <summary>"waiting for a node", "running".</summary>
    public string StateText => Text.Length > 0 ? $"{State}: {Text}" : State;

    public static ListedRun Of(RunOverview run) => new(IdOf(run), run.Name,
        run.Owner, run.State, run.Text, DateTimeOffset.FromUnixTimeSeconds(run.Submitted),
        run.Home.Length > 0 ? run.Home : null, run.Actors, run.Scale);

    /// <summary>The one of that identifier, name, or beginning of an identifier.</summary>
    /// <exception cref="LeapsException">There is none, or several.</exception>
    public static ListedRun Find(IReadOnlyList<ListedRun> runs, string text)
    {
        string digits = text.Replace("-", "", StringComparison.Ordinal);
        ListedRun[] found =
            [.. runs.Where(run => run.Id.Equals(digits, StringComparison.OrdinalIgnoreCase))];
        if (found.Length == 0)
            found = [.. runs.Where(run => run.Name == text)];
        if (found.Length == 0 && digits.Length >= LeastPrefix)
            found = [.. runs.Where(run => run.Id.StartsWith(digits, StringComparison.OrdinalIgnoreCase))];
        return found.Length switch
        {
            1 => found[0],
            0 => throw new LeapsException(
                $"the cluster has no run '{text}': leaps ctl list shows those that there are"),
            _ => throw new LeapsException($"'{text}' may be any of {found.Length} runs: name one by its "
                + $"identifier ({string.Join(", ", found.Take(3).Select(run => run.Id[..8]))} …)"),
        };
    }

    public static ResultTable Table(IEnumerable<ListedRun> runs) => new("",
        ["run", "name", "owner", "state", "home", " actors", " nodes", "submitted (UTC)"],
        [.. runs.Select(run => (IReadOnlyList<string>)
        [
            run.Id[..8], run.Name, run.Owner, run.StateText, run.Home ?? "", Number(run.Actors),
            run.Scale == 0 ? "all" : Number(run.Scale),
            run.Submitted.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture),
        ])]);

    // As SubmitRun.run_id is written.
    private static string IdOf(RunOverview run) => Convert.ToHexStringLower(run.RunId.Span);

    internal static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
