using Leaps.Actors.Scheduler;
using Leaps.Model.Random;

namespace Leaps.Actors.Tests.Scheduler;

/// <summary>The policy alone: where an actor goes, which groups move, and that they come to rest.</summary>
public sealed class PlacementTests
{
    private static readonly Guid Run = new(1, 0, 0, new byte[8]);
    private static readonly ActorKey Home = ActorKey.HomeOf(Run);
    private static readonly ActorKey Maker = new(Run, ActorKey.RunPart, ActorNames.RolloutMaker);

    private static PlacementNode Node(
        string name, double speed = 1, string device = "simd", bool accepts = true) =>
        new(name, speed, device, accepts);

    private static PlacementActor Actor(ActorKey key, double weight = 1, string device = "", int scale = 0,
        string? avoid = null) => new(key, weight, device, scale, avoid);

    private static PlacementActor Group(int number, string device = "", int scale = 0, string? avoid = null,
        int run = 1) =>
        Actor(new ActorKey(new Guid(run, 0, 0, new byte[8]), "sampling-1", ActorNames.Group(number)),
            device: device, scale: scale, avoid: avoid);

    [Fact]
    public void The_least_loaded_node_for_its_speed_takes_an_actor_and_ties_go_by_name()
    {
        var placement = new Placement([Node("b", 2), Node("c"), Node("d")]);
        placement.Add(Group(0), "b");
        placement.Add(Group(1), "c");
        Assert.Equal("b", new Placement([Node("c"), Node("b")]).Choose(Group(2)));
        Assert.Equal("b", new Placement([Node("a"), Node("b", 2)]).Choose(Group(2)));
        Assert.Equal("d", placement.Choose(Group(2)));       // 1, not 2; b would have 1 too, and has a group
    }

    [Fact]
    public void A_node_that_takes_none_or_has_another_device_is_passed_over()
    {
        var placement = new Placement([Node("a", accepts: false), Node("b", device: "cuda"), Node("c")]);
        Assert.Equal("c", placement.Choose(Group(0, "simd")));
        Assert.Equal("b", placement.Choose(Group(0)));
        Assert.Null(placement.Choose(Group(0, "portable")));
        Assert.True(placement.HasNodeFor("cuda"));
        Assert.False(placement.HasNodeFor("portable"));
        Assert.False(new Placement([]).HasNodeFor(""));
    }

    [Fact]
    public void A_rollout_maker_shuns_the_node_of_its_home_unless_there_is_no_other()
    {
        var placement = new Placement([Node("a", 100), Node("b")]);
        placement.Add(Actor(Home), "a");
        placement.Add(Group(0), "b");
        Assert.Equal("b", placement.Choose(Actor(Maker)));
        placement = new Placement([Node("a")]);
        placement.Add(Actor(Home), "a");
        Assert.Equal("a", placement.Choose(Actor(Maker)));
    }

    [Fact]
    public void An_actor_shuns_the_node_where_it_failed_unless_there_is_no_other()
    {
        Assert.Equal("b", new Placement([Node("a", 100), Node("b")]).Choose(Group(0, avoid: "a")));
        Assert.Equal("a", new Placement([Node("a")]).Choose(Group(0, avoid: "a")));
    }

    [Fact]
    public void The_groups_of_a_run_use_no_more_nodes_than_its_scale()
    {
        var placement = new Placement([Node("a"), Node("b"), Node("c")]);
        placement.Add(Group(0, scale: 2), "a");
        Assert.Equal("b", placement.Choose(Group(1, scale: 2)));
        placement.Add(Group(1, scale: 2), "b");
        placement.Add(Group(2, scale: 2), "b");
        placement.Add(Group(3, scale: 2), "a");
        Assert.Equal("a", placement.Choose(Group(4, scale: 2)));
        Assert.Equal("c", placement.Choose(Group(4, scale: 3)));
        Assert.Equal("c", placement.Choose(Actor(Home, scale: 2)));
    }

    [Fact]
    public void Groups_leave_the_busiest_node_for_one_that_joins_and_homes_stay()
    {
        var placement = new Placement([Node("a"), Node("b")]);
        placement.Add(Actor(Home, weight: 4), "a");
        Assert.Empty(placement.Balance(10));
        for (int g = 0; g < 4; g++) placement.Add(Group(g), "a");
        var moves = placement.Balance(10);
        Assert.Equal(4, moves.Count);       // 8 to 0 becomes 4 to 4
        Assert.All(moves, move => Assert.True(move is { From: "a", Actor.IsGroup: true }));
        placement = new Placement([Node("a"), Node("b")]);
        for (int g = 0; g < 8; g++) placement.Add(Group(g), "a");
        Assert.Equal(2, placement.Balance(2).Count);
    }

    [Fact]
    public void Nothing_moves_for_less_than_a_fifth()
    {
        var placement = new Placement([Node("a"), Node("b")]);
        for (int g = 0; g < 7; g++) placement.Add(Group(g), g < 4 ? "a" : "b");
        Assert.Empty(placement.Balance(10));
        // The tenth on b: 12 is not more than a fifth above it.
        placement = new Placement([Node("a"), Node("b")]);
        for (int g = 0; g < 21; g++) placement.Add(Group(g), g < 12 ? "a" : "b");
        Assert.Empty(placement.Balance(10));
    }

    [Fact]
    public void Whatever_the_nodes_and_runs_balancing_comes_to_rest_and_where_it_does_no_move_would_help()
    {
        for (ulong seed = 1; seed <= 300; seed++)
        {
            var stream = new RandomStream(seed, RandomPurpose.InitialState);
            PlacementNode[] nodes = [.. Enumerable.Range(0, 2 + stream.NextInt(6)).Select(n =>
                Node($"n{n}", 1 + stream.NextInt(8), stream.NextInt(4) == 0 ? "cuda" : "simd"))];
            var where = new Dictionary<PlacementActor, string>();
            for (int run = 1; run <= 3; run++)
            {
                int scale = stream.NextInt(3) == 0 ? 1 + stream.NextInt(3) : 0;
                string device = stream.NextInt(3) == 0 ? nodes[0].Device : "";
                string[] allowed = [.. nodes.Where(n => device.Length == 0 || n.Device == device)
                    .Select(n => n.Name).Take(scale == 0 ? 100 : scale)];
                for (int g = 0; g < stream.NextInt(30); g++)
                    where[Group(g, device, scale, run: run)] = allowed[stream.NextInt(allowed.Length)];
            }
            Rest(nodes, where, $"seed {seed}");
        }
    }

    private static void Rest(PlacementNode[] nodes, Dictionary<PlacementActor, string> where, string seed)
    {
        int moves = 0;
        while (true)
        {
            var going = PlacementOf(nodes, where).Balance(4);
            if (going.Count == 0) break;
            double before = Largest(nodes, where);
            foreach (var (actor, from) in going)
            {
                var moved = where.Keys.Single(item => item.Key == actor);
                Assert.Equal(from, where[moved]);
                where.Remove(moved);
                string to = PlacementOf(nodes, where).Choose(moved)!;
                where[moved] = to;
            }
            Assert.True(Largest(nodes, where) <= before, seed);
            Assert.True((moves += going.Count) <= 40 * where.Count, $"{seed}: {moves} moves and no rest");
        }
        foreach (var run in where.GroupBy(item => item.Key.Key.Run).Where(run => run.First().Key.Scale == 0))
        {
            foreach (var (actor, name) in run)
            {
                var node = nodes.Single(n => n.Name == name);
                double share = Load(name, where) / node.Speed;
                double best = nodes.Where(n => n != node
                        && (actor.Device.Length == 0 || n.Device == actor.Device))
                    .Select(n => (Load(n.Name, where) + 1) / n.Speed).DefaultIfEmpty(share).Min();
                Assert.True(share <= 1.2 * best, $"{seed}: {actor.Key.Actor} should leave {name}");
            }
        }
    }

    private static double Load(string node, Dictionary<PlacementActor, string> where) =>
        where.Values.Count(name => name == node);

    private static double Largest(PlacementNode[] nodes, Dictionary<PlacementActor, string> where) =>
        nodes.Max(node => Load(node.Name, where) / node.Speed);

    private static Placement PlacementOf(PlacementNode[] nodes, Dictionary<PlacementActor, string> where)
    {
        var placement = new Placement(nodes);
        foreach (var (actor, name) in where.OrderBy(item => item.Key.Key))
            placement.Add(actor, name);
        return placement;
    }
}
