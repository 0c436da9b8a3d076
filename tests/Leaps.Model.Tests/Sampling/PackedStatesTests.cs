using FsCheck;
using FsCheck.Fluent;
using Leaps.Model.Sampling;

namespace Leaps.Model.Tests.Sampling;

/// <summary>Packing loses nothing and takes as many bytes as it says, whatever q and the sizes.</summary>
public sealed class PackedStatesTests
{
    [Fact]
    public void Packing_and_unpacking_gives_the_same_states_for_every_q()
    {
        var cases =
            from q in Gen.Choose(2, 256)
            from count in Gen.Choose(0, 5)
            from sites in Gen.Choose(1, 40)
            from values in Gen.Choose(0, q - 1).ArrayOf(count * sites)
            select (q, count, sites, States: values.Select(v => (byte)v).ToArray());
        Prop.ForAll(cases.ToArbitrary(), c =>
        {
            var packed = PackedStates.Pack(c.States, c.count, c.sites, c.q);
            int bytes = (c.sites * PackedStates.BitsPerSite(c.q) + 7) / 8;
            var state = new byte[c.sites];
            bool same = packed.Count == c.count && packed.Bytes.Length == c.count * bytes;
            for (int m = c.count - 1; m >= 0; m--)
            {
                packed.Unpack(m, state);
                same &= state.AsSpan().SequenceEqual(c.States.AsSpan(m * c.sites, c.sites));
            }
            return same;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000).WithReplay(1, 1));
    }

    [Theory]
    [InlineData(2, 1)]
    [InlineData(3, 2)]
    [InlineData(4, 2)]
    [InlineData(5, 3)]
    [InlineData(64, 6)]
    [InlineData(256, 8)]
    public void A_site_takes_the_logarithm_of_q_in_bits(int states, int bits) =>
        Assert.Equal(bits, PackedStates.BitsPerSite(states));

    [Fact]
    public void Sites_lie_from_the_lowest_bit_on_and_every_state_starts_at_a_byte()
    {
        byte[] spins = [1, 0, 1, 1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0];
        Assert.Equal([0b0000_1101, 0b1, 0b0000_0010, 0b0], PackedStates.Pack(spins, 2, 9, 2).Bytes);
        byte[] values = [4, 3, 5, 1];       // three bits each: the third straddles a byte
        Assert.Equal([0b01_011_100, 0b0000_001_1], PackedStates.Pack(values, 1, 4, 6).Bytes);
    }

    [Fact]
    public void Bytes_from_elsewhere_give_the_same_states_for_every_q()
    {
        for (int q = 2; q <= 256; q++)
        {
            byte[] states = [.. Enumerable.Range(0, 3 * 11).Select(i => (byte)((q - 1) * i % q))];
            byte[] bytes = PackedStates.Pack(states, 3, 11, q).Bytes;
            var read = PackedStates.FromBytes(bytes, 3, 11, q);
            var unpacked = new byte[states.Length];
            read.Unpack(unpacked);
            Assert.Equal(states, unpacked);
            Assert.Equal((3, 11, q), (read.Count, read.Sites, read.States));
            Assert.NotSame(bytes, read.Bytes);
        }
    }

    [Fact]
    public void Every_value_that_is_not_below_q_is_found_wherever_it_is()
    {
        for (int q = 3; q < 256; q++)
        {
            if (int.IsPow2(q)) continue;
            int most = 1 << PackedStates.BitsPerSite(q);
            for (int site = 0; site < 9; site++)
            {
                var states = new byte[2 * 9];
                states[9 + site] = (byte)(site % 2 == 0 ? q : most - 1);
                byte[] bytes = PackedStates.Pack(states, 2, 9, most).Bytes;
                string problem = Assert.Throws<InvalidDataException>(() => PackedStates.FromBytes(bytes, 2,
                    9, q)).Message;
                Assert.Equal($"site {site} of state 1 is {states[9 + site]}; {q} values are 0 to {q - 1}.",
                    problem);
            }
        }
    }

    [Theory]
    [InlineData(4, 2, 9, 2, "state 1 has bits beyond its 9 sites.")]
    [InlineData(3, 2, 9, 2, "3 bytes; 2 states, 9 sites, 2 values, take 2 bytes each.")]
    [InlineData(6, 2, 9, 2, "6 bytes; 2 states, 9 sites, 2 values, take 2 bytes each.")]
    [InlineData(4, int.MaxValue, int.MaxValue, 256,
        "4 bytes; 2147483647 states, 2147483647 sites, 256 values, take 2147483647 bytes each.")]
    [InlineData(4, -1, 9, 2, "-1 states of 9 sites with 2 values are not possible.")]
    [InlineData(4, 4, 0, 2, "4 states of 0 sites with 2 values are not possible.")]
    [InlineData(4, 4, 1, 1, "4 states of 1 sites with 1 values are not possible.")]
    public void Bytes_that_are_no_states_are_refused(int length, int count, int sites, int q, string expected)
    {
        var bytes = new byte[length];
        bytes[^1] = 2;
        Assert.Equal(expected, PackedStates.FindProblem(bytes, count, sites, q));
    }
}
