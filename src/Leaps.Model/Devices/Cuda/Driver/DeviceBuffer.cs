namespace Leaps.Model.Devices.Cuda.Driver;

/// <summary>Memory of one GPU.</summary>
internal sealed unsafe class DeviceBuffer<T> : IDisposable where T : unmanaged
{
    private readonly CudaDevice _device;
    private nint _address;

    /// <exception cref="LeapsException">It does not fit into what is free.</exception>
    public DeviceBuffer(CudaDevice device, long length)
    {
        _device = device;
        Length = length;
        nint address;
        device.Use();
        device.Check(device.Api.MemAlloc(&address, (nuint)Math.Max(1, length * sizeof(T))),
            FormattableString.Invariant($"cuMemAlloc of {length * sizeof(T) / 1048576.0:F1} MiB"));
        _address = address;
    }

    public long Length { get; }
    public nint Address => _address;

    public static implicit operator nint(DeviceBuffer<T>? buffer) => buffer?.Address ?? 0;

    /// <summary>A larger one in place of one that is too small, whose content is lost.</summary>
    public static void Grow(ref DeviceBuffer<T>? buffer, CudaDevice device, long length)
    {
        if (buffer is not null && buffer.Length >= length) return;
        buffer?.Dispose();
        buffer = null;
        buffer = new DeviceBuffer<T>(device, length);
    }

    public void Dispose()
    {
        nint address = Interlocked.Exchange(ref _address, 0);
        if (address == 0) return;
        _device.Release(address);
        GC.SuppressFinalize(this);
    }

    ~DeviceBuffer() => Dispose();
}
