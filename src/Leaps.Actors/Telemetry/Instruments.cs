using System.Diagnostics.Metrics;

namespace Leaps.Actors.Telemetry;

/// <summary>The instruments of a node that are told of things as they happen.</summary>
internal sealed class Instruments(Meter meter)
{
    public Counter<long> Windows { get; } = meter.CreateCounter<long>(MetricNames.Windows, "{window}",
        "Windows that walker groups were moved through, those that were taken back too");

    public Counter<long> Evaluations { get; } = meter.CreateCounter<long>(MetricNames.Evaluations,
        "{evaluation}", "Evaluations of the network for one walker");

    public Counter<long> Jumps { get; } = meter.CreateCounter<long>(MetricNames.Jumps, "{jump}",
        "Jumps of walkers");

    public Counter<long> Rewinds { get; } = meter.CreateCounter<long>(MetricNames.Rewinds, "{window}",
        "Windows of walker groups that were moved and then taken back: lost work");

    public Counter<long> Resamplings { get; } = meter.CreateCounter<long>(MetricNames.Resamplings,
        "{resampling}", "Resamplings of a replica, told by its home");

    public Counter<long> Messages { get; } = meter.CreateCounter<long>(MetricNames.Messages, "{message}",
        "Messages of actors that went through the broker");

    public Counter<long> MessageBytes { get; } = meter.CreateCounter<long>(MetricNames.MessageBytes, "By",
        "Bytes of those messages");

    public Counter<long> TransferBytes { get; } = meter.CreateCounter<long>(MetricNames.TransferBytes, "By",
        "Bytes of walkers that groups sent to other groups");

    public Histogram<double> JournalWriteSeconds { get; } = meter.CreateHistogram(
        MetricNames.JournalWriteSeconds, "s", "Time to make a transaction of the journal durable", tags: null,
        new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries =
                [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10],
        });

    public Counter<long> JournalBytes { get; } = meter.CreateCounter<long>(MetricNames.JournalBytes, "By",
        "Bytes that became durable in the journal");

    public Counter<long> Restarts { get; } = meter.CreateCounter<long>(MetricNames.Restarts, "{actor}",
        "Actors that came to life here after a former life, here or elsewhere");

    public Counter<long> DeadLetters { get; } = meter.CreateCounter<long>(MetricNames.DeadLetters,
        "{message}", "Messages that were refused");
}
