using System.Globalization;

namespace Leaps.Model.Storage;

/// <summary>Typed, checked access to a file's map of strings; every refusal names the key.</summary>
internal sealed class MetadataValues(IReadOnlyDictionary<string, string> map)
{
    private const int LongestList = 64;

    public bool Has(string key) => map.ContainsKey(key);

    /// <exception cref="InvalidDataException">The key is absent.</exception>
    public string Text(string key) => map.TryGetValue(key, out string? value)
        ? value
        : throw new InvalidDataException($"its metadata lacks '{key}'.");

    public int Integer(string key) => ParseInteger(key, Text(key));

    public double Number(string key) =>
        double.TryParse(Text(key), NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            && double.IsFinite(value) ? value : throw Bad(key, "a number");

    public T Choice<T>(string key, params (string Text, T Value)[] choices)
    {
        string text = Text(key);
        foreach (var choice in choices)
        {
            if (choice.Text == text)
                return choice.Value;
        }
        throw Bad(key, string.Join(" or ", choices.Select(choice => $"'{choice.Text}'")));
    }

    /// <summary>"200,200".</summary>
    public int[] Integers(string key) => [.. Items(key).Select(item => ParseInteger(key, item))];

    /// <summary>"3x3,5x5": rows × columns.</summary>
    public (int Rows, int Columns)[] Sizes(string key) => [.. Items(key).Select(item =>
        item.Split('x') is [string rows, string columns]
            ? (ParseInteger(key, rows), ParseInteger(key, columns))
            : throw Bad(key, "rows x columns, as '15x15'"))];

    /// <summary>The text that <see cref="Number"/> reads back to the same double.</summary>
    public static string Format(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    public static string Format(int value) => value.ToString(CultureInfo.InvariantCulture);

    public static string Format(int rows, int columns) => $"{Format(rows)}x{Format(columns)}";

    private string[] Items(string key)
    {
        string[] items = Text(key).Split(',', LongestList + 1);
        return items.Length <= LongestList ? items : throw Bad(key, $"a list of at most {LongestList}");
    }

    private int ParseInteger(string key, string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value)
            ? value
            : throw Bad(key, "a whole number");

    private InvalidDataException Bad(string key, string wanted) =>
        new($"its metadata has '{key}' = '{DataFile.OneLine(Text(key))}', which is not {wanted}.");
}
