using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Leaps.Model.Random;

/// <summary>
/// Philox4x32-10, a counter-based generator: a fixed bijection of a 128-bit counter under a 64-bit key.
/// Source: J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
/// </summary>
public static class Philox4x32
{
    private const uint Multiplier0 = 0xD2511F53;
    private const uint Multiplier1 = 0xCD9E8D57;
    private const uint Weyl0 = 0x9E3779B9;
    private const uint Weyl1 = 0xBB67AE85;

    /// <summary>The four 32-bit words at counter (c0, c1, c2, c3) under key (k0, k1).</summary>
    public static (uint X0, uint X1, uint X2, uint X3) Block(
        uint c0, uint c1, uint c2, uint c3, uint k0, uint k1)
    {
        for (int round = 0; round < 10; round++)
        {
            ulong product0 = (ulong)Multiplier0 * c0;
            ulong product1 = (ulong)Multiplier1 * c2;
            (c0, c1, c2, c3) = (
                (uint)(product1 >> 32) ^ c1 ^ k0, (uint)product1,
                (uint)(product0 >> 32) ^ c3 ^ k1, (uint)product0);
            k0 += Weyl0;
            k1 += Weyl1;
        }
        return (c0, c1, c2, c3);
    }

    /// <summary>
    /// The words of successive blocks, (blocks, 4): block b is that at counter (c0 + b, c1, c2, c3).
    /// </summary>
    public static void Blocks(uint c0, uint c1, uint c2, uint c3, uint k0, uint k1, Span<uint> words)
    {
        int i = 0;
        if (Avx2.IsSupported)
        {
            for (; i + 16 <= words.Length; i += 16, c0 += 4)
                FourBlocks(c0, c1, c2, c3, k0, k1, words.Slice(i, 16));
        }
        for (; i + 4 <= words.Length; i += 4, c0++)
            (words[i], words[i + 1], words[i + 2], words[i + 3]) = Block(c0, c1, c2, c3, k0, k1);
    }

    // One word a 64-bit lane, one block a lane. The upper halves hold rubbish, which the 32×32-bit
    // multiplication ignores: so a low product word is the product itself.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FourBlocks(uint c0, uint c1, uint c2, uint c3, uint k0, uint k1, Span<uint> words)
    {
        var x0 = Vector256.Create(c0, unchecked(c0 + 1), unchecked(c0 + 2), (ulong)unchecked(c0 + 3));
        var x1 = Vector256.Create((ulong)c1);
        var x2 = Vector256.Create((ulong)c2);
        var x3 = Vector256.Create((ulong)c3);
        Vector256<uint> m0 = Vector256.Create((ulong)Multiplier0).AsUInt32();
        Vector256<uint> m1 = Vector256.Create((ulong)Multiplier1).AsUInt32();
        for (int round = 0; round < 10; round++)
        {
            var product0 = Avx2.Multiply(m0, x0.AsUInt32());
            var product1 = Avx2.Multiply(m1, x2.AsUInt32());
            x0 = (product1 >>> 32) ^ x1 ^ Vector256.Create((ulong)k0);
            x2 = (product0 >>> 32) ^ x3 ^ Vector256.Create((ulong)k1);
            x1 = product1;
            x3 = product0;
            k0 += Weyl0;
            k1 += Weyl1;
        }
        // Lanes b of both hold the words 0, 1 and 2, 3 of block b.
        var lower = (x0 & Vector256.Create((ulong)uint.MaxValue)) | x1 << 32;
        var upper = (x2 & Vector256.Create((ulong)uint.MaxValue)) | x3 << 32;
        var even = Avx2.UnpackLow(lower, upper);
        var odd = Avx2.UnpackHigh(lower, upper);
        Avx2.Permute2x128(even, odd, 0x20).AsUInt32().CopyTo(words);
        Avx2.Permute2x128(even, odd, 0x31).AsUInt32().CopyTo(words[8..]);
    }
}
