using System.Numerics;
using Leaps.Model.Targets;

namespace Leaps.Model.Observables;

/// <summary>
/// Counts the pairs of sites with equal values at a displacement (Δy, Δx), over all sites of the periodic
/// lattice: Σ_i δ(x_i, x_{i+(Δy, Δx)}). An instance serves one thread; a count allocates nothing.
/// </summary>
/// <remarks>
/// The state is copied with the first columns/2 values of each row repeated at its end, and its first rows
/// below the last: (rows + largest Δy, columns + columns/2). Then a displacement is one flat comparison of
/// bytes, masked where it starts in a repeated column.
/// </remarks>
internal sealed class EqualPairs
{
    private readonly int _columns, _stride, _copiedSites;
    private readonly byte[] _wide; // (rows + largest Δy, stride), then room for a shift and a vector
    private readonly byte[] _mask; // (rows, stride), 1 in the first columns of a row; then room for a vector

    /// <param name="lattice">of the states</param>
    /// <param name="largestRowShift">the largest Δy, 0 … rows</param>
    public EqualPairs(Lattice lattice, int largestRowShift)
    {
        _columns = lattice.Columns;
        _stride = _columns + _columns / 2;
        _copiedSites = largestRowShift * _columns;
        int length = lattice.Rows * _stride;
        _mask = new byte[length + Vector<byte>.Count];
        _wide = new byte[_mask.Length + largestRowShift * _stride + _columns];
        for (int start = 0; start < length; start += _stride)
            _mask.AsSpan(start, _columns).Fill(1);
    }

    /// <summary>Takes the state that is counted from now on.</summary>
    /// <param name="state">(sites)</param>
    public void Load(ReadOnlySpan<byte> state)
    {
        int to = CopyRows(state, 0);
        CopyRows(state[.._copiedSites], to);
    }

    /// <summary>Pairs at (Δy, Δx).</summary>
    /// <param name="rowShift">Δy, 0 … the largest</param>
    /// <param name="columnShift">Δx, 0 … columns/2</param>
    public int Count(int rowShift, int columnShift) => CountBetween(0, rowShift * _stride + columnShift);

    /// <summary>Pairs at (Δy, -Δx): of the site at Δx and the site at Δy from the same one.</summary>
    /// <inheritdoc cref="Count"/>
    public int CountMirrored(int rowShift, int columnShift) => CountBetween(columnShift, rowShift * _stride);

    private int CopyRows(ReadOnlySpan<byte> rows, int to)
    {
        for (; rows.Length > 0; rows = rows[_columns..], to += _stride)
        {
            rows[.._columns].CopyTo(_wide.AsSpan(to));
            rows[..(_columns / 2)].CopyTo(_wide.AsSpan(to + _columns));
        }
        return to;
    }

    private int CountBetween(int shift, int otherShift)
    {
        const int largestByte = 255;
        int lanes = Vector<byte>.Count, length = _mask.Length / lanes * lanes, sum = 0;
        for (int start = 0; start < length; start += largestByte * lanes)
        {
            var counts = Vector<byte>.Zero;
            int end = Math.Min(length, start + largestByte * lanes);
            for (int i = start; i < end; i += lanes)
            {
                var same = Vector.Equals(
                    new Vector<byte>(_wide, i + shift), new Vector<byte>(_wide, i + otherShift));
                counts += same & new Vector<byte>(_mask, i);
            }
            Vector.Widen(counts, out var low, out var high);
            sum += Vector.Sum(low + high);
        }
        return sum;
    }
}
