namespace Leaps.Model.Devices.Simd;

/// <summary>
/// One instruction set as the kernels see it: a vector of floats and what is done to it. A lane is a
/// column (one site of one walker), and no kernel sums across lanes, so that every width that fuses
/// multiply and add gives the same bits.
/// </summary>
internal unsafe interface ILanes<TVector> where TVector : struct
{
    static abstract int Width { get; }
    static abstract TVector Load(float* source);
    static abstract void Store(float* destination, TVector value);
    static abstract TVector Broadcast(float value);
    static abstract TVector Add(TVector left, TVector right);
    static abstract TVector Subtract(TVector left, TVector right);
    static abstract TVector Multiply(TVector left, TVector right);
    static abstract TVector Divide(TVector left, TVector right);
    static abstract TVector Min(TVector left, TVector right);
    static abstract TVector Max(TVector left, TVector right);

    /// <summary>left · right + addend.</summary>
    static abstract TVector MultiplyAdd(TVector left, TVector right, TVector addend);

    /// <summary>value · 2^n, where n is in the low bits of <paramref name="power"/> (1.5·2^23 + n).</summary>
    static abstract TVector ScaleByPower(TVector value, TVector power);

    /// <summary>Signed bytes → floats.</summary>
    static abstract TVector LoadSpins(sbyte* source);

    /// <summary>Unsigned bytes → 32-bit integers, kept in a vector of floats.</summary>
    static abstract TVector LoadIndices(byte* source);

    /// <summary>table[index] for integers in <paramref name="indices"/> below 8.</summary>
    static abstract TVector LookUp8(float* table, TVector indices);

    /// <summary>table[index] for any index.</summary>
    static abstract TVector LookUp(float* table, TVector indices);

    /// <summary>value where the integer equals <paramref name="index"/>, else 0.</summary>
    static abstract TVector WhereIndexIs(TVector indices, int index, TVector value);
}
