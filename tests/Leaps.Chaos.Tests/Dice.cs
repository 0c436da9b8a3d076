using Leaps.Model.Random;

namespace Leaps.Chaos.Tests;

/// <summary>All that a case draws.</summary>
/// <param name="seed">of the case</param>
internal sealed class Dice(ulong seed)
{
    private RandomStream _stream = new(seed, RandomPurpose.Test);

    public bool Chance(double probability) => _stream.NextDouble() < probability;

    /// <summary>Ends included.</summary>
    public int Between(int least, int most) => least + _stream.NextInt(most - least + 1);

    /// <summary>To a tenth, so that what is printed is what was drawn.</summary>
    public double Tenths(double least, double most) =>
        Math.Round(least + (most - least) * _stream.NextDouble(), 1);

    public T OneOf<T>(params ReadOnlySpan<T> choices) => choices[_stream.NextInt(choices.Length)];
}
