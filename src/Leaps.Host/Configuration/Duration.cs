using System.Globalization;

namespace Leaps.Host.Configuration;

/// <summary>Spans of time as a user writes them: "90s", "1.5h", "200ms", and "0".</summary>
internal static class Duration
{
    public const string Expected = "a duration such as 90s, 30m or 2h";

    private static readonly (string Unit, TimeSpan Length)[] Units =
    [
        ("ms", TimeSpan.FromMilliseconds(1)), ("s", TimeSpan.FromSeconds(1)), ("m", TimeSpan.FromMinutes(1)),
        ("h", TimeSpan.FromHours(1)), ("d", TimeSpan.FromDays(1)),
    ];

    /// <summary>A number and its unit; 0 needs none.</summary>
    public static bool TryParse(string text, out TimeSpan value)
    {
        value = TimeSpan.Zero;
        if (text == "0")
            return true;
        foreach (var (unit, length) in Units)
        {
            if (!text.EndsWith(unit, StringComparison.Ordinal)
                || !double.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.AllowDecimalPoint,
                    CultureInfo.InvariantCulture, out double number))
                continue;
            double ticks = Math.Round(number * length.Ticks);
            value = ticks < TimeSpan.MaxValue.Ticks ? new TimeSpan((long)ticks) : TimeSpan.MaxValue;
            return true;
        }
        return false;
    }

    /// <summary>In the largest unit of which it is a whole number, else in milliseconds.</summary>
    public static string Format(TimeSpan value)
    {
        if (value == TimeSpan.Zero)
            return "0";
        var (unit, length) = Units.LastOrDefault(entry => value.Ticks % entry.Length.Ticks == 0, Units[0]);
        return ((decimal)value.Ticks / length.Ticks).ToString(CultureInfo.InvariantCulture) + unit;
    }
}
