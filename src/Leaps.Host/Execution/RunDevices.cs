using Leaps.Model;
using Leaps.Model.Devices;
using Leaps.Model.Devices.Cuda;
using Leaps.Model.Devices.Cuda.Driver;
using Leaps.Model.Devices.Simd;
using Leaps.Model.Networks;

namespace Leaps.Host.Execution;

/// <summary>
/// The devices on which a process evaluates networks: GPUs, all of one kind, or the CPU.
/// </summary>
internal sealed class RunDevices
{
    private readonly IReadOnlyList<CudaDevice> _gpus;

    private RunDevices(IReadOnlyList<CudaDevice> gpus) => _gpus = gpus;

    public static RunDevices Cpu { get; } = new([]);

    /// <summary>Runs are bit-identical on devices of one kind alone.</summary>
    public string Kind => _gpus.Count > 0 ? CudaNetwork.KindOf(_gpus[0]) : SimdNetwork.BestDeviceKind;

    /// <summary>How many: 1 for the CPU.</summary>
    public int Count => Math.Max(1, _gpus.Count);

    public bool AreGpus => _gpus.Count > 0;

    /// <summary>The first of them alone.</summary>
    public RunDevices First => new([.. _gpus.Take(1)]);

    /// <summary>For people: the GPUs by number and name, or the CPU.</summary>
    public string Description =>
        AreGpus ? string.Join(", ", _gpus.Select(gpu => gpu.Description)) : "the CPU";

    /// <summary>Bytes that GPUs hold at present, for whomever; null for the CPU.</summary>
    public Func<long>? MemoryInUse => !AreGpus ? null : () => _gpus.Sum(gpu =>
    {
        var (free, total) = gpu.Memory;
        return total - free;
    });

    /// <summary>
    /// What was asked for. Where that is <see cref="DeviceSelectionKind.Auto"/>, the CPU where no GPU can be
    /// used.
    /// </summary>
    /// <param name="selection">what was asked for</param>
    /// <param name="notice">takes a line for each reason why a GPU that is there is not used</param>
    /// <param name="kind">the kind that auto is to find, if it can; null: the best there is</param>
    /// <param name="library">the driver's library; null: the installed one</param>
    /// <exception cref="LeapsException">GPUs were asked for, and can't be used.</exception>
    public static RunDevices Open(DeviceSelection selection, Action<string> notice, string? kind = null,
        string? library = null)
    {
        if (selection.Kind == DeviceSelectionKind.Auto && kind is not null && !CudaNetwork.IsKind(kind))
            return Cpu;
        var gpus = CudaDevices.Open(selection, out var unused, library, kind);
        foreach (string reason in unused)
            notice($"a GPU is not used: {reason}");
        return gpus.Count > 0 ? new RunDevices(gpus) : Cpu;
    }

    /// <summary>A model's network on each device, with its parameters; the caller's to dispose of.</summary>
    /// <exception cref="LeapsException">A GPU failed, or its memory does not hold the network.</exception>
    public IReadOnlyList<RateNetwork> CreateNetworks(LeapsModel model)
    {
        var networks = new List<RateNetwork>();
        try
        {
            for (int index = 0; index < Count; index++)
                networks.Add(CreateNetwork(model, index));
            return networks;
        }
        catch
        {
            networks.ForEach(network => network.Dispose());
            throw;
        }
    }

    /// <summary>On one of them, by its place from 0.</summary>
    /// <inheritdoc cref="CreateNetworks"/>
    public RateNetwork CreateNetwork(LeapsModel model, int index = 0)
    {
        RateNetwork network =
            AreGpus ? new CudaNetwork(model.Network, _gpus[index]) : new SimdNetwork(model.Network);
        network.Load(model.Parameters);
        return network;
    }

    /// <summary>On the device that has the least to do in a training.</summary>
    /// <inheritdoc cref="CreateNetworks"/>
    public RateNetwork CreateRolloutNetwork(LeapsModel model) => CreateNetwork(model, Count - 1);
}
