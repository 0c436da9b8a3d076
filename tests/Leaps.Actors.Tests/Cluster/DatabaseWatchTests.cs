using Leaps.Actors.Cluster;

namespace Leaps.Actors.Tests.Cluster;

/// <summary>What a node knows of its way to the database.</summary>
public sealed class DatabaseWatchTests
{
    private static readonly ServerTrouble Database = new("no answer", IsOfDatabase: true);

    [Fact]
    public void An_outage_has_a_beginning_and_is_forgotten_a_lease_after_its_end()
    {
        var watch = new DatabaseWatch(At(100), lease: At(10));
        Assert.Equal((At(5), null), (watch.Sound(At(105)), watch.AwaySince(At(105))));

        watch.Tick(At(107), null);
        watch.Tick(At(108), Database);
        watch.Tick(At(109), Database);
        Assert.Equal((At(2), At(0), At(107)), Tell(watch, At(109)));
        // Back for a moment: the same outage.
        watch.Tick(At(110), null);
        watch.Tick(At(111), Database);
        Assert.Equal((At(1), At(107)), (watch.Away(At(111)), watch.AwaySince(At(111))));

        watch.Tick(At(112), null);
        Assert.Equal((At(0), At(1), At(107)), Tell(watch, At(112)));
        Assert.Null(watch.AwaySince(At(121)));
        watch.Tick(At(121), null);
        watch.Tick(At(122), Database);
        Assert.Equal(At(121), watch.AwaySince(At(122)));
    }

    [Fact]
    public void While_the_broker_is_away_nobody_knows_of_the_database()
    {
        var watch = new DatabaseWatch(At(100), lease: At(10));
        watch.Tick(At(107), new ServerTrouble("no connection", IsOfDatabase: false));
        Assert.Equal((At(1), At(1), null), Tell(watch, At(108)));
    }

    private static (TimeSpan Away, TimeSpan Sound, TimeSpan? AwaySince) Tell(
        DatabaseWatch watch, TimeSpan now) =>
        (watch.Away(now), watch.Sound(now), watch.AwaySince(now));

    private static TimeSpan At(int seconds) => TimeSpan.FromSeconds(seconds);
}
