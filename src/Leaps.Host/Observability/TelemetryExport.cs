using Leaps.Actors.Telemetry;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Leaps.Host.Observability;

/// <summary>Sends a node's metrics and traces to an OTLP receiver, from a thread of its own.</summary>
internal sealed class TelemetryExport : IDisposable
{
    // A receiver that is away must not keep a node from ending.
    private const int LastExportMilliseconds = 2000;

    private readonly MeterProvider _metrics;
    private readonly TracerProvider _traces;

    /// <param name="options">whose telemetry has an endpoint</param>
    public TelemetryExport(ObservabilityOptions options)
    {
        var telemetry = options.Telemetry;
        void Describe(ResourceBuilder resource) => resource
            .AddService(
                telemetry.ServiceName, serviceVersion: options.Version, serviceInstanceId: options.Node)
            .AddAttributes(new Dictionary<string, object>
            {
                ["leaps.cluster"] = options.Cluster,
                ["leaps.version"] = options.Version,
            });
        _metrics = Sdk.CreateMeterProviderBuilder().ConfigureResource(Describe).AddMeter(MetricNames.Source)
            .AddOtlpExporter((exporter, reader) =>
            {
                telemetry.Apply(exporter, "metrics");
                reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds =
                    (int)telemetry.Interval.TotalMilliseconds;
            }).Build();
        _traces = Sdk.CreateTracerProviderBuilder().ConfigureResource(Describe).AddSource(MetricNames.Source)
            .AddOtlpExporter(exporter => telemetry.Apply(exporter, "traces")).Build();
    }

    /// <summary>Sends what there is, if that does not take long.</summary>
    public void Dispose()
    {
        _metrics.Shutdown(LastExportMilliseconds);
        _traces.Shutdown(LastExportMilliseconds);
        _metrics.Dispose();
        _traces.Dispose();
    }
}
