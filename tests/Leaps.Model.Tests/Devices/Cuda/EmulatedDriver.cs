using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Leaps.Model.Devices.Cuda.Driver;

namespace Leaps.Model.Tests.Devices.Cuda;

/// <summary>
/// A stand-in for NVIDIA's driver that runs the kernels, compiled for this machine by g++, on this machine.
/// Built once for the sources as they are. A library made by <see cref="Copy"/> has a state of its own, which
/// a test may spoil.
/// </summary>
internal sealed unsafe class EmulatedDriver
{
    private static readonly Lazy<(string? Library, string? Reason)> Built = new(Build);
    private static readonly Lazy<CudaDriver> Shared = new(() => CudaDriver.Open(Built.Value.Library));

    private readonly nint _handle;

    private EmulatedDriver(string library)
    {
        Library = library;
        _handle = NativeLibrary.Load(library);
    }

    public string Library { get; }

    /// <summary>The one that all tests use which break nothing.</summary>
    public static CudaDriver Require()
    {
        RequireLibrary();
        return Shared.Value;
    }

    /// <summary>The library's path; skips where there is no compiler.</summary>
    public static string RequireLibrary()
    {
        Assert.SkipUnless(Built.Value.Library is not null, Built.Value.Reason ?? "");
        return Built.Value.Library!;
    }

    /// <summary>One of its own, for errors.</summary>
    public static EmulatedDriver Copy()
    {
        string from = RequireLibrary();
        string to = Path.Combine(Path.GetDirectoryName(from)!, $"copy-{Guid.NewGuid():N}.so");
        File.Copy(from, to);
        var driver = new EmulatedDriver(to);
        File.Delete(to);        // it is loaded
        return driver;
    }

    /// <summary>A function of the driver fails once, after as many calls that do not.</summary>
    public void Fail(string function, int code, int after = 0)
    {
        var fail = (delegate* unmanaged<byte*, int, int, void>)NativeLibrary.GetExport(_handle, "fake_fail");
        fixed (byte* name = Encoding.UTF8.GetBytes(function + '\0'))
            fail(name, code, after);
    }

    /// <summary>What the machine is like: devices, version, free, major, minor.</summary>
    public void Set(string name, long value)
    {
        var set = (delegate* unmanaged<byte*, long, void>)NativeLibrary.GetExport(_handle, "fake_set");
        fixed (byte* text = Encoding.UTF8.GetBytes(name + '\0'))
            set(text, value);
    }

    /// <summary>The same, or how often something happened: launches, syncs; allocations held.</summary>
    public long Get(string name)
    {
        var get = (delegate* unmanaged<byte*, long>)NativeLibrary.GetExport(_handle, "fake_get");
        fixed (byte* text = Encoding.UTF8.GetBytes(name + '\0'))
            return get(text);
    }

    /// <summary>Bytes of a kernel's arguments as the C++ compiler lays them out.</summary>
    public static int ArgumentBytes(string kernel)
    {
        nint handle = NativeLibrary.Load(RequireLibrary());
        return *(int*)NativeLibrary.GetExport(handle, kernel + "_size");
    }

    // Tests of several processes may build at once: each builds aside and moves the result into place.
    private static (string?, string?) Build()
    {
        string host = Path.Combine(Sources.Root, "tests/Leaps.Model.Tests/Devices/Cuda/Host");
        string[] files = [.. Directory.EnumerateFiles(Sources.Kernels, "*.cu*")
            .Concat(Directory.EnumerateFiles(host)).Order(StringComparer.Ordinal)];
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string file in files)
            hash.AppendData(File.ReadAllBytes(file));
        string key = Convert.ToHexString(hash.GetHashAndReset())[..16];
        string folder = Path.Combine(AppContext.BaseDirectory, "emulated-" + key);
        string library = Path.Combine(folder, "libemulated.so");
        if (File.Exists(library))
            return (library, null);
        string aside = folder + "-" + Guid.NewGuid().ToString("N");
        var (code, text) = Sources.Run(Path.Combine(host, "build"), aside);
        if (code == 127 || text.Contains("not found", StringComparison.Ordinal))
            return (null, "there is no C++ compiler (g++) to compile the kernels for this machine");
        Assert.True(code == 0, $"The kernels don't compile for the host:\n{text}");
        if (!Directory.Exists(folder))
            Directory.Move(aside, folder);
        return (library, null);
    }
}
