using Leaps.Model.Targets;

namespace Leaps.Model.GroundTruth;

/// <summary>
/// The exact log Z_t at any annealing time of a target's path: Kaufman where it covers the couplings at t,
/// else one enumeration for all times. For every other exact value see <see cref="ExactAnswer"/>.
/// </summary>
public sealed class ExactLogNormalizer(Target target)
{
    private readonly Lazy<DensityOfStates?> _density =
        new(() => Enumeration.Covers(target) ? DensityOfStates.Of(target) : null);

    /// <summary>
    /// log Z_t, or null where nothing exact is at hand (seconds where it enumerates, once).
    /// </summary>
    public double? At(double t)
    {
        var couplings = target.Schedule.At(t);
        if (couplings is { Bond: 0, Site: 0 })
            return target.LogInitialNormalizer;
        var (rows, columns) = (target.Lattice.Rows, target.Lattice.Columns);
        if (target is IsingTarget && couplings.Site == 0 && Kaufman.Covers(rows, columns, couplings.Bond))
            return Kaufman.At(rows, columns, couplings.Bond).LogNormalizer;
        // δ = (1 + s s') / 2: Potts with q = 2 at βJ is Ising at βJ/2, with 2N bonds shifted by a constant.
        if (target is PottsTarget { States: 2 } && Kaufman.Covers(rows, columns, couplings.Bond / 2))
            return Kaufman.At(rows, columns, couplings.Bond / 2).LogNormalizer
                + couplings.Bond * target.Sites;
        return _density.Value?.At(t).LogNormalizer;
    }
}
