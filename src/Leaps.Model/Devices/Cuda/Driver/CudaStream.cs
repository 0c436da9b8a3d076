using System.Runtime.InteropServices;

namespace Leaps.Model.Devices.Cuda.Driver;

/// <summary>A queue of work for one GPU, done in its order. One thread uses it at a time.</summary>
internal sealed unsafe class CudaStream : IDisposable
{
    private const int NonBlocking = 1, ThreadLocalCapture = 1;
    private nint _handle;

    public CudaStream(CudaDevice device)
    {
        Device = device;
        nint handle;
        device.Use();
        device.Check(device.Api.StreamCreate(&handle, NonBlocking), "cuStreamCreate");
        _handle = handle;
    }

    public CudaDevice Device { get; }
    public nint Handle => _handle;

    /// <summary>Host memory to the GPU. It must stay as it is until the stream is waited for.</summary>
    public void Upload<T>(DeviceBuffer<T> to, PinnedBuffer<T> from, long count) where T : unmanaged
    {
        if (count > 0)
            Device.Check(
                Device.Api.MemcpyHtoDAsync(to.Address, from.Address, Bytes<T>(count), _handle),
                "cuMemcpyHtoDAsync");
    }

    public void Download<T>(PinnedBuffer<T> to, DeviceBuffer<T> from, long count) where T : unmanaged
    {
        if (count > 0)
            Device.Check(
                Device.Api.MemcpyDtoHAsync(to.Address, from.Address, Bytes<T>(count), _handle),
                "cuMemcpyDtoHAsync");
    }

    /// <summary>Between places of GPU memory, which may not overlap.</summary>
    public void Copy(nint to, nint from, long bytes) => Device.Check(
        Device.Api.MemcpyDtoDAsync(to, from, (nuint)bytes, _handle), "cuMemcpyDtoDAsync");

    public void Clear(nint address, long bytes) => Device.Check(
        Device.Api.MemsetD8Async(address, 0, (nuint)bytes, _handle), "cuMemsetD8Async");

    public void Clear<T>(DeviceBuffer<T> buffer) where T : unmanaged =>
        Clear(buffer.Address, buffer.Length * sizeof(T));

    /// <summary>Returns when all is done.</summary>
    /// <exception cref="LeapsException">Something of it failed.</exception>
    public void Wait() => Device.Check(Device.Api.StreamSynchronize(_handle), "cuStreamSynchronize");

    /// <summary>What <paramref name="work"/> puts into the stream, recorded instead of done.</summary>
    public CudaGraph Record(Action work)
    {
        Device.Check(Device.Api.StreamBeginCapture(_handle, ThreadLocalCapture), "cuStreamBeginCapture");
        nint graph = 0;
        try
        {
            work();
        }
        catch
        {
            if (Device.Api.StreamEndCapture(_handle, &graph) == CudaResult.Success && graph != 0)
                _ = Device.Api.GraphDestroy(graph);
            throw;
        }
        Device.Check(Device.Api.StreamEndCapture(_handle, &graph), "cuStreamEndCapture");
        return new CudaGraph(Device, graph);
    }

    public void Dispose()
    {
        nint handle = Interlocked.Exchange(ref _handle, 0);
        if (handle == 0) return;
        if (!Device.IsDisposed)
            _ = Device.Api.StreamDestroy(handle);
        GC.SuppressFinalize(this);
    }

    ~CudaStream() => Dispose();

    private static nuint Bytes<T>(long count) where T : unmanaged => (nuint)(count * sizeof(T));
}
