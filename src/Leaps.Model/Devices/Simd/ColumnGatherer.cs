using System.Runtime.Intrinsics;
using Leaps.Model.Networks;
using Leaps.Model.Targets;

namespace Leaps.Model.Devices.Simd;

/// <summary>
/// Lays out what a block of columns sees: for every offset of every window one row of bytes, the values at
/// that offset from each column's site. Consecutive sites of a lattice row are consecutive bytes.
/// </summary>
/// <remarks>
/// Ising values are stored as spins ±1 (0 outside a zero-padded lattice), Potts values as categories
/// (q outside).
/// </remarks>
internal sealed unsafe class ColumnGatherer
{
    /// <summary>Bytes from one row of a table to the next: a block and room for overhanging copies.</summary>
    public const int RowBytes = SimdNetwork.BlockColumns + Chunk;

    // A copy of a short piece of a row moves this many bytes, whatever its length.
    private const int Chunk = 16;

    private readonly Lattice _lattice;
    private readonly bool _spins;
    private readonly int _padRows, _padColumns, _stride;
    private readonly AlignedBuffer<byte> _periodic;
    private readonly AlignedBuffer<byte>? _bounded;
    private readonly int[] _rowStep;            // (rows of the table): step inside the extended lattice
    private readonly bool[] _rowIsBounded;

    public ColumnGatherer(LocallyEquivariantConv net)
    {
        _lattice = net.Lattice;
        _spins = !net.IsPotts;
        _padRows = net.Windows.Max(window => window.Rows) / 2;
        _padColumns = net.Windows.Max(window => window.Columns) / 2;
        _stride = SimdNetwork.RoundUp(_lattice.Columns + 2 * _padColumns, Chunk);
        ExtendedBytes = (_lattice.Rows + 2 * _padRows) * _stride + Chunk;
        _periodic = new AlignedBuffer<byte>(ExtendedBytes);
        bool bounded = net.Padding == FirstPadding.Zeros;
        if (bounded)
        {
            _bounded = new AlignedBuffer<byte>(ExtendedBytes);
            _bounded.Span.Fill((byte)net.PottsStates);
        }
        var rows = new Dictionary<(int, int, bool), int>();
        Rows = new int[net.Windows.Count][];
        for (int w = 0; w < net.Windows.Count; w++)
        {
            var window = net.Windows[w];
            Rows[w] = new int[window.Positions];
            for (int p = 0; p < window.Positions; p++)
            {
                var (dy, dx) = window.Offset(p);
                var key = (dy, dx, bounded && w == 0);
                if (!rows.TryGetValue(key, out int row))
                    rows.Add(key, row = rows.Count);
                Rows[w][p] = row;
            }
        }
        RowCount = rows.Count;
        _rowStep = [.. rows.Keys.Select(key => key.Item1 * _stride + key.Item2)];
        _rowIsBounded = [.. rows.Keys.Select(key => key.Item3)];
    }

    /// <summary>(windows)(positions): the row of the table that holds a window position.</summary>
    public int[][] Rows { get; }
    public int RowCount { get; }

    public int TableBytes => RowCount * RowBytes;

    /// <summary>
    /// Bytes of an extended lattice: the state with a periodic margin as wide as the windows need.
    /// </summary>
    public int ExtendedBytes { get; }

    /// <summary>Makes the given state the one that <see cref="Fill"/> reads.</summary>
    /// <param name="state">(sites)</param>
    public void SetState(ReadOnlySpan<byte> state)
    {
        Extend(state, _periodic.Pointer);
        if (_bounded == null) return;
        for (int y = 0; y < _lattice.Rows; y++)
        {
            int inner = (y + _padRows) * _stride + _padColumns;
            int bytes = _lattice.Columns;
            Buffer.MemoryCopy(_periodic.Pointer + inner, _bounded.Pointer + inner, bytes, bytes);
        }
    }

    /// <summary>Writes the extended lattice of a state.</summary>
    /// <param name="state">(sites)</param>
    /// <param name="extended">(extended bytes)</param>
    public void Extend(ReadOnlySpan<byte> state, byte* extended)
    {
        int rows = _lattice.Rows, columns = _lattice.Columns;
        for (int y = -_padRows; y < rows + _padRows; y++)
        {
            var source = state.Slice((y + rows) % rows * columns, columns);
            byte* line = extended + (y + _padRows) * _stride;
            byte* inner = line + _padColumns;
            for (int x = 0; x < columns; x++)
                inner[x] = _spins ? (byte)(2 * source[x] - 1) : source[x];
            for (int x = 0; x < _padColumns; x++)
            {
                line[x] = inner[x + columns - _padColumns];
                inner[columns + x] = inner[x];
            }
        }
    }

    /// <summary>
    /// Writes one column of a table of a window's positions, row p being position p: what site
    /// <paramref name="site"/> sees on the extended lattice.
    /// </summary>
    public void FillWindow(byte* extended, int site, Window window, byte* table, int column)
    {
        int columns = _lattice.Columns;
        byte* source = extended + (site / columns + _padRows - window.Rows / 2) * _stride
            + site % columns + _padColumns - window.Columns / 2;
        byte* target = table + column;
        for (int y = 0; y < window.Rows; y++, source += _stride)
        {
            for (int x = 0; x < window.Columns; x++, target += RowBytes)
                *target = source[x];
        }
    }

    /// <summary>
    /// Writes columns <paramref name="at"/> … of the table for the sites <paramref name="site"/> … of the
    /// present state, all in one lattice row; in ascending order of columns, since a copy may overhang to the
    /// right.
    /// </summary>
    public void Fill(byte* table, int at, int site, int length)
    {
        int columns = _lattice.Columns;
        int origin = (site / columns + _padRows) * _stride + site % columns + _padColumns;
        byte* periodic = _periodic.Pointer + origin;
        byte* bounded = _bounded == null ? null : _bounded.Pointer + origin;
        byte* target = table + at;
        for (int row = 0; row < _rowStep.Length; row++, target += RowBytes)
        {
            byte* source = (_rowIsBounded[row] ? bounded : periodic) + _rowStep[row];
            if (length <= 8)
                *(ulong*)target = *(ulong*)source;
            else
                for (int x = 0; x < length; x += Chunk)
                    Vector128.Store(Vector128.Load(source + x), target + x);
        }
    }
}
