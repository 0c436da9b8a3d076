using System.Runtime.CompilerServices;

namespace Leaps.Model.Devices.Simd;

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
