using Leaps.Host.Commands;
using Leaps.Host.Configuration;
using Leaps.Model;
using Leaps.Model.Devices;
using Leaps.Model.Devices.Simd;

namespace Leaps.Host.Execution;

/// <summary>Which devices a run of this process uses.</summary>
internal static class DeviceChoice
{
    /// <summary>For a run that begins.</summary>
    /// <exception cref="LeapsException">GPUs were asked for, and can't be used.</exception>
    public static RunDevices ForNew(
        RunConfiguration configuration, Action<string> notice, string? library = null)
    {
        if (configuration.Network is not { } network)
            return WithoutNetwork(configuration.Device);
        if (configuration is { Device.Kind: DeviceSelectionKind.Auto, Train: not null }
            && network.EmbeddingMaxNorm)
        {
            var devices = Open(configuration.Device, notice: _ => { }, library: library);
            if (devices.AreGpus)
                notice("a GPU is not used: the embedding is trained under max-norm, which the CPU alone "
                    + "does");
            return RunDevices.Cpu;
        }
        return Open(configuration.Device, notice, library: library);
    }

    /// <summary>For a run that goes on: it can do so on devices of its kind alone.</summary>
    /// <param name="configuration">of the run</param>
    /// <param name="kind">that the run began on; null: the journal is from before it was kept</param>
    /// <param name="notice">takes a line for each reason why a GPU that is there is not used</param>
    /// <param name="library">the driver's library; null: the installed one</param>
    /// <exception cref="LeapsException">This machine has, or the user chose, devices of another
    /// kind.</exception>
    public static RunDevices ForResumed(RunConfiguration configuration, string? kind, Action<string> notice,
        string? library = null)
    {
        if (configuration.Network is null)
            return WithoutNetwork(configuration.Device);
        string wanted = kind ?? SimdNetwork.BestDeviceKind;
        var selection = configuration.Device;
        var devices = Open(selection, notice, wanted, library);
        if (devices.Kind == wanted)
            return devices;
        throw new LeapsException(selection.Kind == DeviceSelectionKind.Auto
            ? $"the run began on a device of kind {wanted}, and this machine has {devices.Kind}, where its "
                + "numbers would be others: resume it on a machine of the first kind"
            : $"the run began on a device of kind {wanted}, and --device {selection} is {devices.Kind}, "
                + "where its numbers would be others: resume it with --device auto");
    }

    /// <summary>For one command, without a run; it uses one device.</summary>
    /// <exception cref="LeapsException">GPUs were asked for, and can't be used.</exception>
    public static RunDevices ForCommand(DeviceSelection selection, JobContext context) =>
        Open(selection, context.Notice);

    private static RunDevices Open(DeviceSelection selection, Action<string> notice, string? kind = null,
        string? library = null)
    {
        var devices = RunDevices.Open(selection, notice, kind, library);
        if (devices.AreGpus)
            notice($"networks are on {devices.Description}");
        return devices;
    }

    // Whoever asks for GPUs by name would wait for them in vain.
    private static RunDevices WithoutNetwork(DeviceSelection selection) =>
        selection.Kind != DeviceSelectionKind.Cuda ? RunDevices.Cpu : throw new LeapsException(
            $"the device is {selection}, and the run has no network: only networks are on GPUs. Leave the "
            + "device out, or use --device cpu");
}
