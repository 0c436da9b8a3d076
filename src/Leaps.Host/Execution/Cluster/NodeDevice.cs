using System.Diagnostics;
using Leaps.Host.Configuration;
using Leaps.Model.Devices;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Host.Execution.Cluster;

/// <summary>The device of a node: its kind, and how fast it is.</summary>
internal static class NodeDevice
{
    private const int Side = 8, Walkers = 32;
    private static readonly TimeSpan Duration = TimeSpan.FromMilliseconds(200);

    /// <summary>Kind of the device on which networks run here.</summary>
    public static string Kind => Network().Device.DeviceKind;

    /// <summary>Evaluations a second of a small network, a thread's times the threads.</summary>
    /// <param name="threads">that move walkers</param>
    public static double MeasureSpeed(int threads)
    {
        var (_, network, target) = Create();
        var walkers = Model.Sampling.Walkers.Uniform(target, Walkers, seed: 1, firstSlot: 0);
        var mover = new PopulationMover(target, network.Device, new AnnealerOptions
        {
            Walkers = Walkers,
            Windows = 1,
            Threads = 1,
        });
        var window = new TimeWindow(0, 0, 1);
        mover.Integrate(walkers, window);
        long start = Stopwatch.GetTimestamp();
        double evaluations = 0;
        while (Stopwatch.GetElapsedTime(start) < Duration)
            evaluations += mover.Integrate(walkers, window).Evaluations;
        return Math.Max(1, evaluations / Stopwatch.GetElapsedTime(start).TotalSeconds * threads);
    }

    private static PreparedNetwork Network() => Create().Network;

    private static (RunConfiguration Configuration, PreparedNetwork Network, Target Target) Create()
    {
        var configuration = ConfigurationReader.ReadText($$"""
            target: {model: ising, lattice: {{Side}}, beta: 0.4}
            network: {kernels: [3, 5], channels: 8, free-energy: [8]}
            sample: {walkers: {{Walkers}}, windows: 1}
            """, "the device");
        var target = configuration.Target.CreateTarget();
        return (configuration, PreparedNetwork.Of(configuration, target)!, target);
    }
}
