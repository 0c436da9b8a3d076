using Leaps.Model.Networks;

namespace Leaps.Model.Devices.Simd;

/// <summary>
/// Which columns a change of x_k touches. P^0_i changes where k is in window 0 of i. In layer l, columns
/// whose h^l changed need their whole sum again; columns that only see x_k change by one term:
/// ΔP^{l+1}_i = K^l_i[k-i] (e(x_k new) - e(x_k old)). P_k itself never changes: it does not see x_k.
/// </summary>
/// <remarks>
/// With windows that grow from layer to layer most columns of the large ones change by one term.
/// </remarks>
internal sealed class JumpReach
{
    /// <summary>
    /// A column at a displacement from k, and the position of its window at which it sees k.
    /// </summary>
    public readonly record struct Column(int Row, int ColumnStep, int Position);

    public JumpReach(LocallyEquivariantConv net)
    {
        var reached = new List<Column>();
        var seen = new HashSet<(int, int)>();
        First = Seeing(net.Windows[0]);
        Add(First);
        Full = new Column[net.Layers][];
        Single = new Column[net.Layers][];
        double work = 0, all = 0;
        for (int l = 0; l < net.Layers; l++)
        {
            var window = net.Windows[l + 1];
            Full[l] = [.. reached];
            Single[l] = [.. Seeing(window).Where(column => !seen.Contains(Place(net, column)))];
            Add(Single[l]);
            work += (double)Full[l].Length * window.Positions;
            all += (double)net.Lattice.Sites * window.Positions;
        }
        Last = [.. reached];
        WorkFraction = work / all;

        void Add(Column[] columns)
        {
            foreach (var column in columns)
            {
                if (seen.Add(Place(net, column))) reached.Add(column);
            }
        }
    }

    /// <summary>Columns whose P^0 changes.</summary>
    public Column[] First { get; }

    /// <summary>(layers): columns whose h^l changed.</summary>
    public Column[][] Full { get; }

    /// <summary>(layers): the other columns that see k.</summary>
    public Column[][] Single { get; }

    /// <summary>Columns whose last P changes.</summary>
    public Column[] Last { get; }

    /// <summary>Work of the full sums as a part of a whole evaluation.</summary>
    public double WorkFraction { get; }

    // i + offset(p) = k, so the column lies at minus the offset from k.
    private static Column[] Seeing(Window window) =>
    [
        .. Enumerable.Range(0, window.Positions).Where(p => p != window.Centre)
            .Select(p => new Column(-window.Offset(p).Row, -window.Offset(p).Column, p)),
    ];

    private static (int, int) Place(LocallyEquivariantConv net, Column column) =>
        ((column.Row % net.Lattice.Rows + net.Lattice.Rows) % net.Lattice.Rows,
            (column.ColumnStep % net.Lattice.Columns + net.Lattice.Columns) % net.Lattice.Columns);
}
