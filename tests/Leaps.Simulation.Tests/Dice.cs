using Leaps.Model.Random;

namespace Leaps.Simulation.Tests;

/// <summary>One of the streams of a seed, all that a simulation draws.</summary>
/// <param name="seed">of the simulation</param>
/// <param name="use">number of the stream: what is drawn for one use does not shift another's draws</param>
internal sealed class Dice(ulong seed, int use)
{
    public const int ForScenario = 0, ForNetwork = 1, ForDisk = 2, ForDevices = 3, ForFaults = 4;
    public const int ForScale = 5;

    private RandomStream _stream = new(seed, RandomPurpose.Test, use);

    public bool Chance(double probability) => probability > 0 && _stream.NextDouble() < probability;

    /// <summary>Ends included.</summary>
    public int Between(int least, int most) => least + _stream.NextInt(most - least + 1);

    public double Between(double least, double most) => least + (most - least) * _stream.NextDouble();

    /// <summary>Exponential, at least 1.</summary>
    public long Duration(double mean) => 1 + (long)(mean * _stream.NextExponential());

    public ulong Next() => _stream.NextUInt64();

    public T OneOf<T>(params ReadOnlySpan<T> choices) => choices[_stream.NextInt(choices.Length)];
}
