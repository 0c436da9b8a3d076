using System.Diagnostics.Tracing;

namespace Leaps.Host.Observability;

/// <summary>
/// The exporter keeps to itself what goes wrong; whoever looks after the node is told, now and then.
/// </summary>
internal sealed class ExportWatch : EventListener
{
    private const string Source = "OpenTelemetry-Exporter-OpenTelemetryProtocol";

    private readonly Lock _gate = new();
    private readonly Action<string> _failed;
    private readonly TimeSpan _pause;
    private readonly TimeProvider _clock;
    private long? _told;

    /// <param name="failed">takes a line</param>
    /// <param name="pause">from one line to the next, at least</param>
    /// <param name="clock">for the pause</param>
    public ExportWatch(Action<string> failed, TimeSpan pause, TimeProvider clock)
    {
        (_failed, _pause, _clock) = (failed, pause, clock);
        // Those that were there before were shown while the fields were not set.
        foreach (var source in EventSource.GetSources())
            OnEventSourceCreated(source);
    }

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (_failed is not null && eventSource.Name == Source)
            EnableEvents(eventSource, EventLevel.Error, EventKeywords.All);
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        lock (_gate)
        {
            if (_told is { } told && _clock.GetElapsedTime(told) < _pause)
                return;
            _told = _clock.GetTimestamp();
        }
        string what = string.Join(
            ' ', (eventData.Payload ?? []).Select(item => item?.ToString()?.Split('\n')[0]));
        _failed($"metrics or traces can't be exported ({eventData.EventName}): {what}");
    }
}
