namespace Leaps.Model.Sampling;

/// <summary>
/// States with as few bits a site as the number of values needs: 1 for Ising, ⌈log2 q⌉ for Potts.
/// </summary>
public sealed class PackedStates
{
    private readonly int _sites, _bits, _stride;

    private PackedStates(int count, int sites, int states)
    {
        Count = count;
        _sites = sites;
        _bits = BitsPerSite(states);
        _stride = (sites * _bits + 7) / 8;
        Bytes = new byte[count * _stride];
    }

    public int Count { get; }

    /// <summary>(states, bytes a state), sites from the lowest bit on.</summary>
    public byte[] Bytes { get; }

    public static int BitsPerSite(int states) => 32 - int.LeadingZeroCount(states - 1);

    /// <param name="source">(count, sites), values below <paramref name="states"/></param>
    /// <param name="count">number of states</param>
    /// <param name="sites">sites of each</param>
    /// <param name="states">q</param>
    public static PackedStates Pack(ReadOnlySpan<byte> source, int count, int sites, int states)
    {
        var packed = new PackedStates(count, sites, states);
        for (int m = 0; m < count; m++)
        {
            var target = packed.Bytes.AsSpan(m * packed._stride, packed._stride);
            for (int i = 0, bit = 0; i < sites; i++, bit += packed._bits)
            {
                int value = source[m * sites + i] << (bit & 7);
                target[bit >> 3] |= (byte)value;
                if (value > 0xFF) target[(bit >> 3) + 1] |= (byte)(value >> 8);
            }
        }
        return packed;
    }

    /// <summary>One state into <paramref name="state"/> (sites).</summary>
    public void Unpack(int index, Span<byte> state)
    {
        var source = Bytes.AsSpan(index * _stride, _stride);
        int mask = (1 << _bits) - 1;
        for (int i = 0, bit = 0; i < _sites; i++, bit += _bits)
        {
            int word = source[bit >> 3];
            if ((bit & 7) + _bits > 8) word |= source[(bit >> 3) + 1] << 8;
            state[i] = (byte)(word >> (bit & 7) & mask);
        }
    }
}
