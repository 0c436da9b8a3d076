using System.Runtime.InteropServices;

namespace Leaps.Model.Devices.Cuda.Driver;

/// <summary>
/// The opened driver: which GPUs there are. Nothing of it is needed where no GPU is asked for.
/// </summary>
public sealed unsafe class CudaDriver
{
    // CUDA 11.4: the first with cuGraphInstantiateWithFlags; PTX 7.0 needs 11.0.
    private const int NeededVersion = 11040;

    private CudaDriver(CudaApi api, int version, int devices)
    {
        Api = api;
        Version = version;
        DeviceCount = devices;
    }

    internal CudaApi Api { get; }

    /// <summary>The newest CUDA it supports: 1000 · major + 10 · minor.</summary>
    public int Version { get; }
    public int DeviceCount { get; }

    /// <summary>A driver is there, and does not say that it finds no GPU.</summary>
    /// <param name="library">the driver's library; null: the installed one</param>
    /// <exception cref="LeapsException">The library is no such driver.</exception>
    public static bool FindsGpu(string? library = null)
    {
        if (CudaApi.TryOpen(library ?? CudaApi.DefaultLibrary) is not { } api
            || api.Init(0) == CudaResult.NoDevice)
            return false;
        int devices;
        return api.DeviceGetCount(&devices) switch
        {
            CudaResult.Success => devices > 0,
            int result => result != CudaResult.NoDevice,
        };
    }

    /// <summary>Opens the driver.</summary>
    /// <param name="library">the driver's library; null: the installed one</param>
    /// <exception cref="LeapsException">There is no driver, none new enough, or no GPU.</exception>
    public static CudaDriver Open(string? library = null)
    {
        var api = CudaApi.TryOpen(library ?? CudaApi.DefaultLibrary)
            ?? throw new LeapsException(
                $"There is no NVIDIA driver ({library ?? CudaApi.DefaultLibrary} is not found): install it, "
                + "or use --device cpu.");
        int version, devices;
        Check(api, api.Init(0), "cuInit");
        Check(api, api.DriverGetVersion(&version), "cuDriverGetVersion");
        if (version < NeededVersion)
            throw new LeapsException(
                $"The NVIDIA driver supports CUDA {version / 1000}.{version % 1000 / 10}; the kernels need "
                + "11.4: install driver 470 or later, or use --device cpu.");
        Check(api, api.DeviceGetCount(&devices), "cuDeviceGetCount");
        if (devices == 0)
            throw CudaResult.Failure(CudaResult.NoDevice, "", "cuDeviceGetCount", "");
        return new CudaDriver(api, version, devices);
    }

    /// <summary>A GPU by its number.</summary>
    /// <exception cref="LeapsException">There is no such GPU, or it is too old.</exception>
    public CudaDevice Device(int ordinal)
    {
        if (ordinal < 0 || ordinal >= DeviceCount)
            throw new LeapsException(
                $"There is no GPU {ordinal}: this machine has {DeviceCount}, numbered from 0.");
        return new CudaDevice(this, ordinal);
    }

    private static void Check(CudaApi api, int result, string function)
    {
        if (result != CudaResult.Success)
            throw CudaResult.Failure(result, api.NameOf(result), function, "");
    }
}
