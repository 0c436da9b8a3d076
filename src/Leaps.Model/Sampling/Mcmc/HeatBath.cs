using Leaps.Model.Random;
using Leaps.Model.Targets;

namespace Leaps.Model.Sampling.Mcmc;

/// <summary>
/// Random-site heat bath (Glauber, Gibbs): a sweep is <see cref="Moves"/> moves, each drawing a site
/// uniformly and its value from the conditional distribution given the neighbours. Reversible.
/// </summary>
/// <remarks>Words of a move: the site, the value (two for q &gt; 8).</remarks>
public sealed class HeatBath : McmcKernel
{
    private readonly HeatBathTable _table;
    private readonly int[] _neighbours;

    /// <param name="target">Ising or Potts</param>
    /// <param name="moves">moves in a sweep; 0 means one a site</param>
    public HeatBath(Target target, int moves = 0) : base(target)
    {
        Moves = moves == 0 ? target.Sites : moves;
        _table = new HeatBathTable(target);
        _neighbours = MatchCouplings.Neighbours(target.Lattice);
        Prepare(0);
    }

    public int Moves { get; }

    public override void Prepare(double time) => _table.Prepare(time);

    public override void Sweep(Span<byte> state, ref RandomStream stream)
    {
        for (int move = 0; move < Moves; move++)
        {
            int site = stream.NextInt(state.Length);
            var near = _neighbours.AsSpan(4 * site, 4);
            state[site] =
                _table.Draw(state[near[0]], state[near[1]], state[near[2]], state[near[3]], ref stream);
        }
    }
}
