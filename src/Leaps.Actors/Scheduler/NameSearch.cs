namespace Leaps.Actors.Scheduler;

/// <summary>What a user may have meant by a name, and what to answer when it is not clear.</summary>
internal static class NameSearch
{
    private const int MostNamed = 5, LeastPrefix = 4;

    /// <summary>The run of that identifier, name, or beginning of an identifier.</summary>
    /// <returns>the run, or a line that says why there is none</returns>
    public static (RunRecord? Run, string Problem) Find(IReadOnlyCollection<RunRecord> runs, string text)
    {
        if (Guid.TryParse(text, out var id) && runs.FirstOrDefault(run => run.Run == id) is { } exact)
            return (exact, "");
        RunRecord[] found = [.. runs.Where(run => run.Name == text)];
        string digits = text.Replace("-", "", StringComparison.Ordinal);
        if (found.Length == 0 && digits.Length >= LeastPrefix)
            found = [.. runs.Where(run => IdOf(run).StartsWith(digits, StringComparison.OrdinalIgnoreCase))];
        if (found.Length == 1)
            return (found[0], "");
        if (found.Length > 1)
        {
            return (null, $"{text} may be any of {found.Length} runs: "
                + Listed(found.OrderBy(run => run.Submitted).Select(run => $"{IdOf(run)} ({run.Name})"))
                + "; name one by more of its identifier");
        }
        return (null, $"there is no run {text}"
            + Near(text, runs.Select(run => run.Name).Concat(runs.Select(run => IdOf(run)[..8]))));
    }

    /// <summary>"; near it: x, y", or nothing.</summary>
    public static string Near(string text, IEnumerable<string> names)
    {
        string[] near =
        [
            .. names.Distinct(StringComparer.Ordinal).Select(name => (Name: name, Far: Distance(text, name)))
                .Where(item => item.Far <= Math.Max(2, text.Length / 3)
                    || item.Name.Contains(text, StringComparison.OrdinalIgnoreCase))
                .OrderBy(item => item.Far).ThenBy(item => item.Name, StringComparer.Ordinal)
                .Select(item => item.Name),
        ];
        return near.Length == 0 ? "" : $"; near it: {Listed(near)}";
    }

    private static string IdOf(RunRecord run) => run.Run.ToString("N");

    private static string Listed(IEnumerable<string> names)
    {
        string[] all = [.. names];
        return string.Join(", ", all.Take(MostNamed)) + (all.Length > MostNamed ? ", …" : "");
    }

    // Letters to change, add or leave out (Levenshtein).
    private static int Distance(string left, string right)
    {
        int[] row = [.. Enumerable.Range(0, right.Length + 1)];
        for (int i = 1; i <= left.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= right.Length; j++)
            {
                int change = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(change, 1 + Math.Min(row[j], row[j - 1]));
            }
        }
        return row[^1];
    }
}
