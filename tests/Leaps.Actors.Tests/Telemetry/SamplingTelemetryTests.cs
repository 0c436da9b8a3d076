using Leaps.Actors.Journal;
using Leaps.Actors.Runtime.Embedded;
using Leaps.Actors.Telemetry;
using Leaps.Actors.Tests.Runtime;
using Leaps.Model.Devices.Reference;
using Leaps.Model.Networks;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Actors.Tests.Telemetry;

/// <summary>What a real run tells of itself, beside what its result says.</summary>
public sealed class SamplingTelemetryTests : IDisposable
{
    private const int Groups = 3, Replicas = 2, Windows = 12;

    private static readonly IsingTarget Target = new(new Lattice(3, 3), new CouplingSchedule(
        ScheduleShape.Linear, new Couplings(0, 0, 0.44), new Couplings(1, 0, 0.44)));

    private readonly Guid _run = new("6f1cd0de-0000-4000-8000-000000000001");
    private readonly NodeTelemetry _telemetry = new("n1") { WindowsPerTrace = 1 };
    private readonly TelemetryListener _listener;

    public SamplingTelemetryTests() => _listener = new TelemetryListener(_telemetry);

    public void Dispose()
    {
        _listener.Dispose();
        _telemetry.Dispose();
    }

    [Fact]
    public async Task Without_resampling_every_window_of_every_group_is_moved_once()
    {
        var result = await Run(threshold: 0);
        Assert.Equal(Groups * Replicas * Windows, _listener.Sum(MetricNames.Windows));
        Assert.Equal(0, _listener.Sum(MetricNames.Rewinds));
        Assert.Equal(0, _listener.Sum(MetricNames.Resamplings));
        var cost = result.Windows.Aggregate(new IntegrationCost(), (sum, window) => sum + window.Cost);
        Assert.True(cost is { Evaluations: > 0, Jumps: > 0 }, $"nothing is compared: {cost}");
        Assert.Equal(cost.Evaluations, _listener.Sum(MetricNames.Evaluations));
        Assert.Equal(cost.Jumps, _listener.Sum(MetricNames.Jumps));
        Assert.All(_listener.Measured, one =>
        {
            Assert.Equal("n1", one.Tags[MetricNames.Node]);
            Assert.Equal("6f1cd0de", one.Tags[MetricNames.Run]);
        });
    }

    [Fact]
    public async Task With_resampling_what_is_moved_more_than_once_was_taken_back()
    {
        var result = await Run(threshold: 0.97);
        Assert.True(result.Resamplings.Sum() > 3);
        Assert.Equal(result.Resamplings.Sum(), _listener.Sum(MetricNames.Resamplings));
        Assert.Equal(Groups * Replicas * Windows,
            _listener.Sum(MetricNames.Windows) - _listener.Sum(MetricNames.Rewinds));
        Assert.True(_listener.Sum(MetricNames.TransferBytes) > 0);
        Assert.True(_listener.Sum(MetricNames.JournalBytes) > 0);
        Assert.True(_listener.Sum(MetricNames.JournalWriteSeconds) > 0);
    }

    [Fact]
    public async Task Spans_are_there_for_windows_exchanges_snapshots_and_take_overs()
    {
        var result = await Run(threshold: 0.97);
        Assert.Equal(result.Resamplings.Sum() * Groups, _listener.Count(MetricNames.ExchangeSpan));
        Assert.Equal(Groups * Replicas, _listener.Count(MetricNames.TakeOverSpan));
        // Every resampling ends with one, and so does the run.
        Assert.True(
            _listener.Count(MetricNames.SnapshotSpan) >= (result.Resamplings.Sum() + Replicas) * Groups);
        // A window that is abandoned between its device and its group has a span and is not counted.
        Assert.True(_listener.Count(MetricNames.WindowSpan) >= _listener.Sum(MetricNames.Windows));
        Assert.All(_listener.Spans, span =>
        {
            Assert.Null(span.Parent);
            Assert.True(span.Duration >= TimeSpan.Zero);
            Assert.InRange((int)span.GetTagItem(MetricNames.Group)!, 0, Groups * Replicas - 1);
            Assert.InRange((int)span.GetTagItem(MetricNames.Window)!, 0, Windows);
        });
    }

    [Fact]
    public async Task One_window_in_many_has_a_span()
    {
        using var telemetry = new NodeTelemetry("n2") { WindowsPerTrace = 10 };
        using var listener = new TelemetryListener(telemetry);
        await Run(threshold: 0, telemetry);
        // 72 windows: the 1st, 11th … 71st.
        Assert.Equal(8, listener.Count(MetricNames.WindowSpan));
    }

    [Fact]
    public async Task The_home_tells_the_last_settled_window_of_each_replica_until_it_leaves()
    {
        using var journal = new MemoryJournal();
        var sampling = Create(0, journal, _telemetry);
        var result = await Task.Run(() => sampling.Run().Result).WaitAsync(Inbox.Limit, Cancellation);
        var told = _listener.Ask(MetricNames.LogZ).OrderBy(one => one.Tags[MetricNames.Replica]).ToList();
        Assert.Equal(result.ReplicaLogZ, told.Select(one => one.Value));
        Assert.All(_listener.Ask(MetricNames.RelativeEss), one => Assert.InRange(one.Value, 0.01, 1));
        Assert.Equal(Replicas, _listener.Ask(MetricNames.LogZError).Count);
        sampling.Dispose();
        Assert.Empty(_listener.Ask(MetricNames.LogZ));
    }

    [Fact]
    public async Task A_group_that_is_lost_and_lives_again_is_a_restart()
    {
        using var journal = new MemoryJournal();
        using var sampling = Create(0.97, journal, _telemetry, onWindow: own => own.Lose(1), atWindow: 2);
        await Task.Run(() => sampling.Run().Result).WaitAsync(Inbox.Limit, Cancellation);
        sampling.Dispose();
        var restarts = _listener.Measured.Where(one => one.Name == MetricNames.Restarts).ToList();
        Assert.Equal(ActorKinds.Group, Assert.Single(restarts).Tags[MetricNames.Kind]);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private async Task<EnsembleResult> Run(double threshold, NodeTelemetry? telemetry = null)
    {
        using var journal = new MemoryJournal();
        using var sampling = Create(threshold, journal, telemetry ?? _telemetry);
        return await Task.Run(() => sampling.Run().Result).WaitAsync(Inbox.Limit, Cancellation);
    }

    private EmbeddedSampling Create(double threshold, IJournal journal, NodeTelemetry telemetry,
        Action<EmbeddedSampling>? onWindow = null, int atWindow = 0)
    {
        var task = new SamplingTask(Target, new AnnealerOptions
        {
            Walkers = 60,
            Windows = Windows,
            Groups = Groups,
            ResamplingThreshold = threshold,
            Seed = 5,
        }, TimeGrid.Uniform(Windows), Replicas);
        EmbeddedSampling? sampling = null;
        int windows = 0;
        return sampling = new EmbeddedSampling(task, Network(), journal, new EmbeddedOptions
        {
            Threads = 2,
            SnapshotInterval = TimeSpan.FromMilliseconds(5),
            Telemetry = telemetry.Of(_run),
            OnWindow = (_, _) =>
            {
                if (++windows == atWindow)
                    onWindow?.Invoke(sampling!);
            },
        });
    }

    private static ReferenceNetwork Network()
    {
        var whole = new Window(3, 3);
        var architecture = new LocallyEquivariantConv(Target, [whole, whole], channels: 2);
        var parameters = new ParameterSet(architecture.Layout);
        architecture.Initialise(parameters, 7, outputScale: 0.3);
        parameters.RoundToSingle();
        var network = new ReferenceNetwork(architecture);
        network.Load(parameters);
        return network;
    }
}
