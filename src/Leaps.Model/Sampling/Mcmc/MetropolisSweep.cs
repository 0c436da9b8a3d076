using Leaps.Model.Random;
using Leaps.Model.Targets;

namespace Leaps.Model.Sampling.Mcmc;

/// <summary>
/// Metropolis over the colour classes, every site once. Leaves ρ_t invariant (a product of reversible
/// updates) but is not reversible itself; at β = 0 the Ising sweep flips every spin, so it doesn't mix there.
/// </summary>
/// <remarks>
/// Words of a site, in the order of <see cref="ColourClasses.Sites"/>: the value (only for q &gt; 2), the
/// acceptance.
/// </remarks>
public sealed class MetropolisSweep : McmcKernel
{
    private readonly MetropolisUpdate _update;
    private readonly int[] _order;

    public MetropolisSweep(Target target) : base(target)
    {
        _update = new MetropolisUpdate(target);
        _order = new ColourClasses(target.Lattice).Sites;
        Prepare(0);
    }

    public override void Prepare(double time) => _update.Prepare(time);

    public override void Sweep(Span<byte> state, ref RandomStream stream)
    {
        foreach (int site in _order)
            _update.Update(state, site, ref stream);
    }
}
