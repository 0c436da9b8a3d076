namespace Leaps.Model.Devices.Cuda.Driver;

/// <summary>A recorded sequence of launches, put into a stream with one call.</summary>
internal sealed unsafe class CudaGraph : IDisposable
{
    private readonly CudaDevice _device;
    private nint _executable;

    /// <param name="device">its GPU</param>
    /// <param name="graph">made into something executable and let go of</param>
    public CudaGraph(CudaDevice device, nint graph)
    {
        _device = device;
        nint executable;
        int result = device.Api.GraphInstantiate(&executable, graph, 0);
        _ = device.Api.GraphDestroy(graph);
        device.Check(result, "cuGraphInstantiate");
        _executable = executable;
    }

    public void Launch(CudaStream stream) =>
        _device.Check(_device.Api.GraphLaunch(_executable, stream.Handle), "cuGraphLaunch");

    public void Dispose()
    {
        nint executable = Interlocked.Exchange(ref _executable, 0);
        if (executable == 0) return;
        if (!_device.IsDisposed)
            _ = _device.Api.GraphExecDestroy(executable);
        GC.SuppressFinalize(this);
    }

    ~CudaGraph() => Dispose();
}
