using Leaps.Model.Random;
using Leaps.Model.Targets;

namespace Leaps.Model.Sampling.Mcmc;

/// <summary>
/// Wolff: one cluster grown from a random site through bonds between equal values, each kept with
/// probability 1 - e^{-κ}, takes another value: uniform among the others for Potts; Ising: flipped with
/// probability min(1, e^{-2βhsn}), s the spin and n the size of the cluster. A sweep is one cluster.
/// Reversible.
/// Source: U. Wolff, Phys. Rev. Lett. 62, 361 (1989).
/// </summary>
/// <remarks>
/// Words: the site, the value (only for q &gt; 2), one a bond from a site of the cluster to an equal site
/// outside it (last site first, right, down, left, up), the acceptance (only with a field).
/// </remarks>
public sealed class Wolff : McmcKernel
{
    private readonly int[] _neighbours, _cluster, _stack;
    private Probability _keep;
    private double _field;

    public Wolff(Target target) : base(target)
    {
        _neighbours = MatchCouplings.Neighbours(target.Lattice);
        _cluster = new int[target.Sites];
        _stack = new int[target.Sites];
        Prepare(0);
    }

    /// <exception cref="LeapsException">β_t J_t is negative.</exception>
    public override void Prepare(double time)
    {
        var couplings = MatchCouplings.OfFerromagnet(Target, time, "Wolff");
        _keep = new Probability(-SmallArgument.ExpM1(-couplings.Bond));
        _field = couplings.Field;
    }

    public override void Sweep(Span<byte> state, ref RandomStream stream)
    {
        int q = Target.States;
        int seed = stream.NextInt(state.Length);
        byte own = state[seed];
        byte value = (byte)(q == 2 ? 1 - own : (own + 1 + stream.NextInt(q - 1)) % q);

        // Sites change value as they join: what still equals `own` is outside the cluster.
        int size = 0, pending = 0;
        state[seed] = value;
        _stack[pending++] = _cluster[size++] = seed;
        while (pending > 0)
        {
            int site = _stack[--pending];
            for (int direction = 0; direction < 4; direction++)
            {
                int near = _neighbours[4 * site + direction];
                if (state[near] != own || !_keep.Occurs(ref stream))
                    continue;
                state[near] = value;
                _stack[pending++] = _cluster[size++] = near;
            }
        }
        if (_field == 0)
            return;
        double logRatio = (value == 1 ? _field : -_field) * size;
        if (new Probability(Math.Exp(logRatio)).Occurs(ref stream))
            return;
        for (int k = 0; k < size; k++)
            state[_cluster[k]] = own;
    }
}
