using Leaps.Model.Random;

namespace Leaps.Model.Tests.Random;

/// <summary>Chi-square scores and z-scores must stay below 4.5 (false-alarm rate below 7e-6 each); seeds are
/// fixed.</summary>
public sealed class RandomStreamTests
{
    private static RandomStream Stream(long step = 0) => new(99, RandomPurpose.Test, 3, step);

    [Fact]
    public void A_stream_is_the_sequence_of_blocks_at_its_counter()
    {
        var stream = new RandomStream(0x0123456789abcdef, RandomPurpose.Mcmc, walker: 7, step: 9);
        for (uint block = 0; block < 5; block++)
        {
            var (x0, x1, x2, x3) =
                Philox4x32.Block(block, 9, 7, (uint)RandomPurpose.Mcmc, 0x89abcdef, 0x01234567);
            Assert.Equal(x0, stream.NextUInt32());
            Assert.Equal(x1, stream.NextUInt32());
            Assert.Equal(x2, stream.NextUInt32());
            Assert.Equal(x3, stream.NextUInt32());
        }
    }

    [Fact]
    public void Skipping_gives_the_same_words_as_drawing_and_dropping()
    {
        for (int before = 0; before < 6; before++)
        {
            for (int skipped = 0; skipped < 14; skipped++)
            {
                var drawn = Stream();
                var skipping = Stream();
                for (int i = 0; i < before; i++)
                    Assert.Equal(drawn.NextUInt32(), skipping.NextUInt32());
                for (int i = 0; i < skipped; i++)
                    drawn.NextUInt32();
                skipping.Skip(skipped);
                for (int i = 0; i < 9; i++)
                    Assert.Equal(drawn.NextUInt32(), skipping.NextUInt32());
            }
        }
    }

    [Fact]
    public void Filling_gives_the_same_words_as_one_by_one()
    {
        for (int before = 0; before < 6; before++)
        {
            foreach (int length in (ReadOnlySpan<int>)[0, 1, 2, 3, 4, 5, 8, 31, 32, 33, 225, 1000])
            {
                RandomStream filled = Stream(length), single = Stream(length);
                for (int k = 0; k < before; k++)
                    Assert.Equal(single.NextUInt32(), filled.NextUInt32());
                var words = new uint[length];
                filled.Fill(words);
                foreach (uint word in words)
                    Assert.Equal(single.NextUInt32(), word);
                for (int k = 0; k < 6; k++)
                    Assert.Equal(single.NextUInt32(), filled.NextUInt32());
            }
        }
    }

    [Fact]
    public void Streams_of_different_seed_purpose_walker_or_step_differ()
    {
        var seen = new HashSet<ulong>();
        int streams = 0;
        foreach (ulong seed in (ReadOnlySpan<ulong>)[0, 1, 1UL << 32, ulong.MaxValue])
        {
            foreach (var purpose in Enum.GetValues<RandomPurpose>())
            {
                for (int walker = 0; walker < 8; walker++)
                {
                    for (int step = 0; step < 8; step++)
                    {
                        var stream = new RandomStream(seed, purpose, walker, step);
                        streams++;
                        seen.Add(stream.NextUInt64());
                    }
                }
            }
        }
        Assert.Equal(streams, seen.Count);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(10)]
    [InlineData(225)]
    public void Integers_are_uniform_below_their_bound(int bound)
    {
        var stream = Stream(bound);
        var counts = new long[bound];
        for (int k = 0; k < 200_000; k++)
            counts[stream.NextInt(bound)]++;
        var uniform = new double[bound];
        Array.Fill(uniform, 1.0 / bound);
        Assert.InRange(ChiSquare.Score(counts, uniform), -ChiSquare.Bound, ChiSquare.Bound);
    }

    [Fact]
    public void Integers_below_a_huge_bound_are_unbiased()
    {
        // Without rejection the lower half of a bound of 3 · 2^29 would come twice as often in places.
        const int bound = 3 << 29;
        var stream = Stream();
        var counts = new long[3];
        for (int k = 0; k < 200_000; k++)
            counts[stream.NextInt(bound) % 3]++;
        Assert.InRange(
            ChiSquare.Score(counts, [1.0 / 3, 1.0 / 3, 1.0 / 3]), -ChiSquare.Bound, ChiSquare.Bound);
        Assert.Throws<ArgumentOutOfRangeException>(() => Stream().NextInt(0));
    }

    [Fact]
    public void Doubles_exponentials_and_normals_have_their_moments()
    {
        const int draws = 200_000;
        var stream = Stream();
        double uniform = 0, exponential = 0, normal = 0, square = 0;
        for (int k = 0; k < draws; k++)
        {
            double u = stream.NextDouble(), positive = stream.NextPositiveDouble(), n = stream.NextNormal();
            Assert.True(u is >= 0 and < 1 && positive is > 0 and <= 1);
            uniform += u;
            exponential += stream.NextExponential();
            normal += n;
            square += n * n;
        }
        double root = Math.Sqrt(draws);
        Assert.InRange((uniform / draws - 0.5) * root * Math.Sqrt(12), -4.5, 4.5);
        Assert.InRange((exponential / draws - 1) * root, -4.5, 4.5);
        Assert.InRange(normal / root, -4.5, 4.5);
        Assert.InRange((square / draws - 1) * root / Math.Sqrt(2), -4.5, 4.5);
    }
}
