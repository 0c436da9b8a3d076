using Leaps.Model.Devices.Cuda.Driver;

namespace Leaps.Model.Devices.Cuda;

/// <summary>The GPUs that a selection means, opened.</summary>
public static class CudaDevices
{
    /// <summary>
    /// Empty where the CPU is meant. With <see cref="DeviceSelectionKind.Auto"/> also where no GPU can be
    /// used; then <paramref name="fallback"/> says why.
    /// </summary>
    /// <param name="selection">what was asked for</param>
    /// <param name="fallback">why it is the CPU after all; null where nothing was given up</param>
    /// <param name="library">the driver's library; null: the installed one</param>
    /// <exception cref="LeapsException">GPUs were asked for by name and can't be used.</exception>
    public static IReadOnlyList<CudaDevice> Open(
        DeviceSelection selection, out string? fallback, string? library = null)
    {
        fallback = null;
        if (selection.Kind == DeviceSelectionKind.Cpu)
            return [];
        try
        {
            var driver = CudaDriver.Open(library);
            return [.. selection.OrdinalsAmong(driver.DeviceCount).Select(driver.Device)];
        }
        catch (LeapsException reason) when (selection.Kind == DeviceSelectionKind.Auto)
        {
            fallback = reason.Message;
            return [];
        }
    }
}
