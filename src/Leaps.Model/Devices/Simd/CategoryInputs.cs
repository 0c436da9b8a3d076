using System.Runtime.CompilerServices;

namespace Leaps.Model.Devices.Simd;

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
