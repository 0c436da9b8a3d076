using System.Collections.Immutable;
using Google.Protobuf;
using Leaps.Actors.Protocol;
using Body = Leaps.Actors.Protocol.SchedulerEvent.BodyOneofCase;
using Effects = System.Collections.Immutable.ImmutableArray<Leaps.Actors.Effect>.Builder;

namespace Leaps.Actors.Scheduler;

/// <summary>
/// The scheduler of a cluster, as a pure state: it decides which actors live on which node. Its journal says
/// which runs there are, how they ended, and which nodes are drained; all else nodes tell, again and again.
/// What it tells nodes is absolute: the actors that live there from now on.
/// </summary>
public sealed partial record SchedulerState
{
    private const int EpochBits = 32;

    /// <summary>Raised whenever a scheduler comes to life.</summary>
    public long Epoch { get; private init; }

    /// <summary>Who may do what.</summary>
    public Rights Rights { get; init; } = Rights.OwnersAlone;

    internal ImmutableDictionary<Guid, RunRecord> Runs { get; private init; } =
        ImmutableDictionary<Guid, RunRecord>.Empty;

    /// <summary>Nodes that the administrator wants empty, whether they live or not.</summary>
    internal ImmutableSortedSet<string> Drained { get; private init; } =
        ImmutableSortedSet.Create<string>(StringComparer.Ordinal);

    /// <summary>Those that live, and for a while those that are gone.</summary>
    internal ImmutableSortedDictionary<string, NodeRecord> Nodes { get; private init; } =
        ImmutableSortedDictionary.Create<string, NodeRecord>(StringComparer.Ordinal);

    /// <summary>The node of this scheduler.</summary>
    internal string Host { get; private init; } = "";

    internal TimeSpan Now { get; private init; }

    /// <summary>Nothing is placed yet: nodes tell what lives there.</summary>
    internal bool IsListening =>
        Times is null || Now < Begun + (AwaySince is null ? Times.Grace : Times.Lease);

    internal IEnumerable<NodeRecord> Alive => Nodes.Values.Where(node => node.IsAlive);

    /// <summary>Runs that are being deleted, and who waits for it.</summary>
    internal ImmutableDictionary<Guid, ImmutableList<Asked>> Deleting { get; init; } =
        ImmutableDictionary<Guid, ImmutableList<Asked>>.Empty;

    private SchedulerTimes? Times { get; init; }
    private TimeSpan Begun { get; init; }

    /// <summary>The database may have been away for all since then; null: it was not.</summary>
    private TimeSpan? AwaySince { get; init; }
    private bool Suspended { get; init; }

    // Of assignments, over all nodes and epochs: whatever is decided within one message gets the next one.
    private long Version { get; init; }
    private long NextVersion => Version + 1;

    // Something has changed that placement depends on.
    private bool IsPlanDue { get; init; }

    // By actor, when it was lost lately, and where it was last.
    private ImmutableDictionary<ActorKey, (ImmutableArray<TimeSpan> Times, string Node)> Losses
    {
        get;
        init;
    } = ImmutableDictionary<ActorKey, (ImmutableArray<TimeSpan>, string)>.Empty;

    /// <summary>The state that a journal tells.</summary>
    public static SchedulerState Recover(IEnumerable<SchedulerEvent> events) =>
        events.Aggregate(new SchedulerState(), (state, item) => state.Evolve(item));

    /// <summary>The state after an event of the journal.</summary>
    public SchedulerState Evolve(SchedulerEvent item) => item.BodyCase switch
    {
        Body.EpochRaised => this with { Epoch = item.EpochRaised.Epoch },
        Body.RunSubmitted => With(new RunRecord(IdOf(item.RunSubmitted.RunId), item.RunSubmitted.Name,
            item.RunSubmitted.Owner, item.RunSubmitted.Submitted)),
        Body.RunMoved => With(item.RunMoved.RunId, run => run with
        {
            Concluded = item.RunMoved.Concluded,
            Resumptions = run.Resumptions + (item.RunMoved.Concluded is null ? 1 : 0),
            Needs = null,
        }),
        Body.RunScaled => With(item.RunScaled.RunId, run => run with { Scale = item.RunScaled.Nodes }),
        Body.RunForgotten => this with { Runs = Runs.Remove(IdOf(item.RunForgotten.RunId)) },
        Body.NodeDrained => this with
        {
            Drained = item.NodeDrained.Drained
                ? Drained.Add(item.NodeDrained.Node) : Drained.Remove(item.NodeDrained.Node),
        },
        _ => throw new ProtocolException(
            "the journal has an event that this version of Leaps does not know."),
    };

    public Transition<SchedulerState> Apply(object message)
    {
        var effects = ImmutableArray.CreateBuilder<Effect>();
        if (Times is null && message is not SchedulerBegins)
            throw new ProtocolException($"the scheduler has not begun, and got a {message.GetType().Name}.");
        var next = message switch
        {
            SchedulerBegins begins => OnBegins(begins, effects),
            Tick tick => OnTick(tick.Now),
            NodeHeartbeat beat => OnHeartbeat(beat, effects),
            NodeVanished vanished => OnVanished(vanished),
            LeasesSuspended => this with { Suspended = true },
            Asked asked => SchedulerControl.Answer(this, asked, effects),
            SubmissionStored stored => SchedulerControl.Submitted(this, stored, effects),
            RunDeleted deleted => SchedulerControl.Deleted(this, deleted, effects),
            _ => throw new ProtocolException($"the scheduler has no use for a {message.GetType().Name}."),
        };
        // A beat that is no news says nothing of what the node follows.
        string? told = message is NodeHeartbeat heard && !ReferenceEquals(next, this) ? heard.Node : null;
        return new Transition<SchedulerState>(next.Plan().Tell(told, effects), effects.DrainToImmutable());
    }

    internal SchedulerState Record(SchedulerEvent item, Effects effects)
    {
        effects.Add(new Persist(item));
        return Evolve(item) with { IsPlanDue = true };
    }

    internal SchedulerState Move(Guid run, RunConcluded? concluded, Effects effects)
    {
        var moved = new RunMoved { RunId = Envelope.RunIdBytes(run), Concluded = concluded };
        // Whatever failed before: it is given up, or the user has mended it.
        return Record(new SchedulerEvent { RunMoved = moved }, effects) with
        {
            Losses = Losses.RemoveRange(Losses.Keys.Where(actor => actor.Run == run)),
        };
    }

    private SchedulerState RaiseEpoch(long epoch, Effects effects)
    {
        var raised = new EpochRaised { Epoch = epoch };
        var next = Record(new SchedulerEvent { EpochRaised = raised }, effects) with
        {
            Version = epoch << EpochBits,
        };
        foreach (var node in next.Alive)
            next = next.With(node with { IsChanged = true });
        return next;
    }

    private SchedulerState OnBegins(SchedulerBegins begins, Effects effects) =>
        RaiseEpoch(Epoch + 1, effects) with
        {
            Times = begins.Times,
            Host = begins.Node,
            Now = begins.Now,
            Begun = begins.Now,
            AwaySince = begins.AwaySince,
        };

    internal NodeRecord? NodeOf(ActorKey actor) => Alive.FirstOrDefault(node => IsOn(node, actor));

    private static bool IsOn(NodeRecord node, ActorKey actor) =>
        node.Places.TryGetValue(actor, out var place) && place.Kind != PlaceKind.Dropped;

    private SchedulerState With(NodeRecord node) => this with { Nodes = Nodes.SetItem(node.Name, node) };

    private SchedulerState With(RunRecord run) => this with { Runs = Runs.SetItem(run.Run, run) };

    private SchedulerState With(ByteString run, Func<RunRecord, RunRecord> change) =>
        Runs.TryGetValue(IdOf(run), out var record) ? With(change(record)) : throw new ProtocolException(
            $"run {IdOf(run)} is unknown to the scheduler's journal before it is moved or scaled.");

    private static Guid IdOf(ByteString run) => new(run.Span, bigEndian: true);
}
