namespace Leaps.Model.Devices.Cuda.Driver;

/// <summary>The results of the driver that get a message of their own; numbers of cuda.h.</summary>
internal static class CudaResult
{
    public const int Success = 0, OutOfMemory = 2, StubLibrary = 34, DeviceUnavailable = 46, NoDevice = 100;
    public const int InvalidImage = 200, NoBinaryForGpu = 209, InvalidPtx = 218, NoPtxCompiler = 221;
    public const int UnsupportedPtxVersion = 222, PtxCompilerDisabled = 223;
    public const int SystemDriverMismatch = 803, SystemNotReady = 802;

    /// <summary>One line that says what failed and what to do about it.</summary>
    /// <param name="result">not success</param>
    /// <param name="name">the driver's name for it</param>
    /// <param name="function">of the driver</param>
    /// <param name="device">which GPU, for the reader; empty where none is meant yet</param>
    public static LeapsException Failure(int result, string name, string function, string device)
    {
        string where = device.Length == 0 ? "" : $"{device}: ";
        return new LeapsException(result switch
        {
            NoDevice => "The NVIDIA driver finds no GPU: check nvidia-smi and CUDA_VISIBLE_DEVICES, or use "
                + "--device cpu.",
            StubLibrary => "libcuda.so.1 is the toolkit's stub, not the NVIDIA driver: install the driver, "
                + "or use --device cpu.",
            SystemDriverMismatch or SystemNotReady =>
                $"The NVIDIA driver is not ready ({name} from {function}): check nvidia-smi, restart after "
                + "a driver update, or use --device cpu.",
            OutOfMemory => $"{where}the GPU is out of memory ({name} from {function}): end other programs "
                + "on it, use fewer walkers a group or a smaller batch, or use --device cpu.",
            UnsupportedPtxVersion =>
                $"{where}the driver does not accept the kernels ({name} from {function}): it is too old for "
                + "PTX 7.0. Install driver 470 or later, or use --device cpu.",
            NoPtxCompiler =>
                $"{where}the driver lacks its compiler, libnvidia-ptxjitcompiler.so.1 ({name} from "
                + $"{function}): install the whole driver; in a container, of the same version as outside. "
                + "Or use --device cpu.",
            PtxCompilerDisabled =>
                $"{where}the driver was told not to compile kernels ({name} from {function}): unset "
                + "CUDA_DISABLE_PTX_JIT, or use --device cpu.",
            InvalidImage or NoBinaryForGpu or InvalidPtx =>
                $"{where}the driver does not accept the kernels ({name} from {function}): install its newest "
                + "version and, if that does not help, report this line. Until then use --device cpu.",
            DeviceUnavailable => $"{where}the GPU is in use by another process alone ({name} from "
                + $"{function}): end that process, choose another GPU, or use --device cpu.",
            _ => $"{where}the GPU failed or disappeared ({name} from {function}): what was not saved is "
                + "lost. Check nvidia-smi and the kernel log, then resume the run.",
        })
        { IsOfDevice = true };
    }
}
