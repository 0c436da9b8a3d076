using System.Collections;
using System.Globalization;

namespace Leaps.Model.Storage.Import;

/// <summary>
/// Typed, checked access to a parsed configuration. Values are texts, numbers or booleans, and lists of them,
/// whatever the parser made of them; every refusal names the key.
/// </summary>
internal sealed class ConfigValues(IReadOnlyDictionary<string, object?> values)
{
    private const int LongestList = 64;
    private readonly HashSet<string> _used = new(StringComparer.Ordinal);

    /// <summary>Keys that were never asked for, in order.</summary>
    public IEnumerable<string> Unused => values.Keys.Where(key => !_used.Contains(key));

    /// <summary>The value as text, or null when the key is absent or its value empty.</summary>
    public string? Find(string key)
    {
        _used.Add(key);
        return values.TryGetValue(key, out object? value) && value is not null ? Text(key, value) : null;
    }

    public string Text(string key) => Find(key) ?? throw Missing(key);

    public int Integer(string key, int? absent = null) =>
        Find(key) is { } text ? ParseInteger(key, text) : absent ?? throw Missing(key);

    public double Number(string key, double? absent = null)
    {
        if (Find(key) is not { } text)
            return absent ?? throw Missing(key);
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            && double.IsFinite(value) ? value : throw Bad(key, text, "a number");
    }

    public bool Boolean(string key, bool absent) => Find(key)?.ToUpperInvariant() switch
    {
        null => absent,
        "TRUE" or "YES" or "ON" => true,
        "FALSE" or "NO" or "OFF" => false,
        var text => throw Bad(key, text, "true or false"),
    };

    public int[] Integers(string key)
    {
        _used.Add(key);
        if (!values.TryGetValue(key, out object? value) || value is null)
            throw Missing(key);
        if (value is string || value is not IEnumerable items)
            throw new LeapsException($"{key} is not a list: write it as [3, 5, 7].");
        var numbers = new List<int>();
        foreach (object? item in items)
        {
            if (numbers.Count == LongestList)
                throw new LeapsException($"{key} has more than {LongestList} items.");
            numbers.Add(ParseInteger(key, Text(key, item)));
        }
        return [.. numbers];
    }

    private static string Text(string key, object? value) => value switch
    {
        string text => text.Trim(),
        bool flag => flag ? "true" : "false",
        double number => number.ToString("R", CultureInfo.InvariantCulture),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => throw new LeapsException($"{key} is neither a text nor a number."),
    };

    private static int ParseInteger(string key, string text) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value)
            ? value
            : throw Bad(key, text, "a whole number");

    private static LeapsException Missing(string key) => new($"{key} is missing.");

    private static LeapsException Bad(string key, string text, string wanted) =>
        new($"{key} is '{text}', which is not {wanted}.");
}
