using System.Globalization;

namespace Leaps.Host.Terminal;

/// <summary>One line of a table of results.</summary>
/// <param name="Name">what it is: "log Z", "energy per site"</param>
/// <param name="Value">the estimate</param>
/// <param name="StandardError">its standard error; null where there is none</param>
/// <param name="Exact">the true value; null where it is not known</param>
/// <param name="ExactError">the standard error of a true value that is itself an estimate</param>
public sealed record EstimateRow(
    string Name, double Value, double? StandardError = null, double? Exact = null,
    double? ExactError = null)
{
    /// <summary>(estimate - exact) in units of the combined error; null where that can't be said.</summary>
    public double? Deviation
    {
        get
        {
            double error = double.Hypot(StandardError ?? 0, ExactError ?? 0);
            return Exact is { } exact && IsMeaningful(error, Value) ? (Value - exact) / error : null;
        }
    }

    // An error below the rounding of its value is the rounding of something else.
    private const double Rounding = 1e-13;

    private static bool IsMeaningful(double error, double value) =>
        error > 0 && double.IsFinite(error) && error > Rounding * Math.Abs(value);

    /// <summary>Where the true value is from; null: nothing is said.</summary>
    public string? Source { get; init; }

    /// <summary>Significant digits of a value without a standard error.</summary>
    public int Digits { get; init; } = 8;

    public string ValueText => Format(Value, StandardError, Digits);
    public string ExactText => Exact is { } exact ? Format(exact, ExactError) : "";

    public string DeviationText => Deviation is { } deviation
        ? deviation.ToString("+0.0 σ;-0.0 σ;0.0 σ", CultureInfo.InvariantCulture) : "";

    /// <summary>
    /// "209.842 ± 0.017": the error with two significant digits, the value with as many decimals.
    /// </summary>
    public static string Format(double value, double? error, int digits = 8)
    {
        if (error is not { } e || !double.IsFinite(value) || !IsMeaningful(e, value))
            return value.ToString(
                "G" + digits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        int decimals = Math.Clamp(1 - (int)Math.Floor(Math.Log10(e)), 0, 12);
        string format = "F" + decimals.ToString(CultureInfo.InvariantCulture);
        var culture = CultureInfo.InvariantCulture;
        return $"{value.ToString(format, culture)} ± {e.ToString(format, culture)}";
    }
}
