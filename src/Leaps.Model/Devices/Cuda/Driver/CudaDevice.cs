using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;

namespace Leaps.Model.Devices.Cuda.Driver;

/// <summary>
/// One GPU: its primary context and the kernels loaded into it. Threads may share it. It lives as long as the
/// process uses the GPU.
/// </summary>
public sealed unsafe class CudaDevice : IDisposable
{
    private const int ClockRate = 13, MultiprocessorCount = 16, SharedMemoryOptIn = 97;
    private const int ComputeMajor = 75, ComputeMinor = 76;
    private const int MaxDynamicSharedMemory = 8, LeastComputeMajor = 8;
    private const int JitErrorLogBuffer = 5, JitErrorLogSize = 6, LogBytes = 8192;

    private readonly ConcurrentDictionary<string, Lazy<nint>> _modules = new();
    private readonly ConcurrentDictionary<string, Lazy<CudaKernel>> _kernels = new();
    private readonly nint _context;
    private readonly int _device;
    private bool _disposed;

    internal CudaDevice(CudaDriver driver, int ordinal)
    {
        Driver = driver;
        Ordinal = ordinal;
        Description = $"GPU {ordinal}";
        int device;
        Check(Api.DeviceGet(&device, ordinal), "cuDeviceGet");
        _device = device;
        byte* name = stackalloc byte[256];
        Check(Api.DeviceGetName(name, 256, device), "cuDeviceGetName");
        Name = Marshal.PtrToStringUTF8((nint)name)!;
        Description = $"GPU {ordinal} ({Name})";
        ComputeCapability = new Version(Attribute(ComputeMajor), Attribute(ComputeMinor));
        if (ComputeCapability.Major < LeastComputeMajor)
            throw new LeapsException(
                $"{Description} has compute capability {ComputeCapability}; the kernels need 8.0 (A100, "
                + "RTX 30, or later): choose another GPU, or use --device cpu.");
        Multiprocessors = Attribute(MultiprocessorCount);
        SharedMemoryBytes = Attribute(SharedMemoryOptIn);
        ClockHertz = 1000L * Attribute(ClockRate);
        nint context;
        Check(Api.DevicePrimaryCtxRetain(&context, device), "cuDevicePrimaryCtxRetain");
        _context = context;
    }

    public CudaDriver Driver { get; }
    public int Ordinal { get; }
    public string Name { get; }

    /// <summary>For messages: "GPU 0 (name)".</summary>
    public string Description { get; }
    public Version ComputeCapability { get; }
    public int Multiprocessors { get; }

    /// <summary>The fastest that it may run.</summary>
    public long ClockHertz { get; }

    /// <summary>The most that a block may have.</summary>
    public int SharedMemoryBytes { get; }

    internal CudaApi Api => Driver.Api;

    /// <summary>Its context may be gone, and with it all that was made there.</summary>
    internal bool IsDisposed => _disposed;

    /// <summary>Bytes of free and of all memory.</summary>
    public (long Free, long Total) Memory
    {
        get
        {
            nuint free, total;
            Use();
            Check(Api.MemGetInfo(&free, &total), "cuMemGetInfo");
            return ((long)free, (long)total);
        }
    }

    /// <summary>Makes this GPU the one that the calling thread's next calls go to.</summary>
    internal void Use() => Check(Api.CtxSetCurrent(_context), "cuCtxSetCurrent");

    /// <summary>A kernel by its name; the file of kernels is translated for the GPU the first time.</summary>
    /// <exception cref="LeapsException">The driver does not accept the file.</exception>
    internal CudaKernel Kernel(string file, string name) =>
        _kernels.GetOrAdd(name, _ => new Lazy<CudaKernel>(() => LoadKernel(file, name))).Value;

    /// <exception cref="LeapsException">
    /// The call failed; the message names GPU, function and result.
    /// </exception>
    internal void Check(int result, string function)
    {
        if (result != CudaResult.Success)
            throw CudaResult.Failure(result, Api.NameOf(result), function, Description);
    }

    // Letting go of memory never fails loudly: where the GPU is gone, so is its memory. It may come from the
    // thread that collects garbage, whose context nobody relies on.
    internal void Release(nint memory)
    {
        if (_disposed) return;
        _ = Api.CtxSetCurrent(_context);
        _ = Api.MemFree(memory);
    }

    internal void ReleasePinned(nint memory)
    {
        if (_disposed) return;
        _ = Api.CtxSetCurrent(_context);
        _ = Api.MemFreeHost(memory);
    }

    /// <summary>Unloads the kernels and lets go of the context. Nothing may be at work.</summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        foreach (var module in _modules.Values.Where(module => module.IsValueCreated))
            _ = Api.ModuleUnload(module.Value);
        _ = Api.DevicePrimaryCtxRelease(_device);
    }

    private int Attribute(int attribute)
    {
        int value;
        Check(Api.DeviceGetAttribute(&value, attribute, _device), "cuDeviceGetAttribute");
        return value;
    }

    private CudaKernel LoadKernel(string file, string name)
    {
        nint module = _modules.GetOrAdd(file, _ => new Lazy<nint>(() => LoadModule(file))).Value;
        nint function;
        Use();
        fixed (byte* text = Encoding.UTF8.GetBytes(name + '\0'))
            Check(Api.ModuleGetFunction(&function, module, text), $"cuModuleGetFunction of {name}");
        // More than the usual 48 KB has to be asked for; what a launch takes is its own matter.
        Check(
            Api.FuncSetAttribute(function, MaxDynamicSharedMemory, SharedMemoryBytes), "cuFuncSetAttribute");
        return new CudaKernel(this, name, function);
    }

    private nint LoadModule(string file)
    {
        byte[] log = new byte[LogBytes];
        int* options = stackalloc int[2] { JitErrorLogBuffer, JitErrorLogSize };
        nint* values = stackalloc nint[2];
        nint module;
        Use();
        fixed (byte* text = PtxOf(file))
        fixed (byte* errors = log)
        {
            values[0] = (nint)errors;
            values[1] = LogBytes;
            int result = Api.ModuleLoadDataEx(&module, text, 2, options, values);
            if (result == CudaResult.Success)
                return module;
            string reason = Marshal.PtrToStringUTF8((nint)errors)!.Trim().ReplaceLineEndings("; ");
            Check(result, "cuModuleLoadDataEx of " + file + (reason.Length == 0 ? "" : $": {reason}"));
            return 0;
        }
    }

    // The text that travels in the assembly, with the zero byte that ends it.
    private static byte[] PtxOf(string file)
    {
        using var stream = Assembly.GetExecutingAssembly()
            .GetManifestResourceStream($"Leaps.Model.Devices.Cuda.Ptx.{file}.ptx")
            ?? throw new InvalidOperationException($"There are no kernels {file}.");
        byte[] text = new byte[stream.Length + 1];
        stream.ReadExactly(text, 0, (int)stream.Length);
        return text;
    }
}
