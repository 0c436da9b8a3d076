using Leaps.Model.Random;
using Leaps.Model.Targets;

namespace Leaps.Model.Sampling.Mcmc;

/// <summary>
/// Heat bath over the colour classes, every site once. Leaves ρ_t invariant (a product of reversible
/// updates) but is not reversible itself. The fast one: one word and one table look-up a site.
/// </summary>
/// <remarks>
/// Words: first one for every site, in the order of <see cref="ColourClasses.Sites"/>, then those that
/// break ties (each once in 2^32), in the same order. For q &gt; 8 two a site, in that order.
/// </remarks>
public sealed class HeatBathSweep : McmcKernel
{
    private readonly HeatBathTable _table;

    // Site, right, down, left, up, in the order of the sweep, (sites, 5).
    private readonly int[] _order;
    private readonly uint[] _words;

    public HeatBathSweep(Target target) : base(target)
    {
        _table = new HeatBathTable(target);
        _order = new int[5 * target.Sites];
        _words = new uint[target.Sites];
        int[] neighbours = MatchCouplings.Neighbours(target.Lattice);
        int[] sites = new ColourClasses(target.Lattice).Sites;
        for (int k = 0; k < sites.Length; k++)
        {
            _order[5 * k] = sites[k];
            neighbours.AsSpan(4 * sites[k], 4).CopyTo(_order.AsSpan(5 * k + 1));
        }
        Prepare(0);
    }

    public override void Prepare(double time) => _table.Prepare(time);

    public override void Sweep(Span<byte> state, ref RandomStream stream)
    {
        if (state.Length != _words.Length)
            throw new ArgumentException(
                $"The state has {state.Length} sites, the target {_words.Length}.", nameof(state));
        if (_table.Tabulated)
            stream.Fill(_words);
        if (Target.States == 2)
            SweepBinary(state, ref stream);
        else
            SweepGeneral(state, ref stream);
    }

    private unsafe void SweepBinary(Span<byte> state, ref RandomStream stream)
    {
        ulong[] thresholds = _table.Thresholds;
        fixed (byte* x = state)
        fixed (int* order = _order)
        fixed (uint* words = _words)
        fixed (ulong* table = thresholds)
        {
            int* near = order;
            for (int k = 0; k < _words.Length; k++, near += 5)
            {
                int ones = x[near[1]] + x[near[2]] + x[near[3]] + x[near[4]];
                uint word = words[k], high = (uint)(table[ones] >> 32);
                x[near[0]] = word > high ? (byte)1 : (byte)0;
                if (word == high)
                    x[near[0]] = HeatBathTable.BreakTie(word, thresholds.AsSpan(ones, 1), ref stream);
            }
        }
    }

    private void SweepGeneral(Span<byte> state, ref RandomStream stream)
    {
        bool tabulated = _table.Tabulated;
        for (int k = 0; k < _words.Length; k++)
        {
            var near = _order.AsSpan(5 * k, 5);
            byte r = state[near[1]], d = state[near[2]], l = state[near[3]], u = state[near[4]];
            state[near[0]] = tabulated
                ? _table.Draw(_words[k], r, d, l, u, ref stream)
                : _table.Draw(r, d, l, u, ref stream);
        }
    }
}
