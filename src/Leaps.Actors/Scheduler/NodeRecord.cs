using System.Collections.Immutable;
using Google.Protobuf;
using Leaps.Actors.Protocol;

namespace Leaps.Actors.Scheduler;

internal enum PlaceKind
{
    /// <summary>The node's assignment has the actor.</summary>
    Assigned,

    /// <summary>The assignment tells it to leave.</summary>
    Leaving,

    /// <summary>The assignment lacks it, and the node may not have followed yet.</summary>
    Dropped,
}

/// <summary>An actor on a node, as the scheduler wants it.</summary>
/// <param name="Kind">how it is wanted</param>
/// <param name="Since">the first version of the node's assignment that says so</param>
internal sealed record Place(PlaceKind Kind, long Since);

/// <summary>A node by its heartbeats, and what it was told. An actor has a place on it from the moment when
/// it is assigned or found there until the node, following a later assignment, hosts it no more.</summary>
internal sealed record NodeRecord(string Name)
{
    private const int MostFormer = 16;

    /// <summary>The last one that counted.</summary>
    public NodeHeartbeat Beat { get; private init; } = new();
    public bool IsAlive { get; init; }
    public TimeSpan Heard { get; init; }

    /// <summary>The actors in <see cref="Beat"/>.</summary>
    public ImmutableHashSet<ActorKey> Hosted { get; private init; } = [];

    public ImmutableSortedDictionary<ActorKey, Place> Places { get; private init; } =
        ImmutableSortedDictionary<ActorKey, Place>.Empty;

    /// <summary>Of the assignment that it was last told; 0: none.</summary>
    public long Version { get; private init; }
    public int ToldThreads { get; private init; }
    public TimeSpan ToldAt { get; init; }

    /// <summary>It must be told a new assignment.</summary>
    public bool IsChanged { get; init; }

    // Last beats of the sessions before this one, the newest last.
    private ImmutableList<(ByteString Session, long Beat)> Former { get; init; } = [];

    /// <summary>Heartbeats may come late and twice: this one is news. One of a session that another has
    /// replaced counts again only when the other is gone.</summary>
    public bool IsNews(NodeHeartbeat beat)
    {
        if (beat.Session.Equals(Beat.Session))
            return beat.Beat > Beat.Beat;
        var former = Former.Find(item => item.Session.Equals(beat.Session));
        return former.Session is null || !IsAlive && beat.Beat > former.Beat;
    }

    public NodeRecord Hear(NodeHeartbeat beat, TimeSpan now)
    {
        var next = this;
        if (!beat.Session.Equals(Beat.Session))
        {
            next = new NodeRecord(Name)
            {
                Former = Beat.Session.IsEmpty ? Former
                    : Former.RemoveAll(item => item.Session.Equals(beat.Session))
                        .Add((Beat.Session, Beat.Beat)),
                IsChanged = true,
            };
            if (next.Former.Count > MostFormer)
                next = next with { Former = next.Former.RemoveAt(0) };
        }
        return next with
        {
            Beat = beat,
            Hosted = [.. beat.Hosted.Select(hosted => ActorKey.Of(hosted.Address))],
            Heard = now,
            IsAlive = true,
            IsChanged = next.IsChanged || !IsAlive,
        };
    }

    /// <summary>Nothing lives there any more.</summary>
    public NodeRecord Gone() => this with { IsAlive = false, Places = Places.Clear() };

    public NodeRecord With(ActorKey actor, PlaceKind kind, long since) =>
        this with { Places = Places.SetItem(actor, new Place(kind, since)), IsChanged = true };

    /// <summary>The places of actors that do not live there, though the node follows what was said of them.
    /// One that should live there has ended: by an error, or because it found that it lives elsewhere. If the
    /// node has not followed the newest assignment, that one may bring it to life again.</summary>
    /// <param name="epoch">of the scheduler</param>
    /// <param name="next">version of the next assignment</param>
    public NodeRecord Confirm(long epoch, long next)
    {
        if (Beat.SchedulerEpoch != epoch)
            return this;
        var node = this;
        foreach (var (actor, place) in Places)
        {
            if (Beat.Assignment < place.Since || Hosted.Contains(actor))
                continue;
            node = place.Kind switch
            {
                PlaceKind.Assigned when Beat.Assignment < Version =>
                    node.With(actor, PlaceKind.Dropped, next),
                PlaceKind.Dropped => node with { Places = node.Places.Remove(actor) },
                _ => node with { Places = node.Places.Remove(actor), IsChanged = true },
            };
        }
        return node;
    }

    /// <summary>Losses that the beats before this one did not tell.</summary>
    public IEnumerable<LostActor> NewLosses(NodeHeartbeat beat)
    {
        bool same = beat.Session.Equals(Beat.Session) && beat.SchedulerEpoch == Beat.SchedulerEpoch;
        return same ? beat.Lost.Where(lost => !Beat.Lost.Contains(lost)) : beat.Lost;
    }

    public NodeRecord Told(long version, int threads) =>
        this with { Version = version, ToldThreads = threads, IsChanged = false };

    public bool Follows(long epoch) => Beat.SchedulerEpoch == epoch && Beat.Assignment == Version;

    public Assignment ToAssignment(long epoch, Func<ActorKey, int> resumptions)
    {
        var assignment = new Assignment
        {
            Node = Name,
            Session = Beat.Session,
            SchedulerEpoch = epoch,
            Version = Version,
            ClusterThreads = ToldThreads,
        };
        assignment.Actors.AddRange(Places.Where(item => item.Value.Kind != PlaceKind.Dropped).Select(
            item => new AssignedActor
            {
                Address = item.Key.ToAddress(),
                Leave = item.Value.Kind == PlaceKind.Leaving,
                Resumptions = resumptions(item.Key),
            }));
        return assignment;
    }
}
