using Leaps.Actors.Protocol;
using Leaps.Actors.Telemetry;
using Leaps.Actors.Tests.WalkerGroup;

namespace Leaps.Actors.Tests.Telemetry;

/// <summary>What is counted of one group, message by message.</summary>
public sealed class GroupTelemetryTests
{
    [Fact]
    public void Windows_that_are_taken_back_are_counted()
    {
        using var telemetry = new NodeTelemetry("n1");
        using var listener = new TelemetryListener(telemetry);
        var group = new GroupUnderTest(SampleTasks.Small(windows: 6, runAhead: 5));
        var watch = new GroupTelemetry(telemetry.Of(Guid.NewGuid()), 0, claimed: null);
        group.Place();
        group.Limit(version: 1, settled: 0, limit: 4);
        for (int window = 1; window <= 4; window++)
            Watched(group.Answer(), () => group.Move());
        Assert.Equal((4, 0), (listener.Sum(MetricNames.Windows), listener.Sum(MetricNames.Rewinds)));
        var rewind = new Rewind
        {
            Group = 0,
            Resampling = 1,
            Window = 1,
            Scale = new GroupScale { Slots = 14, Scale = 0, Total = 14 },
        };
        Watched(rewind, () => group.Take(rewind));
        Assert.Equal((4, 3), (listener.Sum(MetricNames.Windows), listener.Sum(MetricNames.Rewinds)));

        void Watched(object message, Action take)
        {
            var before = group.State;
            take();
            watch.Applied(message, before, group.State);
        }
    }

    [Fact]
    public void A_window_that_comes_too_late_was_moved_for_nothing()
    {
        using var telemetry = new NodeTelemetry("n1");
        using var listener = new TelemetryListener(telemetry);
        var group = new GroupUnderTest(SampleTasks.Small());
        var watch = new GroupTelemetry(telemetry.Of(Guid.NewGuid()), 0, claimed: null);
        group.Place();
        group.Limit(version: 1, settled: 0, limit: 2);
        var late = group.Answer();
        group.Move();
        var before = group.State;
        group.Take(late);
        watch.Applied(late, before, group.State);
        Assert.Equal((1, 1), (listener.Sum(MetricNames.Windows), listener.Sum(MetricNames.Rewinds)));
    }

    [Fact]
    public void Nothing_is_allocated_while_nobody_listens()
    {
        using var telemetry = new NodeTelemetry("n1");
        var run = telemetry.Of(Guid.NewGuid());
        var group = new GroupUnderTest(SampleTasks.Small());
        var watch = new GroupTelemetry(run, 0, run.Begin());
        group.Place();
        group.Limit(version: 1, settled: 0, limit: 2);
        var moved = group.Answer();
        var before = group.State;
        group.Move();
        var after = group.State;
        long least = long.MaxValue;
        // The first round is for the compiler, which may come again.
        for (int round = 0; round < 5 && least > 0; round++)
        {
            long start = GC.GetAllocatedBytesForCurrentThread();
            for (int n = 0; n < 1000; n++)
            {
                var began = run.BeginWindow();
                run.End(MetricNames.WindowSpan, began);
                watch.Applied(moved, before, after);
                run.JournalWritten(run.Timestamp(), 10);
                run.Sent("GroupSummary", 100);
            }
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - start);
        }
        Assert.Equal(0, least);
    }
}
