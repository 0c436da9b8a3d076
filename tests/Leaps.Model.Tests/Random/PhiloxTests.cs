using Leaps.Model.Random;

namespace Leaps.Model.Tests.Random;

public sealed class PhiloxTests
{
    /// <summary>The published known answers of philox4x32 with 10 rounds (Random123, kat_vectors).</summary>
    [Theory]
    [InlineData(0u, 0u, 0u, 0u, 0u, 0u, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [InlineData(0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu,
        0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [InlineData(0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u, 0xa4093822u, 0x299f31d0u,
        0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u)]
    public void Philox_gives_the_published_known_answers(
        uint c0, uint c1, uint c2, uint c3, uint k0, uint k1, uint x0, uint x1, uint x2, uint x3)
    {
        Assert.Equal((x0, x1, x2, x3), Philox4x32.Block(c0, c1, c2, c3, k0, k1));
    }

    [Fact]
    public void Successive_blocks_are_those_of_successive_counters_even_across_the_wrap()
    {
        foreach (uint first in (ReadOnlySpan<uint>)[0, 5, uint.MaxValue - 3])
        {
            foreach (int blocks in (ReadOnlySpan<int>)[0, 1, 7, 8, 9, 31, 64])
            {
                var words = new uint[4 * blocks];
                Philox4x32.Blocks(first, 11, 22, 33, 0xdeadbeef, 0x12345678, words);
                for (int b = 0; b < blocks; b++)
                {
                    var block =
                        Philox4x32.Block(unchecked(first + (uint)b), 11, 22, 33, 0xdeadbeef, 0x12345678);
                    Assert.Equal(block, (words[4 * b], words[4 * b + 1], words[4 * b + 2], words[4 * b + 3]));
                }
            }
        }
    }
}
