using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Leaps.Model.Sampling;
using Tag = System.Collections.Generic.KeyValuePair<string, object?>;

namespace Leaps.Actors.Telemetry;

/// <summary>
/// What a node tells of itself: a meter and a source of traces. While nobody listens nothing is counted and
/// nothing allocated. Made by whoever makes the node; disposed of after it.
/// </summary>
public sealed class NodeTelemetry : IDisposable
{
    private readonly ConcurrentDictionary<Guid, RunTelemetry> _runs = new();
    private readonly ConcurrentDictionary<(RunTelemetry Run, int Replica), WindowSummary> _replicas = new();
    private readonly Tag _node;
    private long _windows = -1;

    /// <param name="node">the node's name</param>
    /// <param name="clock">null: the system's</param>
    public NodeTelemetry(string node, TimeProvider? clock = null)
    {
        Clock = clock ?? TimeProvider.System;
        _node = new Tag(MetricNames.Node, node);
        Meter = new Meter(MetricNames.Source);
        Traces = new ActivitySource(MetricNames.Source);
        Instruments = new Instruments(Meter);
        // Of a run, at its home, as it was when its last window was settled.
        Meter.CreateObservableGauge(MetricNames.RelativeEss, () => Settled(window => window.RelativeEss), "1",
            "Effective sample size over the number of walkers");
        Meter.CreateObservableGauge(MetricNames.LogZ, () => Settled(window => window.LogZ), "1",
            "Estimate of the logarithm of the partition function");
        Meter.CreateObservableGauge(MetricNames.LogZError, () => Settled(window => window.LogZStdErr), "1",
            "Standard error of that estimate");
    }

    /// <summary>Of the windows that are moved, one in so many is traced: 1 or more.</summary>
    public int WindowsPerTrace { get; init; } = 100;

    /// <summary>Bytes that the device's memory holds, where a device tells it.</summary>
    public Func<long>? DeviceMemory
    {
        init
        {
            if (value is not null)
                Meter.CreateObservableUpDownCounter(MetricNames.DeviceMemory,
                    () => new Measurement<long>(value(), _node), "By", "Memory in use on the node's device");
        }
    }

    internal Meter Meter { get; }
    internal ActivitySource Traces { get; }
    internal Instruments Instruments { get; }
    internal TimeProvider Clock { get; }

    /// <summary>Of one run, or of the cluster itself.</summary>
    public RunTelemetry Of(Guid run) => _runs.GetOrAdd(run,
        static (id, node) => new RunTelemetry(
            node, new Tag(MetricNames.Run, id.ToString("N")[..8]), node._node), this);

    public void Dispose()
    {
        Meter.Dispose();
        Traces.Dispose();
    }

    /// <summary>The node has messages that the broker has not confirmed.</summary>
    /// <param name="bytes">of them</param>
    /// <param name="age">of the oldest, from when it was sent</param>
    internal void WatchOutbox(Func<long> bytes, Func<TimeSpan> age)
    {
        Meter.CreateObservableUpDownCounter(MetricNames.OutboxBytes,
            () => new Measurement<long>(bytes(), _node), "By", "Messages that the broker has not confirmed");
        Meter.CreateObservableGauge(MetricNames.OutboxAge,
            () => new Measurement<double>(age().TotalSeconds, _node), "s",
            "Age of the oldest message that the broker has not confirmed");
    }

    /// <summary>The node has these actors; of a kind that it has none of it says so.</summary>
    internal void WatchActors(Func<IEnumerable<ActorKey>> hosted) =>
        Meter.CreateObservableUpDownCounter(MetricNames.HostedActors, () =>
        {
            var counts = hosted().CountBy(ActorKinds.Of).ToDictionary();
            return ActorKinds.All.Select(kind => new Measurement<long>(
                counts.GetValueOrDefault(kind), _node, new Tag(MetricNames.Kind, kind)));
        }, "{actor}", "Actors that live on the node");

    internal void Settle(RunTelemetry run, int replica, WindowSummary window) =>
        _replicas[(run, replica)] = window;

    /// <summary>The run has its home here no more.</summary>
    internal void Forget(RunTelemetry run)
    {
        foreach (var key in _replicas.Keys.Where(key => key.Run == run))
            _replicas.TryRemove(key, out _);
    }

    internal bool IsWindowTraced() =>
        Traces.HasListeners() && Interlocked.Increment(ref _windows) % WindowsPerTrace == 0;

    private IEnumerable<Measurement<double>> Settled(Func<WindowSummary, double> value) =>
        _replicas.Select(one => new Measurement<double>(value(one.Value), one.Key.Run.RunTag, _node,
            new Tag(MetricNames.Replica, one.Key.Replica)));
}
