using Leaps.Model.Targets;

namespace Leaps.Model.Networks;

/// <summary>
/// The window of a convolution: rows × columns offsets around a site, position = row-major, the centre
/// being the site itself. An even side is allowed only when it equals the lattice's: then every other site
/// is seen exactly once. A side longer than the lattice's would see the site itself through the boundary.
/// </summary>
public readonly record struct Window(int Rows, int Columns)
{
    public int Positions => Rows * Columns;
    public int Centre => Rows / 2 * Columns + Columns / 2;

    /// <summary>Row and column offset of a position: -(side/2) … (side-1)/2.</summary>
    public (int Row, int Column) Offset(int position) =>
        (position / Columns - Rows / 2, position % Columns - Columns / 2);

    public override string ToString() => Rows == Columns ? $"{Rows}" : $"{Rows}×{Columns}";

    /// <exception cref="LeapsException">The window does not fit the lattice.</exception>
    public void Validate(Lattice lattice)
    {
        Check(Rows, lattice.Rows, this);
        Check(Columns, lattice.Columns, this);
        if (Positions == 1)
            throw new LeapsException(
                "A kernel of size 1 sees only the site itself: use at least 2 sites a side.");

        static void Check(int side, int latticeSide, Window window)
        {
            if (side < 1)
                throw new LeapsException($"Kernel size {window} is not possible: use sizes of at least 1.");
            if (side > latticeSide)
                throw new LeapsException(
                    $"Kernel size {window} is larger than the lattice side {latticeSide}: a window "
                    + "that wraps around sees its own site and breaks local equivariance. Use at most "
                    + $"{latticeSide}.");
            if (side % 2 == 0 && side != latticeSide)
                throw new LeapsException(
                    $"Kernel size {window} is even: use an odd size, or the full lattice side "
                    + $"{latticeSide}.");
        }
    }
}
