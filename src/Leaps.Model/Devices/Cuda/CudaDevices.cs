using Leaps.Model.Devices.Cuda.Driver;

namespace Leaps.Model.Devices.Cuda;

/// <summary>The GPUs that a selection means, opened: all of one architecture, so of one kind.</summary>
public static class CudaDevices
{
    /// <summary>
    /// Empty where the CPU is meant. With <see cref="DeviceSelectionKind.Auto"/> also where no GPU can be
    /// used; of several architectures it takes the newest.
    /// </summary>
    /// <param name="selection">what was asked for</param>
    /// <param name="unused">a line for each reason why GPUs that are there are not used</param>
    /// <param name="library">the driver's library; null: the installed one</param>
    /// <param name="kind">the only kind that <see cref="DeviceSelectionKind.Auto"/> takes; null: any</param>
    /// <exception cref="LeapsException">
    /// GPUs were asked for by name and can't be used, or are of several architectures.
    /// </exception>
    public static IReadOnlyList<CudaDevice> Open(DeviceSelection selection, out IReadOnlyList<string> unused,
        string? library = null, string? kind = null)
    {
        unused = [];
        switch (selection.Kind)
        {
            case DeviceSelectionKind.Cpu:
                return [];
            case DeviceSelectionKind.Auto:
                var reasons = new List<string>();
                unused = reasons;
                return OpenUsable(reasons, library, kind);
        }
        var driver = CudaDriver.Open(library);
        var devices = new List<CudaDevice>();
        try
        {
            foreach (int ordinal in selection.OrdinalsAmong(driver.DeviceCount))
                devices.Add(driver.Device(ordinal));
            if (devices.Find(device => device.ComputeCapability != devices[0].ComputeCapability)
                is { } other)
                throw new LeapsException(
                    $"{devices[0].Description} and {other.Description} have compute capability "
                    + $"{devices[0].ComputeCapability} and {other.ComputeCapability}, and give other "
                    + $"numbers: choose GPUs of one, such as --device cuda:{devices[0].Ordinal}.");
        }
        catch
        {
            Keep(devices, static _ => false);
            throw;
        }
        return devices;
    }

    // One that takes the smallest file of kernels takes the others.
    private static CudaDevice OpenUsable(CudaDriver driver, int ordinal)
    {
        var device = driver.Device(ordinal);
        try
        {
            device.Kernel("adam", "adam");
            return device;
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    private static List<CudaDevice> OpenUsable(List<string> unused, string? library, string? kind)
    {
        var devices = new List<CudaDevice>();
        try
        {
            if (!CudaDriver.FindsGpu(library))
                return [];
            var driver = CudaDriver.Open(library);
            for (int ordinal = 0; ordinal < driver.DeviceCount; ordinal++)
            {
                try
                {
                    devices.Add(OpenUsable(driver, ordinal));
                }
                catch (LeapsException reason)
                {
                    unused.Add(reason.Message);
                }
            }
        }
        catch (LeapsException reason)
        {
            unused.Add(reason.Message);
        }
        if (kind is not null)
            return Keep(devices, device => CudaNetwork.KindOf(device) == kind);
        var newest = devices.Max(device => device.ComputeCapability);
        unused.AddRange(devices.Where(device => device.ComputeCapability != newest).Select(device =>
            $"{device.Description} has compute capability {device.ComputeCapability}, others have {newest}: "
            + $"it would give other numbers. To use it: --device cuda:{device.Ordinal}."));
        return Keep(devices, device => device.ComputeCapability == newest);
    }

    // An open GPU takes memory of it; those that are not wanted are closed.
    private static List<CudaDevice> Keep(List<CudaDevice> devices, Predicate<CudaDevice> wanted)
    {
        foreach (var device in devices.Where(device => !wanted(device)))
            device.Dispose();
        return devices.FindAll(wanted);
    }
}
