using Leaps.Model.Targets;

namespace Leaps.Model.Sampling.Mcmc;

/// <summary>
/// A proper colouring of the periodic lattice: no bond joins two sites of one class, so the sites of a class
/// are conditionally independent given the others and can be updated in any order or all at once.
/// </summary>
/// <remarks>
/// Even × even: the two classes of the chessboard. With an odd side two don't suffice (the seam closes an
/// odd cycle), three do: class = (a(row) + b(column)) mod 3, a and b proper 3-colourings of the cycles of
/// rows and of columns, hence of nearly equal size.
/// </remarks>
public sealed class ColourClasses
{
    private readonly int[] _starts;

    public ColourClasses(Lattice lattice)
    {
        bool even = lattice.Rows % 2 == 0 && lattice.Columns % 2 == 0;
        Count = even ? 2 : 3;
        _starts = new int[Count + 1];
        Sites = new int[lattice.Sites];
        int placed = 0;
        for (int colour = 0; colour < Count; colour++)
        {
            _starts[colour] = placed;
            for (int i = 0; i < Sites.Length; i++)
            {
                int row = i / lattice.Columns, column = i % lattice.Columns;
                int own = even
                    ? (row + column) % 2
                    : (OnCycle(row, lattice.Rows) + OnCycle(column, lattice.Columns)) % 3;
                if (own == colour)
                    Sites[placed++] = i;
            }
        }
        _starts[Count] = placed;
    }

    /// <summary>How many classes: two or three.</summary>
    public int Count { get; }

    /// <summary>Every site once, class after class, row-major inside a class: the order of a sweep.</summary>
    public int[] Sites { get; }

    /// <summary>The sites of one class.</summary>
    public ReadOnlySpan<int> Class(int colour) =>
        Sites.AsSpan(_starts[colour], _starts[colour + 1] - _starts[colour]);

    // Colours of a cycle: +1 mod 3 a step and, so that the last step closes the cycle, -1 in the last
    // (2 · length mod 3) steps: then the steps add up to a multiple of three.
    private static int OnCycle(int position, int length)
    {
        int rising = length - 2 * length % 3;
        return (position <= rising ? position : 2 * rising - position) % 3;
    }
}
