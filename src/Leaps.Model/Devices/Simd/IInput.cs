using System.Runtime.CompilerServices;

namespace Leaps.Model.Devices.Simd;

/// <summary>What the sites hold, as a layer's sum sees it: e_c(x).</summary>
internal unsafe interface IInput
{
    /// <summary>The columns' values at one window position, ready for <see cref="Value"/>.</summary>
    static abstract TVector LoadRow<TLanes, TVector>(byte* input)
        where TLanes : struct, ILanes<TVector> where TVector : struct;

    /// <summary>e_c of those values; <paramref name="table"/> is the embedding of channel c.</summary>
    static abstract TVector Value<TLanes, TVector>(TVector row, float* table)
        where TLanes : struct, ILanes<TVector> where TVector : struct;
}

/// <summary>Ising: the spin itself, ±1, in every channel; 0 outside a zero-padded lattice.</summary>
internal readonly unsafe struct SpinInput : IInput
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector LoadRow<TLanes, TVector>(byte* input)
        where TLanes : struct, ILanes<TVector> where TVector : struct => TLanes.LoadSpins((sbyte*)input);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Value<TLanes, TVector>(TVector row, float* table)
        where TLanes : struct, ILanes<TVector> where TVector : struct => row;
}

/// <summary>Potts with q below 8: a look-up in one register. Index q is "outside the lattice".</summary>
internal readonly unsafe struct SmallCategoryInput : IInput
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector LoadRow<TLanes, TVector>(byte* input)
        where TLanes : struct, ILanes<TVector> where TVector : struct => TLanes.LoadIndices(input);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Value<TLanes, TVector>(TVector row, float* table)
        where TLanes : struct, ILanes<TVector> where TVector : struct => TLanes.LookUp8(table, row);
}

/// <summary>Potts with any q: a gather.</summary>
internal readonly unsafe struct CategoryInput : IInput
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector LoadRow<TLanes, TVector>(byte* input)
        where TLanes : struct, ILanes<TVector> where TVector : struct => TLanes.LoadIndices(input);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Value<TLanes, TVector>(TVector row, float* table)
        where TLanes : struct, ILanes<TVector> where TVector : struct => TLanes.LookUp(table, row);
}
