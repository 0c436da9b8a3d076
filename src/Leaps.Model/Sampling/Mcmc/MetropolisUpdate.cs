using System.Runtime.CompilerServices;
using Leaps.Model.Random;
using Leaps.Model.Targets;

namespace Leaps.Model.Sampling.Mcmc;

/// <summary>
/// The Metropolis update of one site: propose one of the q - 1 other values uniformly, accept with
/// probability min(1, e^{-ΔU_t}). Words: the value (only for q &gt; 2), then the acceptance.
/// </summary>
internal sealed class MetropolisUpdate(Target target)
{
    /// <summary>Acceptance probabilities of a time.</summary>
    public const int Thresholds = 18;

    private readonly int[] _neighbours = MatchCouplings.Neighbours(target.Lattice);
    private readonly int _states = target.States;

    // By the proposed value (q = 2: the field distinguishes them) and n_v - n_own = -4 … 4, (2, 9).
    private readonly Probability[] _acceptance = new Probability[Thresholds];

    public void Prepare(double time)
    {
        var couplings = MatchCouplings.Of(target, time);
        for (int gain = -4; gain <= 4; gain++)
        {
            _acceptance[4 + gain] = new Probability(Math.Exp(couplings.Bond * gain - couplings.Field));
            _acceptance[13 + gain] = new Probability(Math.Exp(couplings.Bond * gain + couplings.Field));
        }
    }

    /// <summary>
    /// The acceptance probabilities as fractions of 2^64, (2, 9), for a device with own kernels.
    /// </summary>
    public void CopyThresholds(Span<ulong> thresholds)
    {
        for (int k = 0; k < Thresholds; k++)
            thresholds[k] = _acceptance[k].Fraction;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Update(Span<byte> state, int site, ref RandomStream stream)
    {
        var near = _neighbours.AsSpan(4 * site, 4);
        int r = state[near[0]], d = state[near[1]], l = state[near[2]], u = state[near[3]];
        int own = state[site], value, gain, table;
        if (_states == 2)
        {
            value = 1 - own;
            int ones = r + d + l + u;
            gain = value == 1 ? 2 * ones - 4 : 4 - 2 * ones;
            table = 9 * value;
        }
        else
        {
            value = own + 1 + stream.NextInt(_states - 1);
            if (value >= _states)
                value -= _states;
            gain = Matches(value, r, d, l, u) - Matches(own, r, d, l, u);
            table = 0;
        }
        if (_acceptance[table + 4 + gain].Occurs(ref stream))
            state[site] = (byte)value;
    }

    private static int Matches(int v, int r, int d, int l, int u) =>
        (v == r ? 1 : 0) + (v == d ? 1 : 0) + (v == l ? 1 : 0) + (v == u ? 1 : 0);
}
