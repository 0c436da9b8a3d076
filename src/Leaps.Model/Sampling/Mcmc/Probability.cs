using System.Runtime.CompilerServices;
using Leaps.Model.Random;

namespace Leaps.Model.Sampling.Mcmc;

/// <summary>
/// A probability as a 64-bit fraction, for comparison with random words. An event costs one 32-bit word and,
/// only when that word equals the upper half (once in 2^32), a second one for the lower half: so the
/// probability is exact to 2^-64, finer than a double near one.
/// </summary>
internal readonly struct Probability(double value)
{
    /// <summary>⌊value · 2^64⌋, one being 2^64 - 1.</summary>
    public ulong Fraction { get; } = value >= 1 ? ulong.MaxValue : (ulong)(value * 18446744073709551616.0);

    /// <summary>Whether the event happens.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Occurs(ref RandomStream stream)
    {
        uint word = stream.NextUInt32(), high = (uint)(Fraction >> 32);
        return word < high || (word == high && stream.NextUInt32() < (uint)Fraction);
    }
}
