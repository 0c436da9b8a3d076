namespace Leaps.Model.Targets;

/// <summary>
/// The periodic square lattice of <see cref="Rows"/> × <see cref="Columns"/> sites, row-major.
/// Each site has one bond to the right and one down; a side of length two therefore has double bonds.
/// </summary>
public sealed class Lattice
{
    public Lattice(int rows, int columns)
    {
        if (rows < 2 || columns < 2 || (long)rows * columns > 1 << 24)
            throw new LeapsException(
                $"A lattice of {rows}×{columns} is not possible: each side must be at least 2, and the "
                + "sites at most 2^24.");
        Rows = rows;
        Columns = columns;
        Right = Neighbours(0, 1);
        Down = Neighbours(1, 0);
        Left = Neighbours(0, -1);
        Up = Neighbours(-1, 0);
    }

    public int Rows { get; }
    public int Columns { get; }
    public int Sites => Rows * Columns;

    /// <summary>Neighbour tables, (sites): the site to the right, below, to the left, above.</summary>
    public int[] Right { get; }
    public int[] Down { get; }
    public int[] Left { get; }
    public int[] Up { get; }

    /// <summary>The site at (row, column), each taken modulo its side.</summary>
    public int Site(int row, int column) =>
        (row % Rows + Rows) % Rows * Columns + (column % Columns + Columns) % Columns;

    public override string ToString() => Rows == Columns ? $"L={Rows}" : $"{Rows}×{Columns}";

    private int[] Neighbours(int rowStep, int columnStep)
    {
        var table = new int[Sites];
        for (int i = 0; i < Sites; i++)
            table[i] = Site(i / Columns + rowStep, i % Columns + columnStep);
        return table;
    }
}
