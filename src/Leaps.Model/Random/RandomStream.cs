using System.Runtime.CompilerServices;

namespace Leaps.Model.Random;

/// <summary>
/// The number stream of one walker in one step: Philox4x32-10 keyed by
/// (run seed, purpose, walker slot, step, draw). No number depends on threads, nodes or timing.
/// </summary>
/// <remarks>
/// Key = the 64-bit run seed; counter = (block, step, walker, purpose), each block giving four words.
/// A mutable struct: pass it by <c>ref</c>.
/// </remarks>
public struct RandomStream
{
    private const double TwoToMinus53 = 1.0 / (1L << 53);

    private readonly uint _key0, _key1, _purpose, _walker, _step;
    private uint _block;
    private uint _x1, _x2, _x3;
    private int _left;

    public RandomStream(ulong seed, RandomPurpose purpose, long walker = 0, long step = 0)
    {
        _key0 = (uint)seed;
        _key1 = (uint)(seed >> 32);
        _purpose = (uint)purpose;
        _walker = checked((uint)walker);
        _step = checked((uint)step);
    }

    /// <summary>
    /// The seed of a run inside a run (a training rollout, a replica): 64 bits drawn from the parent's
    /// stream.
    /// </summary>
    public static ulong DeriveSeed(ulong seed, RandomPurpose purpose, long index)
    {
        var stream = new RandomStream(seed, purpose, walker: uint.MaxValue, step: index);
        return stream.NextUInt64();
    }

    /// <summary>Uniform on all 32-bit words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint NextUInt32()
    {
        switch (_left)
        {
            case 3: _left = 2; return _x1;
            case 2: _left = 1; return _x2;
            case 1: _left = 0; return _x3;
            default: return NextBlock();
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private uint NextBlock()
    {
        (uint x0, _x1, _x2, _x3) = Philox4x32.Block(_block, _step, _walker, _purpose, _key0, _key1);
        if (unchecked(++_block) == 0)
            throw new InvalidOperationException("A random stream gave out all of its 2^34 words.");
        _left = 3;
        return x0;
    }

    /// <summary>The next words, the same as by repeated <see cref="NextUInt32"/>, but faster.</summary>
    public void Fill(Span<uint> words)
    {
        int filled = 0;
        while (_left > 0 && filled < words.Length)
            words[filled++] = NextUInt32();
        int blocks = (words.Length - filled) / 4;
        if (blocks > 0)
        {
            uint first = _block;
            _block = checked(first + (uint)blocks);
            Philox4x32.Blocks(first, _step, _walker, _purpose, _key0, _key1, words.Slice(filled, 4 * blocks));
            filled += 4 * blocks;
        }
        while (filled < words.Length)
            words[filled++] = NextUInt32();
    }

    /// <summary>Passes over as many words in constant time; a double takes two.</summary>
    /// <param name="words">how many, not negative</param>
    public void Skip(long words)
    {
        long position = checked(4L * _block - _left + words);
        int used = (int)(position % 4);
        _block = checked((uint)(position / 4));
        _left = 0;
        if (used == 0) return;
        NextBlock();
        _left = 4 - used;
    }

    public ulong NextUInt64()
    {
        ulong high = NextUInt32();
        return high << 32 | NextUInt32();
    }

    /// <summary>Uniform on [0, 1), 53 bits.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * TwoToMinus53;

    /// <summary>Uniform on (0, 1], 53 bits: safe under a logarithm.</summary>
    public double NextPositiveDouble() => ((NextUInt64() >> 11) + 1) * TwoToMinus53;

    /// <summary>Uniform on {0 … bound-1}, without bias (Lemire's method).</summary>
    public int NextInt(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        ulong product = (ulong)NextUInt32() * (uint)bound;
        if ((uint)product < (uint)bound)
        {
            uint threshold = (uint)(-bound) % (uint)bound;
            while ((uint)product < threshold)
                product = (ulong)NextUInt32() * (uint)bound;
        }
        return (int)(product >> 32);
    }

    /// <summary>Exponential with rate one.</summary>
    public double NextExponential() => -Math.Log(NextPositiveDouble());

    /// <summary>Standard normal (Box–Muller; the second of the pair is not kept).</summary>
    public double NextNormal()
    {
        double radius = Math.Sqrt(-2 * Math.Log(NextPositiveDouble()));
        return radius * Math.Cos(2 * Math.PI * NextDouble());
    }
}
