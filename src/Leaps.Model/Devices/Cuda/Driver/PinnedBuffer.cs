namespace Leaps.Model.Devices.Cuda.Driver;

/// <summary>Host memory that the GPU reads and writes directly.</summary>
internal sealed unsafe class PinnedBuffer<T> : IDisposable where T : unmanaged
{
    private readonly CudaDevice _device;
    private nint _address;

    public PinnedBuffer(CudaDevice device, long length)
    {
        _device = device;
        Length = length;
        nint address;
        device.Use();
        device.Check(device.Api.MemAllocHost(&address, (nuint)Math.Max(1, length * sizeof(T))),
            FormattableString.Invariant($"cuMemAllocHost of {length * sizeof(T) / 1048576.0:F1} MiB"));
        _address = address;
    }

    public long Length { get; }
    public nint Address => _address;

    public Span<T> Span => new((void*)_address, checked((int)Length));

    /// <summary>A larger one in place of one that is too small, whose content is lost.</summary>
    public static void Grow(ref PinnedBuffer<T>? buffer, CudaDevice device, long length)
    {
        if (buffer is not null && buffer.Length >= length) return;
        buffer?.Dispose();
        buffer = null;
        buffer = new PinnedBuffer<T>(device, length);
    }

    public void Dispose()
    {
        nint address = Interlocked.Exchange(ref _address, 0);
        if (address == 0) return;
        _device.ReleasePinned(address);
        GC.SuppressFinalize(this);
    }

    ~PinnedBuffer() => Dispose();
}
