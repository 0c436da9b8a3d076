using Google.Protobuf;
using Leaps.Actors.Protocol;
using Leaps.Actors.Scheduler;

namespace Leaps.Actors.Tests.Scheduler;

/// <summary>A node that hosts names of actors, by the rules of leaps.proto.</summary>
internal sealed class FakeNode(string name, double speed, string device)
{
    private static readonly ByteString NoSession = ByteString.Empty;

    private readonly List<LostActor> _lost = [];
    private readonly Dictionary<ActorKey, long> _since = [];
    private long _beat;
    private ByteString _session = NoSession;

    public string Name => name;
    public int Threads { get; set; } = 4;
    public bool Leaving { get; set; }
    public TimeSpan Sound { get; set; }
    public int Lives { get; private set; }

    public ByteString Session
    {
        get
        {
            if (_session.IsEmpty) Restart();
            return _session;
        }
    }

    /// <summary>By actor: is it told to leave.</summary>
    public SortedDictionary<ActorKey, bool> Hosted { get; } = [];

    /// <summary>What homes here say.</summary>
    public Dictionary<Guid, RunNeeds> Needs { get; } = [];
    public Dictionary<Guid, RunConcluded> Ends { get; } = [];

    /// <summary>The last assignment it was sent, and the one it follows.</summary>
    public Assignment? Told { get; set; }
    public Assignment? Followed { get; private set; }

    /// <summary>Another process of the same name.</summary>
    public void Restart()
    {
        Lives++;
        _session = ByteString.CopyFromUtf8($"{name} life {Lives}".PadRight(16)[..16]);
        _beat = 0;
        (Told, Followed) = (null, null);
        Hosted.Clear();
        _lost.Clear();
    }

    public NodeHeartbeat Beat()
    {
        var beat = new NodeHeartbeat
        {
            Node = name,
            Session = Session,
            Beat = ++_beat,
            Host = "host",
            Version = "1",
            Device = device,
            Threads = Threads,
            Speed = speed,
            SchedulerEpoch = Followed?.SchedulerEpoch ?? 0,
            Assignment = Followed?.Version ?? 0,
            Leaving = Leaving,
            Sound = Sound.TotalSeconds,
            Lost = { _lost },
        };
        foreach (var (actor, leaving) in Hosted)
        {
            beat.Hosted.Add(new HostedActor
            {
                Address = actor.ToAddress(),
                Leaving = leaving,
                Needs = actor.IsHome ? Needs.GetValueOrDefault(actor.Run) : null,
                Concluded = actor.IsHome ? Ends.GetValueOrDefault(actor.Run) : null,
            });
        }
        return beat;
    }

    /// <summary>Does what it was last told, at once and wholly.</summary>
    public void Obey()
    {
        if (Told is not null) Follow(Told);
        EndLeaving();
    }

    /// <summary>The newest assignment counts: what it lacks ends, what is new begins.</summary>
    public bool Follow(Assignment assignment)
    {
        var (epoch, version) = (Followed?.SchedulerEpoch ?? 0, Followed?.Version ?? 0);
        if (!assignment.Session.Equals(_session)
            || (assignment.SchedulerEpoch, assignment.Version).CompareTo((epoch, version)) <= 0)
            return false;
        if (assignment.SchedulerEpoch > epoch) _lost.Clear();
        Followed = assignment;
        var wanted = assignment.Actors.ToDictionary(item => ActorKey.Of(item.Address), item => item.Leave);
        foreach (var actor in Hosted.Keys.Where(actor => !wanted.ContainsKey(actor)).ToArray())
            Hosted.Remove(actor);
        foreach (var (actor, leave) in wanted)
        {
            if (leave && Hosted.ContainsKey(actor))
                Hosted[actor] = true;
            else if (!leave && !Hosted.ContainsKey(actor))
            {
                Hosted[actor] = false;
                _since[actor] = assignment.Version;
            }
        }
        return true;
    }

    /// <summary>Those that were told to leave have finished what they had in hand.</summary>
    public void EndLeaving(Func<ActorKey, bool>? which = null)
    {
        foreach (var actor in Hosted.Where(item => item.Value && which?.Invoke(item.Key) != false).ToArray())
            Hosted.Remove(actor.Key);
    }

    /// <summary>An actor ends by an error, or, without a cause, because it was fenced.</summary>
    public void Lose(ActorKey actor, string? cause = "broken")
    {
        Hosted.Remove(actor);
        long since = _since.GetValueOrDefault(actor);
        if (cause is null) return;
        _lost.Add(new LostActor { Address = actor.ToAddress(), Cause = cause, Assignment = since });
        if (_lost.Count > 100) _lost.RemoveAt(0);
    }
}
