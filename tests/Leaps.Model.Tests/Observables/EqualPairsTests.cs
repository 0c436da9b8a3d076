using Leaps.Model.Observables;
using Leaps.Model.Random;
using Leaps.Model.Targets;

namespace Leaps.Model.Tests.Observables;

/// <summary>Counts of pairs against a plain loop over the sites.</summary>
public sealed class EqualPairsTests
{
    [Theory]
    [InlineData(2, 2)]
    [InlineData(3, 5)]
    [InlineData(4, 4)]
    [InlineData(7, 31)]
    [InlineData(64, 6)]
    [InlineData(121, 110)]
    public void Every_displacement_is_counted_as_by_a_loop_over_the_sites(int rows, int columns)
    {
        var lattice = new Lattice(rows, columns);
        var pairs = new EqualPairs(lattice, rows / 2);
        var stream = new RandomStream(21, RandomPurpose.Test);
        // All equal (no counter may overflow), then random: what was loaded before must be gone.
        foreach (int states in (ReadOnlySpan<int>)[1, 2, 5])
        {
            var state = new byte[lattice.Sites];
            foreach (ref byte value in state.AsSpan())
                value = (byte)stream.NextInt(states);
            pairs.Load(state);
            foreach (int dy in (ReadOnlySpan<int>)[0, 1, rows / 2])
            {
                foreach (int dx in (ReadOnlySpan<int>)[0, 1, columns / 4, columns / 2])
                {
                    Assert.Equal(Loop(lattice, state, dy, dx), pairs.Count(dy, dx));
                    Assert.Equal(Loop(lattice, state, dy, -dx), pairs.CountMirrored(dy, dx));
                }
            }
        }
    }

    private static int Loop(Lattice lattice, byte[] state, int dy, int dx)
    {
        int count = 0;
        for (int row = 0; row < lattice.Rows; row++)
        {
            for (int column = 0; column < lattice.Columns; column++)
            {
                if (state[lattice.Site(row, column)] == state[lattice.Site(row + dy, column + dx)])
                    count++;
            }
        }
        return count;
    }
}
