using Leaps.Model.Random;
using Leaps.Model.Targets;

namespace Leaps.Model.Sampling.Mcmc;

/// <summary>
/// Random-site Metropolis: a sweep is <see cref="Moves"/> moves, each at a site drawn uniformly and
/// independently for this walker. Reversible. Source: N. Metropolis et al., J. Chem. Phys. 21 (1953).
/// </summary>
/// <remarks>Words of a move: the site, the value (only for q &gt; 2), the acceptance.</remarks>
public sealed class Metropolis : McmcKernel
{
    private readonly MetropolisUpdate _update;

    /// <param name="target">Ising or Potts</param>
    /// <param name="moves">moves in a sweep; 0 means one a site</param>
    public Metropolis(Target target, int moves = 0) : base(target)
    {
        Moves = moves == 0 ? target.Sites : moves;
        _update = new MetropolisUpdate(target);
        Prepare(0);
    }

    public int Moves { get; }

    public override void Prepare(double time) => _update.Prepare(time);

    public override void Sweep(Span<byte> state, ref RandomStream stream)
    {
        for (int move = 0; move < Moves; move++)
            _update.Update(state, stream.NextInt(state.Length), ref stream);
    }
}
