namespace Leaps.Actors.Scheduler;

/// <summary>A node, as placement sees it.</summary>
/// <param name="Name">unique</param>
/// <param name="Speed">evaluations a second</param>
/// <param name="Device">kind of its device</param>
/// <param name="Accepts">it takes further actors</param>
internal sealed record PlacementNode(string Name, double Speed, string Device, bool Accepts);

/// <summary>An actor, as placement sees it.</summary>
/// <param name="Key">which</param>
/// <param name="Weight">what it burdens a node with</param>
/// <param name="Device">the kind of device it needs; empty: any</param>
/// <param name="Scale">nodes that the groups of its run may use; 0: all</param>
/// <param name="Avoid">a node where it failed; null: none</param>
internal sealed record PlacementActor(ActorKey Key, double Weight, string Device, int Scale, string? Avoid);

/// <summary>
/// Which node takes an actor, and which groups move for balance: a function of its arguments and of what was
/// added in which order. Load is weight; a node's share is its load over its speed.
/// </summary>
internal sealed class Placement(IEnumerable<PlacementNode> nodes)
{
    // A group leaves a node whose share is so many times what its new node's will be.
    private const double Worthwhile = 1.2;

    private readonly Site[] _sites =
        [.. nodes.OrderBy(node => node.Name, StringComparer.Ordinal).Select((node, i) => new Site(node, i))];

    private sealed class Site(PlacementNode node, int order)
    {
        public readonly PlacementNode Node = node;
        public readonly int Order = order;
        public readonly List<PlacementActor> Groups = [];
        public readonly Dictionary<Guid, int> GroupsOfRun = [];
        public readonly HashSet<Guid> Homes = [];
        public double Load;

        public double Share => Load / Node.Speed;

        public double ShareWith(double weight) => (Load + weight) / Node.Speed;

        public void Count(Guid run, int groups) =>
            GroupsOfRun[run] = GroupsOfRun.GetValueOrDefault(run) + groups;
    }

    /// <summary>The actor is there, or will be.</summary>
    /// <param name="actor">which</param>
    /// <param name="node">one of the nodes</param>
    /// <param name="leaving">it burdens the node still, and goes</param>
    public void Add(PlacementActor actor, string node, bool leaving = false)
    {
        var site = SiteOf(node);
        site.Load += actor.Weight;
        if (leaving) return;
        if (actor.Key.IsHome) site.Homes.Add(actor.Key.Run);
        if (!actor.Key.IsGroup) return;
        site.Groups.Add(actor);
        site.Count(actor.Key.Run, 1);
    }

    /// <summary>Some node may take the actor, were it not for the scale of its run.</summary>
    public bool HasNodeFor(string device) => _sites.Any(site => Takes(site.Node, device));

    /// <summary>The node with the least share, the actor included; ties by fewer groups of its run, then by
    /// name. A node where it failed, and the home's for a maker of rollouts, only if there is no
    /// other.</summary>
    /// <returns>null: no node may take it</returns>
    public string? Choose(PlacementActor actor) => Best(actor)?.Node.Name;

    /// <summary>Groups that should leave the node they were added to, so that <see cref="Choose"/> sends them
    /// where the share is smaller even with them. Each move makes the shares smaller, sorted from the
    /// largest on: so there is an end.</summary>
    /// <param name="most">groups</param>
    public List<(ActorKey Actor, string From)> Balance(int most)
    {
        var moves = new List<(ActorKey, string)>();
        while (moves.Count < most && Move() is { } move)
            moves.Add(move);
        return moves;
    }

    private (ActorKey, string)? Move()
    {
        foreach (var from in _sites.OrderByDescending(site => site.Share))
        {
            // Groups of one run that have failed nowhere are alike: the last stands for all.
            var movable = from.Groups.GroupBy(group => (group.Key.Run, group.Avoid, group.Weight))
                .Select(alike => alike.Last()).Reverse();
            foreach (var group in movable)
            {
                double share = from.Share;
                Take(group, from);
                var best = Best(group);
                bool worthwhile = best is not null && best != from
                    && share > Worthwhile * best.ShareWith(group.Weight);
                Add(group, (worthwhile ? best! : from).Node.Name);
                if (worthwhile)
                {
                    // It moves once a round: where it goes to, it is not yet.
                    best!.Groups.Remove(group);
                    return (group.Key, from.Node.Name);
                }
            }
        }
        return null;
    }

    private static void Take(PlacementActor group, Site from)
    {
        from.Load -= group.Weight;
        from.Groups.Remove(group);
        from.Count(group.Key.Run, -1);
    }

    private Site? Best(PlacementActor actor)
    {
        var run = actor.Key.Run;
        var eligible = _sites.Where(site => Takes(site.Node, actor.Device));
        if (actor.Key.IsGroup && actor.Scale > 0)
        {
            var used = _sites.Where(site => site.GroupsOfRun.GetValueOrDefault(run) > 0).ToArray();
            if (used.Length >= actor.Scale)
                eligible = eligible.Intersect(used);
        }
        return eligible.MinBy(site => (
            Shunned: site.Node.Name == actor.Avoid || actor.Key.IsRolloutMaker && site.Homes.Contains(run),
            Share: site.ShareWith(actor.Weight),
            Groups: site.GroupsOfRun.GetValueOrDefault(run),
            site.Order));
    }

    private static bool Takes(PlacementNode node, string device) =>
        node.Accepts && (device.Length == 0 || device == node.Device);

    private Site SiteOf(string node) => Array.Find(_sites, site => site.Node.Name == node)
        ?? throw new ArgumentException($"There is no node {node}.", nameof(node));
}
