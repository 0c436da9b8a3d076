using System.Globalization;

namespace Leaps.Actors.Coordinator;

/// <summary>What a user may change while a run goes on. A change holds for windows that are not settled
/// yet.</summary>
internal static class CoordinatorSettings
{
    public const string Paused = "paused";
    public const string Threshold = "sample.resample.threshold";
    public const string StandardError = "sample.stop.standard-error";

    public static readonly IReadOnlyList<string> OfUsers = [Threshold, StandardError];

    /// <summary>Why the value can't be set, in one line; null where it can.</summary>
    public static string? Problem(string key, string value)
    {
        if (!OfUsers.Contains(key))
            return $"'{key}' can't be set: these can: {string.Join(", ", OfUsers)}";
        if (!double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
            || !double.IsFinite(number) || number < 0 || key == Threshold && number > 1)
            return $"{key} is {value}; allowed: "
                + (key == Threshold ? "0 to 1" : "a finite number, 0 or more");
        return null;
    }

    public static CoordinatorState Change(CoordinatorState state, string key, string value) => key switch
    {
        Paused => state.With(paused: value == bool.TrueString),
        Threshold => state.With(state.Task.With(threshold: Number(value))),
        StandardError => state.With(state.Task.WithTarget(Number(value))),
        _ => throw new Protocol.ProtocolException(
            $"the journal changes '{key}', which this version of Leaps does not know."),
    };

    private static double Number(string value) => double.Parse(value, CultureInfo.InvariantCulture);
}
