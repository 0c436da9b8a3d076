using System.Runtime.InteropServices;

namespace Leaps.Model.Devices.Simd;

/// <summary>Zeroed unmanaged memory, aligned to 64 bytes, freed with its owner.</summary>
internal sealed unsafe class AlignedBuffer<T> where T : unmanaged
{
    // Kernels may read a full vector that starts at the last element.
    private const int Slack = 64;

    public AlignedBuffer(int length)
    {
        Length = length;
        nuint bytes = (nuint)length * (nuint)sizeof(T) + Slack;
        Pointer = (T*)NativeMemory.AlignedAlloc(bytes, 64);
        NativeMemory.Clear(Pointer, bytes);
        GC.AddMemoryPressure((long)bytes);
    }

    ~AlignedBuffer()
    {
        GC.RemoveMemoryPressure((long)Length * sizeof(T) + Slack);
        NativeMemory.AlignedFree(Pointer);
    }

    public T* Pointer { get; }
    public int Length { get; }
    public Span<T> Span => new(Pointer, Length);
}
