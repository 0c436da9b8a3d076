using System.Globalization;
using System.Security.Cryptography;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Leaps.Model.Sampling;

namespace Leaps.Actors.Protocol;

/// <summary>
/// The checks that the fields of messages share. All throw <see cref="ProtocolException"/>.
/// </summary>
/// <param name="subject">what the errors begin with: the message and its sender</param>
internal readonly struct FieldChecks(string subject)
{
    private const int MaximumSites = 1 << 24;

    public ProtocolException Wrong(string problem) => new($"{subject}: {problem}");

    public void Range(string field, long value, long minimum, long maximum = long.MaxValue)
    {
        if (value < minimum)
            throw Wrong(Text($"{field} is {value}; it must be at least {minimum}."));
        if (value > maximum)
            throw Wrong(Text($"{field} is {value}; it must be at most {maximum}."));
    }

    /// <summary>NaN is in no range.</summary>
    public void Range(string field, double value, double minimum, double maximum)
    {
        if (!(value >= minimum && value <= maximum))
            throw Wrong(Text($"{field} is {value:R}; it must be from {minimum:R} to {maximum:R}."));
    }

    public void Finite(string field, double value)
    {
        if (!double.IsFinite(value))
            throw Wrong(Text($"{field} is {value}; it must be finite."));
    }

    public void Finite(string field, RepeatedField<double> values)
    {
        for (int i = 0; i < values.Count; i++)
        {
            if (!double.IsFinite(values[i]))
                throw Wrong(Text($"{field}[{i}] is {values[i]}; it must be finite."));
        }
    }

    public void Length(string field, int length, long expected)
    {
        if (length != expected)
            throw Wrong(Text($"{field} has {length} entries; it must have {expected}."));
    }

    /// <summary>A value that an enum has, and not its "unspecified".</summary>
    public void Chosen<T>(string field, T value, bool allowZero = false) where T : struct, Enum
    {
        if (!Enum.IsDefined(value) || (!allowZero && value.Equals(default(T))))
            throw Wrong($"{field} is {value:D}; it is none of the choices.");
    }

    public void Digest(string field, ByteString value, bool optional = false)
    {
        if (value.Length != SHA256.HashSizeInBytes && !(optional && value.IsEmpty))
            throw Wrong(Text($"{field} has {value.Length} bytes; a SHA-256 has {SHA256.HashSizeInBytes}."));
    }

    /// <summary>An actor's name: 1 to 200 of A-Z a-z 0-9 . _ - /</summary>
    public void Name(string field, string value)
    {
        if (value.Length is < 1 or > 200 ||
            value.Any(c => !char.IsAsciiLetterOrDigit(c) && !".-_/".Contains(c)))
            throw Wrong($"{field} is not the name of an actor: 1 to 200 letters, digits and . _ - /");
    }

    public void Times(string field, RepeatedField<double> times, bool strictly)
    {
        for (int n = 0; n < times.Count; n++)
        {
            Range($"{field}[{n}]", times[n], 0, 1);
            if (n > 0 && (strictly ? times[n] <= times[n - 1] : times[n] < times[n - 1]))
                throw Wrong(Text($"{field} do not rise at {n}: {times[n]:R} after {times[n - 1]:R}."));
        }
    }

    /// <summary>The slots first … first + count - 1 lie in the population.</summary>
    public void Slots(string field, long first, long count, long population)
    {
        Range("population", population, 1, int.MaxValue);
        Range(field, first, 0, population - 1);
        if (count > population - first)
            throw Wrong(Text(
                $"{field} {first} with {count} walkers reaches beyond the population of {population}."));
    }

    /// <summary>Present, with sound sizes, as many bytes as they say, and every value below q.</summary>
    public void Walkers(PackedWalkers? walkers)
    {
        if (walkers is null)
            throw Wrong("walkers is missing.");
        Range("walkers.count", walkers.Count, 1);
        Range("walkers.sites", walkers.Sites, 1, MaximumSites);
        Range("walkers.states", walkers.States, 2, 256);
        string? problem = PackedStates.FindProblem(
            walkers.Packed.Span, walkers.Count, walkers.Sites, walkers.States);
        if (problem is not null)
            throw Wrong($"walkers: {problem}");
    }

    public void LogWeights(RepeatedField<double> logWeights, int count, bool optional = false)
    {
        if (!optional || logWeights.Count > 0)
            Length("log_weights", logWeights.Count, count);
        Finite("log_weights", logWeights);
    }

    public void Families(RepeatedField<int> families, int count, long population)
    {
        Length("families", families.Count, count);
        for (int m = 0; m < families.Count; m++)
        {
            if (families[m] < 0 || families[m] >= population)
                throw Wrong(Text(
                    $"families[{m}] is {families[m]}; the population has {population} walkers."));
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
