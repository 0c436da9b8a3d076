using Leaps.Actors.Telemetry;

namespace Leaps.Actors.Tests.Telemetry;

/// <summary>What a node tells of itself.</summary>
public sealed class NodeTelemetryTests
{
    [Fact]
    public void A_node_without_actors_says_that_it_has_none()
    {
        using var telemetry = new NodeTelemetry("n1");
        using var listener = new TelemetryListener(telemetry);
        ActorKey[] hosted = [];
        telemetry.WatchActors(() => hosted);
        Assert.Equal([(0, "home"), (0, "group"), (0, "rollouts")], Hosted());

        var run = Guid.NewGuid();
        hosted = [ActorKey.HomeOf(run), Group(0), Group(1)];
        Assert.Equal([(1, "home"), (2, "group"), (0, "rollouts")], Hosted());

        ActorKey Group(int group) => new(run, "sampling", ActorNames.Group(group));
        IEnumerable<(double, string?)> Hosted() => listener.Ask(MetricNames.HostedActors)
            .Select(one => (one.Value, (string?)one.Tags[MetricNames.Kind]));
    }
}
