using System.Numerics;
using Leaps.Model.Targets;

namespace Leaps.Model.Observables;

/// <summary>
/// Counts the pairs of sites with equal values at distance r along a row, over all rows, r = 0 … columns/2:
/// Σ_i δ(x_i, x_{i+r}). An instance serves one thread; a count allocates nothing.
/// </summary>
/// <remarks>
/// Every row is copied with its first columns/2 values repeated at its end, (rows, columns + columns/2).
/// Then a shift by r is one flat comparison of bytes, masked where it starts in the repeated part.
/// </remarks>
internal sealed class RowPairs
{
    private readonly int _columns, _stride;
    private readonly byte[] _wide; // (rows, stride), then room for a shift and a vector
    private readonly byte[] _mask; // 1 in the first columns of a row

    public RowPairs(Lattice lattice)
    {
        _columns = lattice.Columns;
        Distances = _columns / 2 + 1;
        _stride = _columns + _columns / 2;
        int length = lattice.Rows * _stride;
        _mask = new byte[length + Vector<byte>.Count];
        _wide = new byte[_mask.Length + _columns];
        for (int start = 0; start < length; start += _stride)
            _mask.AsSpan(start, _columns).Fill(1);
    }

    /// <summary>columns/2 + 1.</summary>
    public int Distances { get; }

    /// <param name="state">(sites)</param>
    /// <param name="equal">(distances)</param>
    public void Count(ReadOnlySpan<byte> state, Span<int> equal)
    {
        for (int from = 0, to = 0; from < state.Length; from += _columns, to += _stride)
        {
            var row = state.Slice(from, _columns);
            row.CopyTo(_wide.AsSpan(to));
            row[..(_columns / 2)].CopyTo(_wide.AsSpan(to + _columns));
        }
        for (int r = 0; r < Distances; r++)
            equal[r] = CountShifted(r);
    }

    private int CountShifted(int shift)
    {
        const int largestByte = 255;
        int lanes = Vector<byte>.Count, length = _mask.Length / lanes * lanes, sum = 0;
        for (int start = 0; start < length; start += largestByte * lanes)
        {
            var counts = Vector<byte>.Zero;
            int end = Math.Min(length, start + largestByte * lanes);
            for (int i = start; i < end; i += lanes)
            {
                var same = Vector.Equals(new Vector<byte>(_wide, i), new Vector<byte>(_wide, i + shift));
                counts += same & new Vector<byte>(_mask, i);
            }
            Vector.Widen(counts, out var low, out var high);
            sum += Vector.Sum(low + high);
        }
        return sum;
    }
}
