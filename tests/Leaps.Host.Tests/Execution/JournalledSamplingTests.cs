using Leaps.Actors.Journal;
using Leaps.Host.Commands;
using Leaps.Host.Configuration;
using Leaps.Host.Execution;
using Leaps.Host.Terminal;
using Leaps.Model;
using Leaps.Model.Sampling;

namespace Leaps.Host.Tests.Execution;

/// <summary>
/// The sampling of a run beside <see cref="ReplicaEnsemble"/>, which does it without actors.
/// </summary>
public sealed class JournalledSamplingTests : IDisposable
{
    private static readonly JobContext Context =
        new(new NoProgress(), _ => { }, TimeProvider.System, CancellationToken.None);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("groups: 1, resample: {threshold: 0.99}, replicas: 1")]
    [InlineData("groups: 5, resample: {threshold: 0.99}, replicas: 3")]
    [InlineData("groups: 4, resample: {threshold: 0.995, scheme: multinomial}, replicas: 2")]
    [InlineData("groups: 3, resample: {threshold: 0.99, scheme: residual}, replicas: 2")]
    [InlineData("grid: adaptive, grid-target: 0.99, groups: 2, resample: {threshold: 0.97}")]
    public void It_gives_the_bits_of_the_plain_ensemble(string sample)
    {
        var configuration = ConfigurationReader.ReadText(
            "target: {model: potts, lattice: 3, states: 3, beta: 1}\n"
            + "network: {kernels: [3, 3], channels: 2, free-energy: [4]}\n"
            + $"sample: {{walkers: 203, windows: 40, mcmc: {{kernel: heat-bath-sweep}}, {sample}}}\n"
            + "seed: 3", "c");
        var target = configuration.Target.CreateTarget();
        var network = PreparedNetwork.Of(configuration, target, RunDevices.Cpu)!;
        var model = network.Model.Parameters.Clone();
        model.RoundToSingle();
        network.Load(model);
        var expected = new ReplicaEnsemble(target, network.Device, configuration.Annealing,
            configuration.Sample.Replicas).Run(cancellation: TestContext.Current.CancellationToken);
        Assert.True(expected.Resamplings.Sum() > 1);

        using var journal = new MemoryJournal();
        var actual = new JournalledSampling(
            target, network, configuration, new EmbeddedActors(0), 1, Context).Run(journal).Ensemble;

        Assert.Equal(expected.Walkers.States, actual.Walkers.States);
        Assert.Equal(expected.Walkers.LogWeights, actual.Walkers.LogWeights);
        Assert.Equal(expected.Walkers.Families, actual.Walkers.Families);
        Assert.Equal(expected.ReplicaLogZ, actual.ReplicaLogZ);
        Assert.Equal(expected.Resamplings, actual.Resamplings);
        Assert.Equal(expected.MultinomialResamplings, actual.MultinomialResamplings);
        Assert.Equal(expected.Windows.Select(w => (w.Window, w.RelativeEss, w.LogZ, w.LogZStdErr, w.Cost)),
            actual.Windows.Select(w => (w.Window, w.RelativeEss, w.LogZ, w.LogZStdErr, w.Cost)));
    }

    [Fact]
    public void A_disk_that_fills_up_stops_it_with_one_line_and_it_goes_on_when_there_is_room()
    {
        var configuration = ConfigurationReader.ReadText(
            "target: {model: ising, lattice: 4, beta: 0.44}\n"
            + "sample: {walkers: 400, groups: 4, windows: 60, resample: {threshold: 0.99}, replicas: 2, "
            + "mcmc: {kernel: heat-bath-sweep}}", "c");
        var target = configuration.Target.CreateTarget();
        var expected = new ReplicaEnsemble(target, null, configuration.Annealing, 2)
            .Run(cancellation: TestContext.Current.CancellationToken);
        string path = _folder.PathOf("sampling.db");
        using var journal = SqliteJournal.Create(path, "r");
        journal.LimitPages(12);

        var error = Assert.Throws<LeapsException>(() => new JournalledSampling(
            target, null, configuration, new EmbeddedActors(0), 1, Context).Run(journal));
        Assert.Equal($"{path} can't grow, as its disk is full: free some space and resume; what was "
            + "acknowledged is safe.", error.Message);

        journal.LimitPages(100_000);
        var actual = new JournalledSampling(
            target, null, configuration, new EmbeddedActors(0), 1, Context).Run(journal).Ensemble;
        Assert.Equal(expected.Walkers.States, actual.Walkers.States);
        Assert.Equal(expected.Walkers.LogWeights, actual.Walkers.LogWeights);
    }

    [Fact]
    public void No_more_replicas_are_taken_than_the_error_bar_needs()
    {
        var configuration = ConfigurationReader.ReadText(
            "target: {model: ising, lattice: 3, beta: 0.44}\n"
            + "sample: {walkers: 300, windows: 10, replicas: 20, stop: {standard-error: 0.02}, "
            + "mcmc: {kernel: heat-bath-sweep}}", "c");
        using var journal = new MemoryJournal();
        var target = configuration.Target.CreateTarget();
        var outcome = new JournalledSampling(
            target, null, configuration, new EmbeddedActors(0), 1, Context).Run(journal);
        Assert.InRange(outcome.Ensemble.ReplicaLogZ.Length, 2, 19);
        Assert.InRange(outcome.Ensemble.Windows[^1].LogZStdErr, 0, 0.02);
        Assert.Equal("", outcome.Cause);
    }
}
