using Leaps.Model;

namespace Leaps.Host.Configuration;

/// <summary>Where a value was written: a line of a file, or an option of the command line (line 0).</summary>
public sealed record Origin(string Source, int Line = 0)
{
    public LeapsException Error(string message) => new($"{this}: {message}");

    /// <summary>Runs a check of the model and puts the origin before the message of its error.</summary>
    public T Guard<T>(Func<T> check)
    {
        try
        {
            return check();
        }
        catch (LeapsException error)
        {
            throw new LeapsException($"{this}: {error.Message}", error);
        }
        catch (OverflowException error)
        {
            throw new LeapsException($"{this}: the network would have more than 2^31 parameters", error);
        }
    }

    public override string ToString() => Line > 0 ? $"{Source}, line {Line}" : Source;
}
