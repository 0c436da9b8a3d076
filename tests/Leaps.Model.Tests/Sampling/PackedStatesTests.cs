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
}
