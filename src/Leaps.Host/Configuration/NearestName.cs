namespace Leaps.Host.Configuration;

/// <summary>Finds the known name that a mistyped one was meant to be.</summary>
public static class NearestName
{
    /// <summary>The candidate at the least edit distance, or null where none is close.</summary>
    public static string? Find(string given, IEnumerable<string> candidates)
    {
        int limit = Math.Max(1, given.Length / 3);
        return candidates
            .Select(name => (Name: name, Distance: EditDistance(given, name)))
            .Where(pair => pair.Distance <= limit)
            .OrderBy(pair => pair.Distance)
            .Select(pair => pair.Name)
            .FirstOrDefault();
    }

    /// <summary>
    /// Least number of insertions, deletions, replacements and swaps of neighbours (restricted Damerau).
    /// </summary>
    public static int EditDistance(string a, string b)
    {
        var d = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
            d[i, 0] = i;
        for (int j = 0; j <= b.Length; j++)
            d[0, j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            for (int j = 1; j <= b.Length; j++)
            {
                int replace = d[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                d[i, j] = Math.Min(replace, Math.Min(d[i - 1, j], d[i, j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
            }
        }
        return d[a.Length, b.Length];
    }
}
