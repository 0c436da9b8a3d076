using Leaps.Actors.Cluster;

namespace Leaps.Actors.Tests.Cluster;

/// <summary>When those that wait for the scheduler's mailbox may take it.</summary>
public sealed class SchedulerWatchTests
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(12);

    private readonly SchedulerWatch _watch = new(Lease);
    private TimeSpan _now = TimeSpan.FromHours(1);

    [Fact]
    public void A_scheduler_is_silent_when_nothing_was_heard_of_it_for_most_of_a_lease()
    {
        Assert.Null(_watch.Tick(_now));
        Assert.Null(Pass(5));
        _watch.Hear(_now);
        Assert.Null(Pass(9));
        var isDue = Pass(1);
        Assert.NotNull(isDue);
        Assert.True(isDue());
    }

    [Fact]
    public void One_that_is_heard_before_its_mailbox_can_be_taken_keeps_it()
    {
        Assert.Null(_watch.Tick(_now));
        var isDue = Pass(10);
        Assert.NotNull(isDue);
        _watch.Hear(_now);
        Assert.False(isDue());
    }

    [Fact]
    public void What_was_silent_while_the_servers_were_away_is_excused()
    {
        Assert.Null(_watch.Tick(_now));
        Assert.Null(Pass(9));
        _watch.Excuse();
        Assert.Null(Pass(10));
        Assert.NotNull(Pass(1));
    }

    [Fact]
    public void Who_was_stopped_itself_does_not_wonder_at_the_silence()
    {
        Assert.Null(_watch.Tick(_now));
        _now += 10 * Lease;
        Assert.Null(_watch.Tick(_now));
        Assert.Null(Pass(9));
        Assert.NotNull(Pass(1));
    }

    [Fact]
    public void Each_successor_has_more_time_to_come_to_life_until_one_does()
    {
        Assert.Null(_watch.Tick(_now));
        Assert.NotNull(Pass(10));
        Assert.Null(Pass(18));
        Assert.NotNull(Pass(1));
        Assert.Null(Pass(36));
        Assert.NotNull(Pass(1));
        _watch.Hear(_now);
        Assert.Null(Pass(9));
        Assert.NotNull(Pass(1));
    }

    // The last tick of so many seconds; those before say nothing.
    private Func<bool>? Pass(int seconds)
    {
        for (int second = 1; second < seconds; second++)
        {
            _now += TimeSpan.FromSeconds(1);
            Assert.Null(_watch.Tick(_now));
        }
        _now += TimeSpan.FromSeconds(1);
        return _watch.Tick(_now);
    }
}
