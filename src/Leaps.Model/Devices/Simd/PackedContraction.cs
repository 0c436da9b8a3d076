namespace Leaps.Model.Devices.Simd;

/// <summary>
/// Matrices (rows, inner) and their transposes, each as four rows side by side for the kernel.
/// </summary>
internal sealed unsafe class PackedContraction(int count, int rows, int inner)
{
    private readonly AlignedBuffer<float> _forward = new((long)count * rows * inner);
    private readonly AlignedBuffer<float> _backward = new((long)count * rows * SimdNetwork.RoundUp(inner, 4));

    public int Rows { get; } = rows;
    public int Inner { get; } = inner;

    /// <summary>Number of rows of the transpose: inner, padded to a multiple of 4.</summary>
    public int BackwardRows { get; } = SimdNetwork.RoundUp(inner, 4);

    /// <summary>(rows / 4, inner, 4)</summary>
    public float* Forward(int matrix = 0) => _forward.Pointer + (long)matrix * Rows * Inner;

    /// <summary>The transpose: (inner / 4, rows, 4)</summary>
    public float* Backward(int matrix = 0) => _backward.Pointer + (long)matrix * Rows * BackwardRows;

    public void Set(int matrix, int row, int k, float value)
    {
        Forward(matrix)[(row / 4 * Inner + k) * 4 + row % 4] = value;
        Backward(matrix)[(k / 4 * Rows + row) * 4 + k % 4] = value;
    }
}
