using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Leaps.Actors.Telemetry;

namespace Leaps.Actors.Tests.Telemetry;

/// <summary>Hears all that one node tells, metrics and spans, and nothing of any other.</summary>
internal sealed class TelemetryListener : IDisposable
{
    private readonly MeterListener _metrics = new();
    private readonly ActivityListener _traces;

    public TelemetryListener(NodeTelemetry telemetry)
    {
        _metrics.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter == telemetry.Meter)
                listener.EnableMeasurementEvents(instrument);
        };
        _metrics.SetMeasurementEventCallback<long>(
            (instrument, value, tags, _) => Add(instrument, value, tags));
        _metrics.SetMeasurementEventCallback<double>(
            (instrument, value, tags, _) => Add(instrument, value, tags));
        _metrics.Start();
        _traces = new ActivityListener
        {
            ShouldListenTo = source => source == telemetry.Traces,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) =>
                ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = Spans.Enqueue,
        };
        ActivitySource.AddActivityListener(_traces);
    }

    public ConcurrentQueue<(string Name, double Value, Dictionary<string, object?> Tags)> Measured { get; } =
        new();
    public ConcurrentQueue<Activity> Spans { get; } = new();

    public double Sum(string name) => Measured.Where(one => one.Name == name).Sum(one => one.Value);

    public int Count(string span) => Spans.Count(one => one.OperationName == span);

    /// <summary>Asks those instruments that wait to be asked.</summary>
    public List<(double Value, Dictionary<string, object?> Tags)> Ask(string name)
    {
        Measured.Clear();
        _metrics.RecordObservableInstruments();
        return [.. Measured.Where(one => one.Name == name).Select(one => (one.Value, one.Tags))];
    }

    public void Dispose()
    {
        _metrics.Dispose();
        _traces.Dispose();
    }

    private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        Measured.Enqueue((instrument.Name, value, new Dictionary<string, object?>(tags.ToArray())));
}
