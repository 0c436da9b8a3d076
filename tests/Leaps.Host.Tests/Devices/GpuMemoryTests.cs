using Leaps.Actors;
using Leaps.Actors.Journal;
using Leaps.Actors.Runtime;
using Leaps.Host.Configuration;
using Leaps.Host.Execution;
using Leaps.Host.Execution.Cluster;
using Leaps.Model;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;
using Leaps.Model.Tests.Devices.Cuda;

namespace Leaps.Host.Tests.Devices;

/// <summary>
/// A node works for many runs: each leaves the memory of the GPUs as it was. And a GPU that fails at work
/// ends the run with one line.
/// </summary>
public sealed class GpuMemoryTests
{
    private const int OutOfMemory = 2, Unknown = 999;

    private static readonly RunConfiguration Configuration = ConfigurationReader.ReadText("""
        target: {model: ising, lattice: 3, beta: 0.44}
        network: {kernels: [3, 3], channels: 2, free-energy: [4]}
        train: {updates: 12, batch: 4, source: rollouts, evaluate: {every: 6, walkers: 8, windows: 1},
                rollouts: {walkers: 6, buffer-cycle: 5, buffer-size: 4, moves: 2, staleness: 5}}
        sample: {walkers: 30, groups: 5, windows: 3, resample: {threshold: 0.999}, replicas: 2}
        """, "run.yaml");

    private static readonly Target Target = Configuration.Target.CreateTarget();

    private readonly EmulatedDriver _driver = EmulatedDriver.Copy();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private long Held => _driver.Get("allocations");

    private RunDevices Open() => NodeDevice.Open("cuda", _ => { }, _driver.Library);

    private static ITraining Training(PreparedNetwork network, IJournal journal) =>
        new EmbeddedActors(threads: 2).CreateTraining(
            Target, network, Configuration.Training!, journal, new TrainingHomeOptions());

    private static ISampling Sampling(PreparedNetwork network, IJournal journal)
    {
        var options = Configuration.Annealing;
        var task = new SamplingTask(
            Target, options, TimeGrid.Uniform(options.Windows), Configuration.Sample.Replicas)
        {
            Device = network.Devices.Kind,
        };
        return new EmbeddedActors(threads: 2).CreateSampling(
            task, Target, network, 1, journal, new SamplingHomeOptions());
    }

    [Fact]
    public void A_training_and_a_sampling_give_all_memory_back()
    {
        var devices = Open();
        NodeDevice.MeasureSpeed(devices, threads: 1);
        Assert.Equal(0, Held);
        using (var network = PreparedNetwork.Of(Configuration, Target, devices)!)
        {
            long networks = Held;
            using (var journal = new MemoryJournal())
            using (var training = Training(network, journal))
                Assert.Equal("", training.Run(Cancellation));
            Assert.Equal(networks, Held);
            using (var journal = new MemoryJournal())
            using (var sampling = Sampling(network, journal))
                Assert.Equal(60, sampling.Run(Cancellation).Result.Walkers.Count);
            Assert.Equal(networks, Held);
        }
        Assert.Equal(0, Held);
    }

    [Theory]
    [InlineData("cuMemAlloc_v2", OutOfMemory, "the GPU is out of memory")]
    [InlineData("cuStreamSynchronize", Unknown, "the GPU failed or disappeared")]
    public void A_GPU_that_fails_in_a_sampling_ends_it_with_one_line(string function, int code, string part)
    {
        using var network = PreparedNetwork.Of(Configuration, Target, Open())!;
        using var journal = new MemoryJournal();
        using var sampling = Sampling(network, journal);
        _driver.Fail(function, code, after: 5);
        AssertOneLine(part, () => sampling.Run(Cancellation));
    }

    [Theory]
    [InlineData("cuLaunchKernel")]
    [InlineData("cuMemcpyDtoHAsync_v2")]
    public void A_GPU_that_fails_in_a_training_ends_it_with_one_line(string function)
    {
        using var network = PreparedNetwork.Of(Configuration, Target, Open())!;
        using var journal = new MemoryJournal();
        using var training = Training(network, journal);
        _driver.Fail(function, Unknown, after: 20);
        AssertOneLine("the GPU failed or disappeared", () => training.Run(Cancellation));
    }

    private static void AssertOneLine(string part, Action run)
    {
        var error = Assert.Throws<LeapsException>(run);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
        Assert.StartsWith("GPU ", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }
}
