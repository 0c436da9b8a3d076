using Leaps.Model.Random;

namespace Leaps.Model.Sampling;

/// <summary>A run of a scheme's sorted points, from which anyone with the stream can draw it again.</summary>
/// <param name="Of">how many points the scheme has in all</param>
/// <param name="First">index of the run's first point</param>
/// <param name="Count">points in the run</param>
/// <param name="SpacingsBefore">multinomial: the exponential spacings up to the point before, summed</param>
/// <param name="Spacings">multinomial: all spacings, summed</param>
public readonly record struct PointRange(
    int Of, int First, int Count, double SpacingsBefore, double Spacings);

/// <summary>
/// The points of <see cref="Resampling.Points"/>, bit for bit, one after the other and without an array; from
/// the start, or from the start of any <see cref="PointRange"/> in constant time.
/// </summary>
public struct SortedPoints
{
    private readonly ResamplingScheme _scheme;
    private readonly double _offset, _spacings;
    private RandomStream _stream;
    private double _before, _sum;

    /// <summary>At the first of all points. Multinomial draws all spacings once, for their sum.</summary>
    /// <param name="scheme">the scheme; for Residual, the points are the multinomial ones</param>
    /// <param name="count">points in all</param>
    /// <param name="stream">the stream of the resampling, from its start</param>
    public SortedPoints(ResamplingScheme scheme, int count, RandomStream stream)
        : this(scheme, new PointRange(count, 0, count, 0, Sum(scheme, count, stream)), stream) { }

    /// <summary>At the first point of the range.</summary>
    public SortedPoints(ResamplingScheme scheme, in PointRange range, RandomStream stream)
    {
        _scheme = scheme;
        Count = range.Of;
        Index = range.First;
        _sum = range.SpacingsBefore;
        _spacings = range.Spacings;
        if (scheme == ResamplingScheme.Systematic)
            _offset = stream.NextDouble();
        else
            stream.Skip(2L * range.First);
        _stream = stream;
        Draw();
    }

    /// <summary>Points in all.</summary>
    public int Count { get; }

    /// <summary>Index of the present point; <see cref="Count"/> after the last.</summary>
    public int Index { get; private set; }

    /// <summary>The present point, in [0, 1].</summary>
    public double Current { get; private set; }

    /// <summary>The empty range at the present point.</summary>
    public readonly PointRange Here => new(Count, Index, 0, _before, _spacings);

    /// <summary>Goes on to the next point.</summary>
    public void MoveNext()
    {
        Index++;
        Draw();
    }

    /// <summary>
    /// Goes on to the first point whose position, point times <paramref name="total"/>, is not below the
    /// bound. Systematic points are an arithmetic progression: there this takes constant time.
    /// </summary>
    public void SkipBelow(double bound, double total)
    {
        if (_scheme == ResamplingScheme.Systematic && Index < Count)
        {
            // The quotient is off by rounding; the comparison that counts is the one of the scan.
            int next = (int)Math.Clamp(Math.Ceiling(bound / total * Count - _offset), Index, Count);
            while (next > Index && Systematic(next - 1) * total >= bound)
                next--;
            while (next < Count && Systematic(next) * total < bound)
                next++;
            Index = next;
            Draw();
            return;
        }
        while (Index < Count && Current * total < bound)
            MoveNext();
    }

    private readonly double Systematic(int m) => (m + _offset) / Count;

    private void Draw()
    {
        _before = _sum;
        if (Index >= Count) return;
        Current = _scheme switch
        {
            ResamplingScheme.Systematic => Systematic(Index),
            ResamplingScheme.Stratified => (Index + _stream.NextDouble()) / Count,
            _ => (_sum += _stream.NextExponential()) / _spacings,
        };
    }

    private static double Sum(ResamplingScheme scheme, int count, RandomStream stream)
    {
        if (scheme is ResamplingScheme.Systematic or ResamplingScheme.Stratified) return 0;
        double sum = 0;
        for (int m = 0; m <= count; m++)
            sum += stream.NextExponential();
        return sum;
    }
}
