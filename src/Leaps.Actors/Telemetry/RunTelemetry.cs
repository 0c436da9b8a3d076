using System.Diagnostics;
using Leaps.Model.Sampling;
using Tag = System.Collections.Generic.KeyValuePair<string, object?>;

namespace Leaps.Actors.Telemetry;

/// <summary>
/// What a node tells of one run. Whoever has something to tell takes one, and null where nobody wants to
/// know. From any thread.
/// </summary>
public sealed class RunTelemetry
{
    private readonly NodeTelemetry _telemetry;
    private readonly Instruments _instruments;
    private readonly Tag _node;

    internal RunTelemetry(NodeTelemetry telemetry, Tag run, Tag node)
    {
        _telemetry = telemetry;
        _instruments = telemetry.Instruments;
        (RunTag, _node) = (run, node);
    }

    internal Tag RunTag { get; }

    /// <summary>Somebody listens.</summary>
    internal bool IsHeard => _instruments.Windows.Enabled || _telemetry.Traces.HasListeners();

    /// <summary>Somebody wants to know how many bytes of walkers are sent.</summary>
    internal bool CountsTransfers => _instruments.TransferBytes.Enabled;

    internal void WindowMoved(IntegrationCost cost)
    {
        _instruments.Windows.Add(1, RunTag, _node);
        _instruments.Evaluations.Add(cost.Evaluations, RunTag, _node);
        _instruments.Jumps.Add(cost.Jumps, RunTag, _node);
    }

    internal void TakenBack(int windows) => _instruments.Rewinds.Add(windows, RunTag, _node);

    internal void Settled(int replica, WindowSummary window)
    {
        if (window.Resampled)
            _instruments.Resamplings.Add(1, RunTag, _node);
        _telemetry.Settle(this, replica, window);
    }

    /// <summary>The run has its home here no more.</summary>
    internal void HomeLeft() => _telemetry.Forget(this);

    internal void Sent(string kind, int bytes) => Count("sent", kind, bytes);

    internal void Received(string kind, int bytes) => Count("received", kind, bytes);

    internal void Transferred(int bytes) => _instruments.TransferBytes.Add(bytes, RunTag, _node);

    internal void Refused() => _instruments.DeadLetters.Add(1, RunTag, _node);

    internal void Restarted(string kind) =>
        _instruments.Restarts.Add(1, RunTag, _node, new Tag(MetricNames.Kind, kind));

    /// <summary>A moment, for <see cref="JournalWritten"/>.</summary>
    internal long Timestamp() => _telemetry.Clock.GetTimestamp();

    /// <param name="began">from <see cref="Timestamp"/></param>
    /// <param name="bytes">that are durable now; 0 where the write was refused</param>
    internal void JournalWritten(long began, long bytes)
    {
        _instruments.JournalWriteSeconds.Record(
            _telemetry.Clock.GetElapsedTime(began).TotalSeconds, RunTag, _node);
        _instruments.JournalBytes.Add(bytes, RunTag, _node);
    }

    /// <summary>The beginning of a span; null when nobody wants to know.</summary>
    internal DateTimeOffset? Begin() =>
        _telemetry.Traces.HasListeners() ? _telemetry.Clock.GetUtcNow() : null;

    /// <summary>As <see cref="Begin"/>, for one window in many.</summary>
    internal DateTimeOffset? BeginWindow() =>
        _telemetry.IsWindowTraced() ? _telemetry.Clock.GetUtcNow() : null;

    /// <summary>
    /// A span that ends now. It is made when it is over: nothing has to be kept alive between messages of an
    /// actor, and none flows into what its thread does next.
    /// </summary>
    internal void End(string name, DateTimeOffset? began, params ReadOnlySpan<Tag> tags)
    {
        if (began is not { } start)
            return;
        using var span = _telemetry.Traces.StartActivity(name, ActivityKind.Internal,
            default(ActivityContext), [RunTag, _node, .. tags], links: null, start);
        span?.SetEndTime(_telemetry.Clock.GetUtcNow().UtcDateTime);
    }

    private void Count(string direction, string kind, int bytes)
    {
        var tags = new TagList
        {
            RunTag, _node, new Tag(MetricNames.Direction, direction), new Tag(MetricNames.Kind, kind),
        };
        _instruments.Messages.Add(1, tags);
        _instruments.MessageBytes.Add(bytes, tags);
    }
}
