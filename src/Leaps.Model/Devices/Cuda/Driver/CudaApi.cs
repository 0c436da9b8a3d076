using System.Runtime.InteropServices;

namespace Leaps.Model.Devices.Cuda.Driver;

/// <summary>
/// The functions of NVIDIA's driver library that are used, found by name when the library is opened. Pointers
/// and handles are <c>nint</c>; every function returns a CUresult. The header cuda.h gives their meaning.
/// </summary>
internal sealed unsafe partial class CudaApi
{
    /// <summary>What the driver installs on Linux; the file is found by the dynamic linker.</summary>
    public const string DefaultLibrary = "libcuda.so.1";

    public readonly delegate* unmanaged<uint, int> Init;
    public readonly delegate* unmanaged<int*, int> DriverGetVersion, DeviceGetCount;
    public readonly delegate* unmanaged<int*, int, int> DeviceGet;
    public readonly delegate* unmanaged<byte*, int, int, int> DeviceGetName;
    public readonly delegate* unmanaged<int*, int, int, int> DeviceGetAttribute;
    public readonly delegate* unmanaged<nint*, int, int> DevicePrimaryCtxRetain;
    public readonly delegate* unmanaged<int, int> DevicePrimaryCtxRelease;
    public readonly delegate* unmanaged<nint, int> CtxSetCurrent;
    public readonly delegate* unmanaged<nuint*, nuint*, int> MemGetInfo;
    public readonly delegate* unmanaged<nint*, byte*, uint, int*, nint*, int> ModuleLoadDataEx;
    public readonly delegate* unmanaged<nint, int> ModuleUnload;
    public readonly delegate* unmanaged<nint*, nint, byte*, int> ModuleGetFunction;
    public readonly delegate* unmanaged<nint, int, int, int> FuncSetAttribute;
    public readonly delegate* unmanaged<nint*, nuint, int> MemAlloc, MemAllocHost;
    public readonly delegate* unmanaged<nint, int> MemFree, MemFreeHost;
    public readonly delegate* unmanaged<nint, nint, nuint, nint, int> MemcpyHtoDAsync, MemcpyDtoHAsync;
    public readonly delegate* unmanaged<nint, nint, nuint, nint, int> MemcpyDtoDAsync;
    public readonly delegate* unmanaged<nint, byte, nuint, nint, int> MemsetD8Async;
    public readonly delegate* unmanaged<nint*, uint, int> StreamCreate, EventCreate;
    public readonly delegate* unmanaged<nint, int> StreamDestroy, StreamSynchronize, EventDestroy;
    public readonly delegate* unmanaged<nint, int> EventSynchronize, GraphExecDestroy, GraphDestroy;
    public readonly delegate* unmanaged<nint, nint, int> EventRecord, GraphLaunch;
    public readonly delegate* unmanaged<float*, nint, nint, int> EventElapsedTime;
    public readonly delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**,
        int> LaunchKernel;
    public readonly delegate* unmanaged<nint, int, int> StreamBeginCapture;
    public readonly delegate* unmanaged<nint, nint*, int> StreamEndCapture;
    public readonly delegate* unmanaged<nint*, nint, ulong, int> GraphInstantiate;

    private readonly delegate* unmanaged<int, byte**, int> _getErrorName;

    private CudaApi(nint library)
    {
        nint Find(string name) => NativeLibrary.TryGetExport(library, name, out nint address)
            ? address
            : throw new LeapsException(
                $"The NVIDIA driver has no function {name}: it is too old. Install driver 470 or later, or "
                + "use --device cpu.");

        Init = (delegate* unmanaged<uint, int>)Find("cuInit");
        DriverGetVersion = (delegate* unmanaged<int*, int>)Find("cuDriverGetVersion");
        DeviceGetCount = (delegate* unmanaged<int*, int>)Find("cuDeviceGetCount");
        DeviceGet = (delegate* unmanaged<int*, int, int>)Find("cuDeviceGet");
        DeviceGetName = (delegate* unmanaged<byte*, int, int, int>)Find("cuDeviceGetName");
        DeviceGetAttribute = (delegate* unmanaged<int*, int, int, int>)Find("cuDeviceGetAttribute");
        DevicePrimaryCtxRetain = (delegate* unmanaged<nint*, int, int>)Find("cuDevicePrimaryCtxRetain");
        DevicePrimaryCtxRelease = (delegate* unmanaged<int, int>)Find("cuDevicePrimaryCtxRelease_v2");
        CtxSetCurrent = (delegate* unmanaged<nint, int>)Find("cuCtxSetCurrent");
        MemGetInfo = (delegate* unmanaged<nuint*, nuint*, int>)Find("cuMemGetInfo_v2");
        ModuleLoadDataEx =
            (delegate* unmanaged<nint*, byte*, uint, int*, nint*, int>)Find("cuModuleLoadDataEx");
        ModuleUnload = (delegate* unmanaged<nint, int>)Find("cuModuleUnload");
        ModuleGetFunction = (delegate* unmanaged<nint*, nint, byte*, int>)Find("cuModuleGetFunction");
        FuncSetAttribute = (delegate* unmanaged<nint, int, int, int>)Find("cuFuncSetAttribute");
        MemAlloc = (delegate* unmanaged<nint*, nuint, int>)Find("cuMemAlloc_v2");
        MemAllocHost = (delegate* unmanaged<nint*, nuint, int>)Find("cuMemAllocHost_v2");
        MemFree = (delegate* unmanaged<nint, int>)Find("cuMemFree_v2");
        MemFreeHost = (delegate* unmanaged<nint, int>)Find("cuMemFreeHost");
        MemcpyHtoDAsync = (delegate* unmanaged<nint, nint, nuint, nint, int>)Find("cuMemcpyHtoDAsync_v2");
        MemcpyDtoHAsync = (delegate* unmanaged<nint, nint, nuint, nint, int>)Find("cuMemcpyDtoHAsync_v2");
        MemcpyDtoDAsync = (delegate* unmanaged<nint, nint, nuint, nint, int>)Find("cuMemcpyDtoDAsync_v2");
        MemsetD8Async = (delegate* unmanaged<nint, byte, nuint, nint, int>)Find("cuMemsetD8Async");
        StreamCreate = (delegate* unmanaged<nint*, uint, int>)Find("cuStreamCreate");
        StreamDestroy = (delegate* unmanaged<nint, int>)Find("cuStreamDestroy_v2");
        StreamSynchronize = (delegate* unmanaged<nint, int>)Find("cuStreamSynchronize");
        EventCreate = (delegate* unmanaged<nint*, uint, int>)Find("cuEventCreate");
        EventDestroy = (delegate* unmanaged<nint, int>)Find("cuEventDestroy_v2");
        EventSynchronize = (delegate* unmanaged<nint, int>)Find("cuEventSynchronize");
        EventRecord = (delegate* unmanaged<nint, nint, int>)Find("cuEventRecord");
        EventElapsedTime = (delegate* unmanaged<float*, nint, nint, int>)Find("cuEventElapsedTime");
        LaunchKernel = (delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**,
            void**, int>)Find("cuLaunchKernel");
        StreamBeginCapture = (delegate* unmanaged<nint, int, int>)Find("cuStreamBeginCapture_v2");
        StreamEndCapture = (delegate* unmanaged<nint, nint*, int>)Find("cuStreamEndCapture");
        GraphInstantiate = (delegate* unmanaged<nint*, nint, ulong, int>)Find("cuGraphInstantiateWithFlags");
        GraphLaunch = (delegate* unmanaged<nint, nint, int>)Find("cuGraphLaunch");
        GraphExecDestroy = (delegate* unmanaged<nint, int>)Find("cuGraphExecDestroy");
        GraphDestroy = (delegate* unmanaged<nint, int>)Find("cuGraphDestroy");
        _getErrorName = (delegate* unmanaged<int, byte**, int>)Find("cuGetErrorName");
    }

    /// <summary>Null where there is no such library.</summary>
    /// <exception cref="LeapsException">The library lacks a function: it is too old.</exception>
    public static CudaApi? TryOpen(string library)
    {
        if (!NativeLibrary.TryLoad(library, out nint handle))
            return null;
        // As nvidia-smi counts, unless the user said otherwise; the driver would begin with the fastest.
        _ = SetVariable("CUDA_DEVICE_ORDER", "PCI_BUS_ID", overwrite: 0);
        return new CudaApi(handle);
    }

    /// <summary>The driver's name for a result, such as CUDA_ERROR_OUT_OF_MEMORY.</summary>
    public string NameOf(int result)
    {
        byte* name = null;
        return _getErrorName(result, &name) == 0 && name != null
            ? Marshal.PtrToStringUTF8((nint)name)!
            : FormattableString.Invariant($"CUDA error {result}");
    }

    // What libraries in this process see; the runtime's own variables are a copy.
    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);
}
