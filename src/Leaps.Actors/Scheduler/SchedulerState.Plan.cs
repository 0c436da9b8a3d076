using Leaps.Actors.Protocol;
using Effects = System.Collections.Immutable.ImmutableArray<Leaps.Actors.Effect>.Builder;

namespace Leaps.Actors.Scheduler;

/// <summary>From what is known to who lives where: who must go, who is placed, who moves for balance.
/// </summary>
public sealed partial record SchedulerState
{
    private const int FewMoves = 4, MovesPart = 32;

    private SchedulerState Plan()
    {
        if (!IsPlanDue)
            return this;
        var next = this with { IsPlanDue = false };
        next = next.DismissAll().Narrow();
        return IsListening ? next : next.Place();
    }

    internal bool Accepts(NodeRecord node) => !node.Beat.Leaving && !Drained.Contains(node.Name);

    /// <summary>A run's actors that have no place, for want of a node.</summary>
    internal bool Waits(RunRecord run) =>
        run.Wanted().Any(actor => !Alive.Any(node => node.Places.ContainsKey(actor)))
        && !PlacementOf().HasNodeFor(run.Device);

    /// <summary>Actors that are not wanted are dropped; those on the wrong node leave it.</summary>
    private SchedulerState DismissAll()
    {
        var next = this;
        foreach (var before in Alive)
        {
            var node = before;
            bool accepts = Accepts(node);
            foreach (var (actor, place) in before.Places)
            {
                var run = Runs.GetValueOrDefault(actor.Run);
                if (place.Kind == PlaceKind.Dropped)
                    continue;
                if (run is null || !run.Wants(actor))
                    node = node.With(actor, PlaceKind.Dropped, NextVersion);
                else if (place.Kind == PlaceKind.Assigned
                    && (!accepts || run.Device.Length > 0 && run.Device != node.Beat.Device))
                    node = node.With(actor, PlaceKind.Leaving, NextVersion);
            }
            next = next.With(node);
        }
        return next;
    }

    /// <summary>Where the groups of a run use more nodes than they may, they keep those with the most of
    /// them.</summary>
    private SchedulerState Narrow()
    {
        var next = this;
        foreach (var run in Runs.Values.Where(run => run.Scale > 0 && !run.IsOver).OrderBy(run => run.Run))
        {
            var surplus = next.Alive
                .Select(node => (Node: node, Groups: node.Places.Where(item => item.Key.Run == run.Run
                    && item.Key.IsGroup && item.Value.Kind == PlaceKind.Assigned).ToArray()))
                .Where(item => item.Groups.Length > 0)
                .OrderByDescending(item => item.Groups.Length)
                .Skip(run.Scale);
            foreach (var (node, groups) in surplus.ToArray())
            {
                next = next.With(groups.Aggregate(
                    node, (left, item) => left.With(item.Key, PlaceKind.Leaving, NextVersion)));
            }
        }
        return next;
    }

    private SchedulerState Place()
    {
        var next = this;
        var placement = PlacementOf();
        var occupied = Alive.SelectMany(node => node.Places.Keys).ToHashSet();
        var unplaced = Runs.Values.OrderBy(run => run.Submitted).ThenBy(run => run.Run)
            .SelectMany(run => run.Wanted().Select(actor => (Run: run, Actor: actor)))
            .Where(item => !occupied.Contains(item.Actor))
            // Homes first: they are alone in doing what they do.
            .OrderByDescending(item => item.Actor.IsHome);
        foreach (var (run, actor) in unplaced)
        {
            var wanted = PlacementOf(run, actor);
            if (placement.Choose(wanted) is not { } name)
                continue;
            placement.Add(wanted, name);
            next = next.With(next.Nodes[name].With(actor, PlaceKind.Assigned, NextVersion));
        }
        bool moving = next.Alive.Any(
            node => node.Places.Values.Any(place => place.Kind != PlaceKind.Assigned));
        if (moving)
            return next;
        foreach (var (actor, from) in placement.Balance(Math.Max(FewMoves, occupied.Count / MovesPart)))
            next = next.With(next.Nodes[from].With(actor, PlaceKind.Leaving, NextVersion));
        return next;
    }

    private Placement PlacementOf()
    {
        var placement = new Placement(Alive.Select(node =>
            new PlacementNode(node.Name, node.Beat.Speed, node.Beat.Device, Accepts(node))));
        foreach (var node in Alive)
        {
            foreach (var (actor, place) in node.Places)
            {
                if (place.Kind != PlaceKind.Dropped && Runs.TryGetValue(actor.Run, out var run))
                    placement.Add(PlacementOf(run, actor), node.Name, place.Kind == PlaceKind.Leaving);
            }
        }
        return placement;
    }

    private PlacementActor PlacementOf(RunRecord run, ActorKey actor)
    {
        return new PlacementActor(actor, run.Weight(actor), run.Device, run.Scale,
            HasFailed(actor) ? Losses[actor].Node : null);
    }

    /// <summary>It was lost lately.</summary>
    internal bool HasFailed(ActorKey actor) =>
        Losses.TryGetValue(actor, out var losses) && Now - losses.Times[^1] < Times!.Failures;

    /// <summary>Every node hears what is new to it. This one hears it again if it has not followed, as the
    /// assignment may be lost, and now and then in any case: so it knows that the scheduler lives.</summary>
    private SchedulerState Tell(string? told, Effects effects)
    {
        var next = this;
        bool isNew = false;
        int threads = (int)Math.Min(int.MaxValue, Alive.Sum(node => (long)node.Beat.Threads));
        foreach (var before in Alive)
        {
            var node = before;
            if (node.IsChanged || node.ToldThreads != threads)
            {
                node = node.Told(NextVersion, threads);
                isNew = true;
            }
            else if (node.Name != told || node.Follows(Epoch) && Now - node.ToldAt < Times!.Sign)
            {
                continue;
            }
            next = next.With(node with { ToldAt = Now });
            effects.Add(new Send(ActorNames.Node(node.Name), node.ToAssignment(Epoch,
                actor => actor.IsHome ? Runs.GetValueOrDefault(actor.Run)?.Resumptions ?? 0 : 0)));
        }
        return isNew ? next with { Version = NextVersion } : next;
    }
}
