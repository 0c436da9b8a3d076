namespace Leaps.Model.Devices.Cuda;

/// <summary>
/// How the channel contraction and silu are computed. Sums are in single precision in both.
/// </summary>
public enum CudaPrecision
{
    /// <summary>
    /// Products of TF32 numbers (10 bits of fraction), silu by one approximate instruction: some 1e-3.
    /// </summary>
    Tf32,

    /// <summary>Three products each, silu by two instructions: single precision, some 1e-6.</summary>
    Single,
}
