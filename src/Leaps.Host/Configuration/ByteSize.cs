using System.Globalization;

namespace Leaps.Host.Configuration;

/// <summary>Numbers of bytes as a user writes them: "512KiB", "64MiB", "1GiB".</summary>
internal static class ByteSize
{
    public const string Expected = "a size such as 512KiB, 64MiB or 1GiB";

    private static readonly (string Unit, long Bytes)[] Units =
        [("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30)];

    /// <summary>A whole number and its unit.</summary>
    public static bool TryParse(string text, out long value)
    {
        value = 0;
        foreach (var (unit, bytes) in Units)
        {
            if (!text.EndsWith(unit, StringComparison.Ordinal)
                || !int.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.None,
                    CultureInfo.InvariantCulture, out int number))
                continue;
            value = number * bytes;
            return true;
        }
        return false;
    }

    /// <summary>In the largest unit of which it is a whole number, else in bytes.</summary>
    public static string Format(long value)
    {
        var (unit, bytes) = Units.LastOrDefault(entry => value % entry.Bytes == 0, (" bytes", 1));
        return (value / bytes).ToString(CultureInfo.InvariantCulture) + unit;
    }

    /// <summary>For a person: "812 bytes", "1.5 MiB".</summary>
    public static string Rounded(long value)
    {
        var (unit, bytes) = Units.LastOrDefault(entry => value >= entry.Bytes, ("bytes", 1));
        return string.Create(CultureInfo.InvariantCulture, $"{(double)value / bytes:0.#} {unit}");
    }
}
