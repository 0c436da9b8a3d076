using Leaps.Model.Random;
using Leaps.Model.Targets;

namespace Leaps.Model.Sampling.Mcmc;

/// <summary>
/// Swendsen–Wang: each bond between equal values is kept with probability 1 - e^{-κ}; every cluster of
/// joined sites then takes a new value, uniform for Potts; Ising: +1 with probability ∝ e^{βhn}, n its size.
/// Reversible. Source: R. Swendsen, J.-S. Wang, Phys. Rev. Lett. 58, 86 (1987).
/// </summary>
/// <remarks>
/// Words: one a bond between equal values, site by site, right then down; then a value a cluster, in the
/// order of the clusters' first sites (with a field one double of two words, else one word).
/// </remarks>
public sealed class SwendsenWang : McmcKernel
{
    private readonly int[] _parent, _sizes;
    private readonly byte[] _values;
    private Probability _keep;
    private double _field;

    public SwendsenWang(Target target) : base(target)
    {
        _parent = new int[target.Sites];
        _sizes = new int[target.Sites];
        _values = new byte[target.Sites];
        Prepare(0);
    }

    /// <exception cref="LeapsException">β_t J_t is negative.</exception>
    public override void Prepare(double time)
    {
        var couplings = MatchCouplings.OfFerromagnet(Target, time, "Swendsen–Wang");
        _keep = new Probability(-SmallArgument.ExpM1(-couplings.Bond));
        _field = couplings.Field;
    }

    public override void Sweep(Span<byte> state, ref RandomStream stream)
    {
        int[] right = Target.Lattice.Right, down = Target.Lattice.Down;
        for (int i = 0; i < _parent.Length; i++)
            _parent[i] = i;
        for (int i = 0; i < state.Length; i++)
        {
            if (state[i] == state[right[i]] && _keep.Occurs(ref stream))
                Join(i, right[i]);
            if (state[i] == state[down[i]] && _keep.Occurs(ref stream))
                Join(i, down[i]);
        }
        if (_field != 0)
        {
            Array.Clear(_sizes);
            for (int i = 0; i < state.Length; i++)
                _sizes[Root(i)]++;
        }
        // A root is the first site of its cluster, so its value is drawn before it is copied.
        for (int i = 0; i < state.Length; i++)
        {
            int root = Root(i);
            if (root == i)
                _values[i] = NewValue(i, ref stream);
            state[i] = _values[root];
        }
    }

    private byte NewValue(int root, ref RandomStream stream)
    {
        if (_field == 0)
            return (byte)stream.NextInt(Target.States);
        return stream.NextDouble() < 1 / (1 + Math.Exp(-_field * _sizes[root])) ? (byte)1 : (byte)0;
    }

    private void Join(int i, int j)
    {
        int a = Root(i), b = Root(j);
        if (a < b)
            _parent[b] = a;
        else
            _parent[a] = b;
    }

    private int Root(int i)
    {
        while (_parent[i] != i)
            i = _parent[i] = _parent[_parent[i]];
        return i;
    }
}
