using System.Runtime.InteropServices;

namespace Leaps.Model.Devices.Simd;

/// <summary>Zeroed unmanaged memory, aligned to 64 bytes, freed with its owner.</summary>
/// <remarks>
/// A raw pointer keeps nothing alive: the collector may finalise a buffer, and all that leads to it, after
/// its last use in managed code, be a kernel still at work on the memory. Therefore every public method that
/// hands pointers to kernels ends with <see cref="GC.KeepAlive"/> of the object that owns the buffers.
/// </remarks>
internal sealed unsafe class AlignedBuffer<T> where T : unmanaged
{
    // Kernels may read a full vector that starts at the last element.
    private const int Slack = 64;

    private readonly long _bytes;

    /// <param name="length">in elements; long, since products of sizes may exceed an int</param>
    public AlignedBuffer(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        Length = length;
        long bytes = checked(length * sizeof(T) + Slack);
        Pointer = (T*)NativeMemory.AlignedAlloc((nuint)bytes, 64);
        NativeMemory.Clear(Pointer, (nuint)bytes);
        GC.AddMemoryPressure(bytes);
        _bytes = bytes;
    }

    ~AlignedBuffer()
    {
        if (_bytes == 0) return;        // the constructor didn't get its memory
        GC.RemoveMemoryPressure(_bytes);
        NativeMemory.AlignedFree(Pointer);
    }

    public T* Pointer { get; }

    /// <summary>In elements.</summary>
    public long Length { get; }

    /// <exception cref="OverflowException">The buffer is longer than a span can be.</exception>
    public Span<T> Span => new(Pointer, checked((int)Length));

    public void Clear() => NativeMemory.Clear(Pointer, (nuint)(Length * sizeof(T)));
}
