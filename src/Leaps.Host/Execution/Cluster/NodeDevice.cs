using System.Diagnostics;
using Leaps.Host.Configuration;
using Leaps.Model;
using Leaps.Model.Devices;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Host.Execution.Cluster;

/// <summary>The devices of a node: which, and how fast they are.</summary>
internal static class NodeDevice
{
    // A GPU is measured on as many walkers as take it so long, up to the most.
    private const int Side = 8, Walkers = 32, MostWalkers = 16384;
    private static readonly TimeSpan WindowOfGpu = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Duration = TimeSpan.FromMilliseconds(200);

    /// <summary>What node.device says: a kind, or where networks are to be.</summary>
    /// <param name="device">such as auto, cuda:0,1 or simd-fma</param>
    /// <param name="notice">takes a line for each reason why a GPU that is there is not used</param>
    /// <param name="library">the driver's library; null: the installed one</param>
    /// <exception cref="LeapsException">This machine has no such device.</exception>
    public static RunDevices Open(string device, Action<string> notice, string? library = null)
    {
        if (DeviceSelection.IsWord(device))
            return RunDevices.Open(DeviceSelection.Parse(device), notice, library: library);
        var devices = RunDevices.Open(DeviceSelection.Auto, notice, kind: device, library: library);
        return devices.Kind == device ? devices : throw new LeapsException(
            $"node.device is {device}, and this machine has {devices.Kind}: change it, or start the node "
            + "where there is one");
    }

    /// <summary>
    /// Evaluations a second of a small network: of the first GPU, times the GPUs; or of a thread, times the
    /// threads.
    /// </summary>
    /// <param name="devices">of the node</param>
    /// <param name="threads">that move walkers</param>
    /// <exception cref="LeapsException">A GPU failed.</exception>
    public static double MeasureSpeed(RunDevices devices, int threads)
    {
        var (network, target) = Create(devices);
        using (network)
        {
            int walkers = Walkers;
            while (devices.AreGpus && walkers < MostWalkers
                && Measure(network, target, walkers, TimeSpan.Zero).Seconds < WindowOfGpu.TotalSeconds)
                walkers *= 2;
            var (evaluations, seconds) = Measure(network, target, walkers, Duration);
            return Math.Max(1, evaluations / seconds * (devices.AreGpus ? devices.Count : threads));
        }
    }

    // Windows for at least so long, after a first one in which what is needed is made.
    private static (double Evaluations, double Seconds) Measure(
        RateNetwork network, Target target, int count, TimeSpan duration)
    {
        var walkers = Model.Sampling.Walkers.Uniform(target, count, seed: 1, firstSlot: 0);
        using var mover = new PopulationMover(target, network, new AnnealerOptions
        {
            Walkers = count,
            Windows = 1,
            Threads = 1,
        });
        var window = new TimeWindow(0, 0, 1);
        mover.Integrate(walkers, window);
        long start = Stopwatch.GetTimestamp();
        double evaluations = 0;
        do
            evaluations += mover.Integrate(walkers, window).Evaluations;
        while (Stopwatch.GetElapsedTime(start) < duration);
        return (evaluations, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    private static (RateNetwork Network, Target Target) Create(RunDevices devices)
    {
        var configuration = ConfigurationReader.ReadText($$"""
            target: {model: ising, lattice: {{Side}}, beta: 0.4}
            network: {kernels: [3, 5], channels: 8, free-energy: [8]}
            """, "the device");
        var target = configuration.Target.CreateTarget();
        var model = configuration.Network!.CreateModel(target);
        model.Initialise(configuration.Seed);
        return (devices.CreateNetwork(model), target);
    }
}
