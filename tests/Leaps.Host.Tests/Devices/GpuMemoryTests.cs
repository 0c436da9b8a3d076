using Leaps.Actors;
using Leaps.Actors.Journal;
using Leaps.Actors.Runtime;
using Leaps.Host.Configuration;
using Leaps.Host.Execution;
using Leaps.Host.Execution.Cluster;
using Leaps.Model.Sampling;
using Leaps.Model.Tests.Devices.Cuda;

namespace Leaps.Host.Tests.Devices;

/// <summary>A node works for many runs: each leaves the memory of the GPUs as it was.</summary>
public sealed class GpuMemoryTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void A_training_and_a_sampling_give_all_memory_back()
    {
        var driver = EmulatedDriver.Copy();
        var devices = NodeDevice.Open("cuda", _ => { }, driver.Library);
        NodeDevice.MeasureSpeed(devices, threads: 1);
        Assert.Equal(0, driver.Get("allocations"));
        var configuration = ConfigurationReader.ReadText("""
            target: {model: ising, lattice: 3, beta: 0.44}
            network: {kernels: [3, 3], channels: 2, free-energy: [4]}
            train: {updates: 12, batch: 4, source: rollouts, evaluate: {every: 6, walkers: 8, windows: 1},
                    rollouts: {walkers: 6, buffer-cycle: 5, buffer-size: 4, moves: 2, staleness: 5}}
            sample: {walkers: 30, groups: 5, windows: 3, resample: {threshold: 0.999}, replicas: 2}
            """, "run.yaml");
        var target = configuration.Target.CreateTarget();
        var actors = new EmbeddedActors(threads: 2);
        using (var network = PreparedNetwork.Of(configuration, target, devices)!)
        {
            long networks = driver.Get("allocations");
            using (var journal = new MemoryJournal())
            using (var training = actors.CreateTraining(target, network, configuration.Training!, journal,
                new TrainingHomeOptions()))
                Assert.Equal("", training.Run(Cancellation));
            Assert.Equal(networks, driver.Get("allocations"));

            var task = new SamplingTask(target, configuration.Annealing,
                TimeGrid.Uniform(configuration.Annealing.Windows), configuration.Sample.Replicas)
            {
                Device = devices.Kind,
            };
            using (var journal = new MemoryJournal())
            using (var sampling = actors.CreateSampling(task, target, network, 1, journal,
                new SamplingHomeOptions()))
                Assert.Equal(60, sampling.Run(Cancellation).Result.Walkers.Count);
            Assert.Equal(networks, driver.Get("allocations"));
        }
        Assert.Equal(0, driver.Get("allocations"));
    }
}
