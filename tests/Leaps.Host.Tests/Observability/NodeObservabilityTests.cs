using Leaps.Actors;
using Leaps.Actors.Journal;
using Leaps.Actors.Runtime.Embedded;
using Leaps.Actors.Telemetry;
using Leaps.Host.Configuration.Cluster;
using Leaps.Host.Observability;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;
using OpenTelemetry.Exporter;

namespace Leaps.Host.Tests.Observability;

/// <summary>What a receiver outside of the process gets of a real run.</summary>
public sealed class NodeObservabilityTests
{
    [Fact]
    public void Metrics_and_traces_of_a_run_arrive_at_an_otlp_receiver()
    {
        using var receiver = new OtlpReceiver();
        var options = Options(receiver.Endpoint) with { DeviceMemory = () => 1 << 20 };
        using (var node = new NodeObservability(options))
        {
            Sample(node.Telemetry);
        }
        Assert.Equal(["/v1/metrics", "/v1/traces"], receiver.Paths);
        foreach (string name in (string[])[MetricNames.Windows, MetricNames.Evaluations, MetricNames.Jumps,
            MetricNames.Rewinds, MetricNames.Resamplings, MetricNames.JournalWriteSeconds,
            MetricNames.JournalBytes, MetricNames.TransferBytes, MetricNames.DeviceMemory,
            "service.name", "leaps-test", "service.instance.id", "n1", "leaps.cluster", "lab",
            "leaps.version", "1.2.3", MetricNames.Run, "6f1cd0de"])
            Assert.True(receiver.HasSeen("/v1/metrics", name), name);
        foreach (string name in (string[])[MetricNames.WindowSpan, MetricNames.ExchangeSpan,
            MetricNames.SnapshotSpan, MetricNames.TakeOverSpan, "leaps-test", "6f1cd0de"])
            Assert.True(receiver.HasSeen("/v1/traces", name), name);
    }

    [Fact]
    public void A_receiver_that_is_away_is_told_once_and_keeps_nobody()
    {
        var log = new StringWriter();
        Uri away;
        using (var receiver = new OtlpReceiver())
            away = receiver.Endpoint;
        using (var node = new NodeObservability(Options(away) with { LogWriter = log }))
        {
            Sample(node.Telemetry);
        }
        string line = Assert.Single(log.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains(" warn  node n1 telemetry: metrics or traces can't be exported", line,
            StringComparison.Ordinal);
        Assert.Contains(away.Authority, line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://collector:4317", null, "http://collector:4317/", OtlpExportProtocol.Grpc)]
    [InlineData("http://collector:4318", null,
        "http://collector:4318/v1/metrics", OtlpExportProtocol.HttpProtobuf)]
    [InlineData("https://collector/leaps/", OtlpExportProtocol.HttpProtobuf,
        "https://collector/leaps/v1/metrics", OtlpExportProtocol.HttpProtobuf)]
    public void The_port_says_which_protocol(
        string endpoint, OtlpExportProtocol? asked, string expected, OtlpExportProtocol protocol)
    {
        var exporter = new OtlpExporterOptions { Protocol = OtlpExportProtocol.Grpc };
        new TelemetryOptions(new Uri(endpoint), TimeSpan.FromSeconds(1), "leaps") { Protocol = asked }
            .Apply(exporter, "metrics");
        Assert.Equal((expected, protocol), (exporter.Endpoint.AbsoluteUri, exporter.Protocol));
    }

    private static ObservabilityOptions Options(Uri endpoint) => new()
    {
        Cluster = "lab",
        Node = "n1",
        Version = "1.2.3",
        // Sent when it ends.
        Telemetry = new TelemetryOptions(endpoint, TimeSpan.FromHours(1), "leaps-test")
        {
            Protocol = OtlpExportProtocol.HttpProtobuf,
        },
        Log = new LogConfiguration(),
        LogWriter = TextWriter.Null,
    };

    private static void Sample(NodeTelemetry telemetry)
    {
        var target = new IsingTarget(new Lattice(4, 4), new CouplingSchedule(
            ScheduleShape.Linear, new Couplings(0, 0, 0.44), new Couplings(1, 0, 0.44)));
        var task = new SamplingTask(target, new AnnealerOptions
        {
            Walkers = 60,
            Windows = 10,
            Groups = 3,
            ResamplingThreshold = 0.97,
            Seed = 3,
        }, TimeGrid.Uniform(10), replicas: 1);
        using var journal = new MemoryJournal();
        using var sampling = new EmbeddedSampling(task, [], journal, new EmbeddedOptions
        {
            Threads = 2,
            // Groups are ahead of the coordinator whenever it resamples, so that they rewind.
            Latency = TimeSpan.FromMilliseconds(20),
            Telemetry = telemetry.Of(new Guid("6f1cd0de-0000-4000-8000-000000000001")),
        });
        sampling.Run(TestContext.Current.CancellationToken);
    }
}
