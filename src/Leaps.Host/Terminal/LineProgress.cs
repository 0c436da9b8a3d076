using System.Globalization;

namespace Leaps.Host.Terminal;

/// <summary>
/// Progress as plain lines, for logs: at the start and end of a stage, and every few seconds between.
/// </summary>
public sealed class LineProgress(TextWriter writer, TimeProvider clock) : IProgressSink
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private readonly Lock _lock = new();
    private string? _stage;
    private long _firstDone;
    private long _start;
    private long _last;
    private bool _finished;

    public void Report(string stage, long done, long total, string rate)
    {
        lock (_lock)
        {
            long now = clock.GetTimestamp();
            bool isNew = stage != _stage;
            if (isNew)
            {
                (_stage, _firstDone, _start, _finished) = (stage, done, now, false);
            }
            bool ends = done >= total && !_finished;
            if (!isNew && !ends && (_finished || clock.GetElapsedTime(_last, now) < Interval))
                return;
            _last = now;
            _finished = done >= total;
            writer.WriteLine(
                Line(stage, done, total, rate, TimeLeft(done, total, clock.GetElapsedTime(_start, now))));
        }
    }

    private TimeSpan? TimeLeft(long done, long total, TimeSpan elapsed) =>
        done > _firstDone && done < total ? elapsed * ((double)(total - done) / (done - _firstDone)) : null;

    private static string Line(string stage, long done, long total, string rate, TimeSpan? left)
    {
        string percent = total > 0 ? $" ({100 * Math.Min(done, total) / total}%)" : "";
        string line = string.Create(CultureInfo.InvariantCulture, $"{stage} {done:N0}/{total:N0}{percent}");
        if (rate.Length > 0)
            line += $", {rate}";
        return left is { } time ? $"{line}, {Duration(time)} left" : line;
    }

    /// <summary>How many a second: "0.518", "5.04", "118", "52,811".</summary>
    public static string Rate(double rate) =>
        rate.ToString(rate < 100 ? "G3" : "N0", CultureInfo.InvariantCulture);

    /// <summary>"0:09", "12:40", "3:05:00", "51:00:00".</summary>
    public static string Duration(TimeSpan time)
    {
        long seconds = (long)Math.Ceiling(time.TotalSeconds);
        return seconds < 3600
            ? string.Create(CultureInfo.InvariantCulture, $"{seconds / 60}:{seconds % 60:00}")
            : string.Create(
                CultureInfo.InvariantCulture, $"{seconds / 3600}:{seconds / 60 % 60:00}:{seconds % 60:00}");
    }
}
