using System.Globalization;

namespace Leaps.Model.Sampling;

/// <summary>
/// States with as few bits a site as the number of values needs: 1 for Ising, ⌈log2 q⌉ for Potts.
/// </summary>
public sealed class PackedStates
{
    private readonly int _bits, _stride;

    private PackedStates(int count, int sites, int states, byte[]? bytes = null)
    {
        Count = count;
        Sites = sites;
        States = states;
        _bits = BitsPerSite(states);
        _stride = checked((int)BytesPerState(sites, states));
        Bytes = bytes ?? new byte[checked(count * _stride)];
    }

    public int Count { get; }
    public int Sites { get; }

    /// <summary>q</summary>
    public int States { get; }

    /// <summary>(states, bytes a state), sites from the lowest bit on; the bits left over are 0.</summary>
    public byte[] Bytes { get; }

    public static int BitsPerSite(int states) => 32 - int.LeadingZeroCount(states - 1);

    /// <summary>Every state starts at a byte.</summary>
    public static long BytesPerState(int sites, int states) => ((long)sites * BitsPerSite(states) + 7) / 8;

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

    /// <summary>States from bytes that came from elsewhere, copied.</summary>
    /// <param name="bytes">(count, bytes a state)</param>
    /// <param name="count">number of states, 0 or more</param>
    /// <param name="sites">sites of each, at least 1</param>
    /// <param name="states">q, 2 to 256</param>
    /// <exception cref="InvalidDataException">
    /// Too few or too many bytes, a value that is not below q, or left-over bits that are not 0.
    /// </exception>
    public static PackedStates FromBytes(ReadOnlySpan<byte> bytes, int count, int sites, int states)
    {
        if (FindProblem(bytes, count, sites, states) is { } problem)
            throw new InvalidDataException(problem);
        return new PackedStates(count, sites, states, bytes.ToArray());
    }

    /// <summary>Why the bytes are not packed states, in one line; null when they are.</summary>
    public static string? FindProblem(ReadOnlySpan<byte> bytes, int count, int sites, int states)
    {
        if (count < 0 || sites < 1 || states is < 2 or > 256)
            return Text($"{count} states of {sites} sites with {states} values are not possible.");
        long stride = BytesPerState(sites, states);
        if (bytes.Length % stride != 0 || bytes.Length / stride != count)
        {
            int length = bytes.Length;
            return Text(
                $"{length} bytes; {count} states, {sites} sites, {states} values, take {stride} bytes each.");
        }
        int bits = BitsPerSite(states), used = (int)((long)sites * bits & 7);
        for (int m = 0; m < count; m++)
        {
            var state = bytes.Slice(m * (int)stride, (int)stride);
            if (used != 0 && state[^1] >> used != 0)
                return Text($"state {m} has bits beyond its {sites} sites.");
            if (states == 1 << bits)
                continue;                   // every pattern of bits is a value
            for (int i = 0; i < sites; i++)
            {
                int value = Value(state, (long)i * bits, bits);
                if (value >= states)
                    return Text($"site {i} of state {m} is {value}; {states} values are 0 to {states - 1}.");
            }
        }
        return null;
    }

    /// <summary>The states of some indices, which may repeat.</summary>
    public PackedStates Take(ReadOnlySpan<int> indices)
    {
        var taken = new PackedStates(indices.Length, Sites, States);
        for (int k = 0; k < indices.Length; k++)
            Bytes.AsSpan(indices[k] * _stride, _stride).CopyTo(taken.Bytes.AsSpan(k * _stride));
        return taken;
    }

    /// <summary>One state into <paramref name="state"/> (sites).</summary>
    public void Unpack(int index, Span<byte> state)
    {
        var source = Bytes.AsSpan(index * _stride, _stride);
        for (int i = 0; i < Sites; i++)
            state[i] = (byte)Value(source, (long)i * _bits, _bits);
    }

    /// <summary>All states into <paramref name="target"/> (count, sites).</summary>
    public void Unpack(Span<byte> target)
    {
        for (int m = 0; m < Count; m++)
            Unpack(m, target.Slice(m * Sites, Sites));
    }

    private static int Value(ReadOnlySpan<byte> state, long bit, int bits)
    {
        int at = (int)(bit >> 3), shift = (int)(bit & 7);
        int word = state[at];
        if (shift + bits > 8) word |= state[at + 1] << 8;
        return word >> shift & (1 << bits) - 1;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
