using System.Collections.Immutable;
using Leaps.Actors.Protocol;
using Effects = System.Collections.Immutable.ImmutableArray<Leaps.Actors.Effect>.Builder;

namespace Leaps.Actors.Scheduler;

/// <summary>What nodes tell, and how long they may be silent.</summary>
public sealed partial record SchedulerState
{
    /// <summary>An actor may be lost so often before its run is stopped.</summary>
    private const int MostLosses = 3;

    private SchedulerState OnTick(TimeSpan now)
    {
        if (now < Now) return this;
        var lease = Times!.Lease;
        // A scheduler that was stopped itself for a while has heard nothing by its own fault.
        bool anew = Suspended || now - Now > lease / 2;
        var next = this with { Now = now, Suspended = false, IsPlanDue = IsPlanDue || IsListening };
        foreach (var node in Nodes.Values)
        {
            if (!node.IsAlive)
            {
                if (now - node.Heard > Times.Failures && now - node.Heard > lease)
                    next = next with { Nodes = next.Nodes.Remove(node.Name) };
            }
            else if (anew)
            {
                next = next.With(node with { Heard = now });
            }
            else if (now - node.Heard > lease)
            {
                next = next.Lose(node);
            }
        }
        return next;
    }

    private SchedulerState OnVanished(NodeVanished vanished) =>
        Nodes.TryGetValue(vanished.Node, out var node) && node.IsAlive
        && node.Beat.Session.Equals(vanished.Session) ? Lose(node) : this;

    private SchedulerState Lose(NodeRecord node) => With(node.Gone()) with { IsPlanDue = true };

    private SchedulerState OnHeartbeat(NodeHeartbeat beat, Effects effects)
    {
        var before = Nodes.GetValueOrDefault(beat.Node) ?? new NodeRecord(beat.Node);
        if (!before.IsNews(beat))
            return this;
        if (beat.SchedulerEpoch == int.MaxValue)
            throw new ProtocolException($"node {beat.Node} follows the last epoch that there can be.");
        // Someone has put back an older copy of the journal. Where another scheduler lives, its journal is
        // fenced against this one, whose event is then never durable.
        var next = beat.SchedulerEpoch > Epoch ? RaiseEpoch(beat.SchedulerEpoch + 1, effects) : this;
        var heard = before.Hear(beat, Now);
        next = next.With(heard);
        if (beat.SchedulerEpoch == next.Epoch)
            next = next.CountLosses(before.NewLosses(beat), beat.Node, effects).HearSound(beat);
        next = next.With(next.Nodes[beat.Node].Confirm(next.Epoch, next.NextVersion))
            .Adopt(beat).HearHomes(beat, effects);
        bool changed = beat.Leaving != before.Beat.Leaving || beat.Device != before.Beat.Device
            || beat.Speed != before.Beat.Speed || !ReferenceEquals(heard.Places, next.Nodes[beat.Node].Places)
            || !before.IsAlive || !beat.Session.Equals(before.Beat.Session);
        return next with { IsPlanDue = next.IsPlanDue || changed };
    }

    /// <summary>A node that follows this scheduler, and so tells of now, had the database while it was away
    /// for the scheduler's own node: nobody is on the way back from that.</summary>
    private SchedulerState HearSound(NodeHeartbeat beat) =>
        beat.Node != Host && AwaySince is { } since && beat.Sound > (Now - since).TotalSeconds
            ? this with { AwaySince = null, IsPlanDue = true } : this;

    /// <summary>Actors that live where the scheduler knows nothing of them.</summary>
    private SchedulerState Adopt(NodeHeartbeat beat)
    {
        var node = Nodes[beat.Node];
        foreach (var hosted in beat.Hosted)
        {
            var actor = ActorKey.Of(hosted.Address);
            if (!node.Places.TryGetValue(actor, out var place))
                node = node.With(actor, KindOf(hosted, actor), NextVersion);
            // By the word of an earlier scheduler: it ends, whatever this one says.
            else if (place.Kind == PlaceKind.Assigned && hosted.Leaving)
                node = node.With(actor, PlaceKind.Leaving, NextVersion);
        }
        return With(node);
    }

    private PlaceKind KindOf(HostedActor hosted, ActorKey actor)
    {
        bool stays = Runs.TryGetValue(actor.Run, out var run) && run.Wants(actor) && NodeOf(actor) is null
            // Did it end before the run was resumed, or after? Its successor will know.
            && !(run.Resumptions > 0 && hosted.Concluded is not null);
        if (!stays) return PlaceKind.Dropped;
        return hosted.Leaving ? PlaceKind.Leaving : PlaceKind.Assigned;
    }

    private SchedulerState CountLosses(IEnumerable<LostActor> losses, string node, Effects effects)
    {
        var next = this;
        foreach (var lost in losses)
        {
            var actor = ActorKey.Of(lost.Address);
            if (IsOn(next.Nodes[node], actor) && next.Runs.TryGetValue(actor.Run, out var run) && !run.IsOver)
                next = next.Count(lost, actor, node, effects);
        }
        return next;
    }

    private SchedulerState Count(LostActor lost, ActorKey actor, string node, Effects effects)
    {
        ImmutableArray<TimeSpan> times =
        [
            .. Losses.TryGetValue(actor, out var former)
                ? former.Times.Where(time => Now - time < Times!.Failures) : [],
            Now,
        ];
        if (times.Length <= MostLosses)
            return this with { Losses = Losses.SetItem(actor, (times, node)), IsPlanDue = true };
        return Move(actor.Run, new RunConcluded
        {
            Outcome = RunConcluded.Types.Outcome.Stopped,
            Text = FormattableString.Invariant($"{actor.Actor} failed {times.Length} times: {lost.Cause}"),
        }, effects);
    }

    private SchedulerState HearHomes(NodeHeartbeat beat, Effects effects)
    {
        var next = this;
        foreach (var hosted in beat.Hosted)
        {
            if (hosted.Needs is null && hosted.Concluded is null)
                continue;
            var actor = ActorKey.Of(hosted.Address);
            if (!actor.IsHome || !IsOn(Nodes[beat.Node], actor)
                || !next.Runs.TryGetValue(actor.Run, out var run) || run.IsOver)
                continue;
            if (hosted.Concluded is not null)
                next = next.Move(actor.Run, hosted.Concluded, effects);
            else if (hosted.Needs is { } needs && !needs.Equals(run.Needs))
                next = next.With(run with { Needs = needs }) with { IsPlanDue = true };
        }
        return next;
    }
}
