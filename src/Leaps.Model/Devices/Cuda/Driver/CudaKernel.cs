namespace Leaps.Model.Devices.Cuda.Driver;

/// <summary>A kernel in a GPU's context. All take one structure of arguments.</summary>
internal sealed unsafe class CudaKernel(CudaDevice device, string name, nint function)
{
    public string Name { get; } = name;

    /// <summary>Puts a launch into a stream.</summary>
    /// <param name="stream">in which it runs</param>
    /// <param name="arguments">copied now</param>
    /// <param name="blocks">in x; nothing happens for none</param>
    /// <param name="threads">of a block</param>
    /// <param name="rows">blocks in y</param>
    /// <param name="sharedBytes">dynamic shared memory of a block</param>
    public void Launch<T>(CudaStream stream, in T arguments, long blocks, int threads, int rows = 1,
        int sharedBytes = 0) where T : unmanaged
    {
        if (blocks == 0 || rows == 0) return;
        if (sharedBytes > device.SharedMemoryBytes)
            throw new LeapsException(
                $"{device.Description}: {Name} needs {sharedBytes} bytes of shared memory a block, the GPU "
                + $"has {device.SharedMemoryBytes}: use a smaller kernel or lattice, or --device cpu.");
        fixed (T* pointer = &arguments)
        {
            void* parameter = pointer;
            device.Check(
                device.Api.LaunchKernel(function, checked((uint)blocks), (uint)rows, 1, (uint)threads, 1, 1,
                    (uint)sharedBytes, stream.Handle, &parameter, null),
                "cuLaunchKernel");
        }
    }
}
