namespace Leaps.Model.Devices.Simd;

/// <summary>From the widest to the one that every machine has.</summary>
public enum SimdInstructionSet
{
    Avx512,
    Avx2,
    Portable,
}
