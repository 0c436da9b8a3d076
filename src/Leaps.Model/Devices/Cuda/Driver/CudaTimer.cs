namespace Leaps.Model.Devices.Cuda.Driver;

/// <summary>Measures what a stream's work takes on the GPU, by events before and after it.</summary>
internal sealed unsafe class CudaTimer : IDisposable
{
    private readonly CudaStream _stream;
    private readonly nint _start, _end;
    private bool _disposed;

    public CudaTimer(CudaStream stream)
    {
        _stream = stream;
        stream.Device.Use();
        _start = Event();
        _end = Event();
    }

    /// <summary>Seconds from the first of the work to its end; waits for it.</summary>
    public double Seconds(Action work)
    {
        var device = _stream.Device;
        device.Check(device.Api.EventRecord(_start, _stream.Handle), "cuEventRecord");
        work();
        device.Check(device.Api.EventRecord(_end, _stream.Handle), "cuEventRecord");
        _stream.Wait();
        device.Check(device.Api.EventSynchronize(_end), "cuEventSynchronize");
        float milliseconds;
        device.Check(device.Api.EventElapsedTime(&milliseconds, _start, _end), "cuEventElapsedTime");
        return milliseconds / 1000.0;
    }

    public void Dispose()
    {
        if (_disposed || _stream.Device.IsDisposed) return;
        _disposed = true;
        _ = _stream.Device.Api.EventDestroy(_start);
        _ = _stream.Device.Api.EventDestroy(_end);
    }

    private nint Event()
    {
        nint handle;
        _stream.Device.Check(_stream.Device.Api.EventCreate(&handle, 0), "cuEventCreate");
        return handle;
    }
}
