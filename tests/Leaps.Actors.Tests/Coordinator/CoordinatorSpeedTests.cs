using System.Diagnostics;
using Leaps.Actors.Coordinator;
using Leaps.Actors.Protocol;

namespace Leaps.Actors.Tests.Coordinator;

/// <summary>
/// The coordinator is one actor: how many summaries it takes a second bounds a run. Counted with all that
/// follows from them: settled windows, events as bytes, and limits for every group.
/// </summary>
public sealed class CoordinatorSpeedTests
{
    private const int Least = 20_000;

    [Theory]
    [InlineData(64, 1_000, false)]
    [InlineData(10_000, 15, false)]
    [InlineData(64, 500, true)]
    [InlineData(10_000, 8, true)]
    public void It_takes_more_than_20000_summaries_a_second(int groups, int windows, bool resamples)
    {
        var task = SampleTasks.Small(groups, walkers: 4 * groups, windows: windows, runAhead: 8,
            threshold: resamples ? 0.5 : 0);
        var coordinator = new CoordinatorUnderTest(task);
        coordinator.Live();
        double[] weights = coordinator.Weights(3);
        var summaries = Enumerable.Range(1, windows).Select(window =>
        {
            var told = coordinator.Summaries(window, weights, resamples ? window - 1 : 0);
            Shuffle(told, window);
            return told;
        }).ToArray();
        GC.Collect();
        long told = 0, longest = 0;
        var watch = Stopwatch.StartNew();
        for (int window = 1; window <= windows; window++)
        {
            foreach (var summary in summaries[window - 1])
            {
                long before = Stopwatch.GetTimestamp();
                coordinator.Take(summary);
                longest = Math.Max(longest, Stopwatch.GetTimestamp() - before);
                told++;
            }
            if (resamples && window < windows)
                coordinator.Store(window, window);
        }
        double rate = told / watch.Elapsed.TotalSeconds;
        TestContext.Current.TestOutputHelper?.WriteLine(FormattableString.Invariant(
            $"{groups} groups{(resamples ? ", resampled every window" : "")}: {rate:N0} summaries/s, ")
            + FormattableString.Invariant($"the longest {1e3 * longest / Stopwatch.Frequency:F1} ms"));
        Assert.Equal(windows, coordinator.State.Windows(0).Count);
        Assert.Equal(resamples ? windows - 1 : 0, coordinator.State.Windows(0).Count(w => w.Resampled));
        Assert.True(rate > Least, FormattableString.Invariant($"{rate:N0} summaries/s with {groups} groups"));
    }

    // Groups tell in no order.
    private static void Shuffle(GroupSummary[] summaries, int window)
    {
        var stream = new Model.Random.RandomStream(3, Model.Random.RandomPurpose.Test, step: window);
        for (int i = summaries.Length - 1; i > 0; i--)
        {
            int j = stream.NextInt(i + 1);
            (summaries[i], summaries[j]) = (summaries[j], summaries[i]);
        }
    }

    [Fact]
    public void Snapshots_of_ten_thousand_groups_are_counted_without_looking_at_all_for_each()
    {
        var coordinator = new CoordinatorUnderTest(SampleTasks.Small(10_000, walkers: 10_000));
        coordinator.Live();
        coordinator.Tell(1, coordinator.Weights(0));
        coordinator.Take(new SnapshotsWanted());
        var watch = Stopwatch.StartNew();
        Assert.Single(coordinator.Store(1).OfType<SnapshotsTaken>());
        TestContext.Current.TestOutputHelper?.WriteLine($"{watch.Elapsed.TotalMilliseconds:F0} ms");
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(2), $"{watch.Elapsed}");
    }
}
