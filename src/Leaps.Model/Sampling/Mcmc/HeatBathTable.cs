using System.Runtime.CompilerServices;
using Leaps.Model.Random;
using Leaps.Model.Targets;

namespace Leaps.Model.Sampling.Mcmc;

/// <summary>
/// The conditional distribution of a site given its four neighbours, P(v) ∝ exp(κ n_v + φ δ(v, 1)), as
/// cumulative thresholds: with q = 2 by the number of neighbours in state 1, up to q = 8 by the four
/// neighbours' values, beyond that computed on the spot.
/// </summary>
/// <remarks>
/// Words of a draw: one (a second when it ties with a threshold, once in 2^32); two for q &gt; 8.
/// </remarks>
internal sealed class HeatBathTable
{
    private const int LargestTabulated = 8;
    private readonly Target _target;
    private readonly int _states;
    private readonly double[] _factors = new double[9]; // e^{κ d}, d = -4 … 4
    private readonly double[] _weights;                 // (q), scratch
    private bool _ferromagnet;
    private double _time = double.NaN;                  // of the thresholds

    public HeatBathTable(Target target)
    {
        _target = target;
        _states = target.States;
        _weights = new double[_states];
        int configurations = _states switch
        {
            2 => 5,
            <= LargestTabulated => _states * _states * _states * _states,
            _ => 0,
        };
        Thresholds = new ulong[configurations * (_states - 1)];
    }

    /// <summary>Whether a draw is one look-up with one word.</summary>
    public bool Tabulated => _states <= LargestTabulated;

    /// <summary>P(value ≤ v) · 2^64, v = 0 … q-2, (neighbour configurations, q-1).</summary>
    public ulong[] Thresholds { get; }

    /// <summary>
    /// Makes the tables of a time unless they are there already: for q = 8 they have 28,672 entries.
    /// </summary>
    public void Prepare(double time)
    {
        if (time == _time) return;
        _time = time;
        var couplings = MatchCouplings.Of(_target, time);
        _ferromagnet = couplings.Bond >= 0;
        for (int d = -4; d <= 4; d++)
            _factors[4 + d] = Math.Exp(couplings.Bond * d);
        if (_states == 2)
        {
            for (int ones = 0; ones <= 4; ones++)
            {
                double logOdds = couplings.Bond * (2 * ones - 4) + couplings.Field;
                Thresholds[ones] = new Probability(1 / (1 + Math.Exp(logOdds))).Fraction;
            }
            return;
        }
        for (int configuration = 0; configuration * (_states - 1) < Thresholds.Length; configuration++)
        {
            int q = _states, c = configuration;
            double total = Conditional(
                (byte)(c / (q * q * q)), (byte)(c / (q * q) % q), (byte)(c / q % q), (byte)(c % q));
            double cumulative = 0;
            for (int v = 0; v < q - 1; v++)
            {
                cumulative += _weights[v];
                Thresholds[c * (q - 1) + v] = new Probability(cumulative / total).Fraction;
            }
        }
    }

    /// <summary>The new value of a site whose neighbours are r, d, l, u.</summary>
    public byte Draw(byte r, byte d, byte l, byte u, ref RandomStream stream) =>
        Tabulated ? Draw(stream.NextUInt32(), r, d, l, u, ref stream) : DrawDirectly(r, d, l, u, ref stream);

    /// <summary>The same by table, with the word already drawn.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte Draw(uint word, byte r, byte d, byte l, byte u, ref RandomStream stream)
    {
        int q = _states;
        int configuration = q == 2 ? r + d + l + u : ((r * q + d) * q + l) * q + u;
        var thresholds = Thresholds.AsSpan(configuration * (q - 1), q - 1);
        int value = 0;
        bool tie = false;
        foreach (ulong threshold in thresholds)
        {
            uint high = (uint)(threshold >> 32);
            value += word > high ? 1 : 0;
            tie |= word == high;
        }
        return tie ? BreakTie(word, thresholds, ref stream) : (byte)value;
    }

    /// <summary>A word that equals the upper half of a threshold needs its lower half too.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static byte BreakTie(uint word, ReadOnlySpan<ulong> thresholds, ref RandomStream stream)
    {
        ulong fraction = (ulong)word << 32 | stream.NextUInt32();
        int value = 0;
        foreach (ulong threshold in thresholds)
            value += fraction >= threshold ? 1 : 0;
        return (byte)value;
    }

    private byte DrawDirectly(byte r, byte d, byte l, byte u, ref RandomStream stream)
    {
        double position = stream.NextDouble() * Conditional(r, d, l, u);
        int value = 0;
        while (value < _states - 1 && position >= _weights[value])
            position -= _weights[value++];
        return (byte)value;
    }

    // The weights of all values relative to the largest, and their sum; φ = 0 here.
    private double Conditional(byte r, byte d, byte l, byte u)
    {
        int fewest = 4, most = 0;
        for (int v = 0; v < _states; v++)
        {
            int matches = Matches(v, r, d, l, u);
            fewest = Math.Min(fewest, matches);
            most = Math.Max(most, matches);
        }
        int likeliest = _ferromagnet ? most : fewest;
        double total = 0;
        for (int v = 0; v < _states; v++)
            total += _weights[v] = _factors[4 + Matches(v, r, d, l, u) - likeliest];
        return total;
    }

    private static int Matches(int v, byte r, byte d, byte l, byte u) =>
        (v == r ? 1 : 0) + (v == d ? 1 : 0) + (v == l ? 1 : 0) + (v == u ? 1 : 0);
}
