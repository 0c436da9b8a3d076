using System.Collections.Immutable;
using Google.Protobuf;
using Leaps.Actors.Journal;
using Leaps.Actors.Protocol;
using Leaps.Actors.Scheduler;
using Leaps.Actors.Tests.Coordinator;
using Command = Leaps.Actors.Protocol.ClusterRequest.Types.Command;

namespace Leaps.Actors.Tests.Scheduler;

/// <summary>
/// A scheduler without a runtime: takes messages one by one and keeps its journal as bytes. Its nodes do what
/// they are told as soon as they beat.
/// </summary>
internal sealed class SchedulerUnderTest
{
    public const string Asker = "asker";
    public const string Owner = "ada";
    public const string Administrator = "root";

    public static readonly SchedulerTimes Times =
        new(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(4), TimeSpan.FromMinutes(10));

    private readonly List<byte[]> _journal = [];
    private TimeSpan _now = TimeSpan.FromHours(1);
    private long _request;

    public SchedulerUnderTest(
        bool listening = false, IEnumerable<byte[]>? journal = null, TimeSpan? away = null)
    {
        _journal.AddRange(journal ?? []);
        State = SchedulerState.Recover(Journal) with { Rights = new Rights([Administrator]) };
        Begun = Take(new SchedulerBegins(_now, Times, "n1") { AwaySince = _now - away });
        if (!listening) Pass(Times.Grace);
    }

    public SchedulerState State { get; private set; }
    public ImmutableArray<Effect> Begun { get; }
    public Dictionary<string, FakeNode> Nodes { get; } = [];

    public SchedulerEvent[] Journal => [.. SchedulerEvents.Read(
        _journal.Select((bytes, index) => new JournalEvent(index + 1, bytes)))];

    /// <summary>The process dies, and another one takes over; the nodes go on.</summary>
    public SchedulerUnderTest Reborn(bool listening = true, TimeSpan? away = null)
    {
        var reborn = new SchedulerUnderTest(listening, _journal, away);
        foreach (var (name, node) in Nodes)
            reborn.Nodes.Add(name, node);
        return reborn;
    }

    public ImmutableArray<Effect> Take(object message)
    {
        var (state, effects) = State.Apply(message);
        State = state;
        _journal.AddRange(effects.OfType<Persist>().Select(persist => persist.Event.ToByteArray()));
        foreach (var assignment in effects.Sent<Assignment>())
        {
            if (Nodes.TryGetValue(assignment.Node, out var node))
                node.Told = assignment;
        }
        return effects;
    }

    /// <summary>Time goes by, with ticks; nodes say nothing.</summary>
    public ImmutableArray<Effect> Pass(TimeSpan time)
    {
        var effects = ImmutableArray.CreateBuilder<Effect>();
        for (var end = _now + time; _now < end;)
        {
            var step = TimeSpan.FromSeconds(2);
            _now = _now + step < end ? _now + step : end;
            effects.AddRange(Take(new Tick(_now)));
        }
        return effects.ToImmutable();
    }

    public FakeNode Join(string name, double speed = 100, string device = "simd-fma")
    {
        var node = Nodes[name] = new FakeNode(name, speed, device);
        Beat(name);
        return node;
    }

    public ImmutableArray<Effect> Beat(string node) => Take(Nodes[node].Beat());

    /// <summary>Every node beats and does what it is told, until nothing changes.</summary>
    public void Settle(int rounds = 60)
    {
        for (int round = 0; round < rounds; round++)
        {
            foreach (string node in Nodes.Keys)
            {
                Nodes[node].Obey();
                Beat(node);
            }
        }
    }

    /// <summary>A second a round: for what takes time.</summary>
    public void Live(TimeSpan time)
    {
        for (var end = _now + time; _now < end;)
        {
            Settle(1);
            Pass(TimeSpan.FromSeconds(1));
        }
    }

    public Guid Submit(string name = "run", string user = Owner, RunNeeds? needs = null, Guid? id = null)
    {
        var run = id ?? new Guid((int)++_request, 7, 9, [1, 2, 3, 4, 5, 6, 7, 8]);
        var request = new ClusterRequest
        {
            Request = ++_request,
            Command = Command.Submit,
            Submit = new SubmitRun { RunId = Envelope.RunIdBytes(run), Name = name, Configuration = "x" },
        };
        foreach (var node in Nodes.Values.Where(_ => needs is not null))
            node.Needs[run] = needs!;
        foreach (var store in Take(new Asked(Asker, user, request, _request)).OfType<StoreSubmission>())
            Take(new SubmissionStored(store.Asker, store.User, store.Request, store.UnixSeconds));
        return run;
    }

    /// <summary>Its home says from now on that it needs this, wherever it lives.</summary>
    public void Need(Guid run, RunNeeds needs)
    {
        foreach (var node in Nodes.Values)
            node.Needs[run] = needs;
    }

    public static RunNeeds Groups(int groups, string device = "", bool rollouts = false, int replicas = 1) =>
        new()
        {
            Device = device,
            Sampling = "sampling-1",
            Groups = groups,
            Replicas = { Enumerable.Range(0, replicas) },
            Rollouts = rollouts,
        };

    public ImmutableArray<Effect> Ask(
        Command command, string run = "", string key = "", string value = "", string user = Owner) =>
        Take(new Asked(Asker, user, new ClusterRequest
        {
            Request = ++_request,
            Command = command,
            Run = run,
            Key = key,
            Value = value,
        }, _request));

    public ClusterReply Reply(
        Command command, string run = "", string key = "", string value = "", string user = Owner) =>
        Assert.Single(Ask(command, run, key, value, user).Sent<ClusterReply>());

    public RunOverview Overview(Guid run) =>
        Reply(Command.List).Runs.Single(item => item.RunId.Equals(Envelope.RunIdBytes(run)));

    public static SchedulerEvent[] Events(IEnumerable<Effect> effects) =>
        [.. effects.OfType<Persist>().Select(persist => (SchedulerEvent)persist.Event)];

    /// <summary>The nodes on which the actor lives.</summary>
    public string[] NodesOf(ActorKey actor) =>
        [.. Nodes.Values.Where(node => node.Hosted.ContainsKey(actor)).Select(node => node.Name)];

    public static ActorKey Group(Guid run, int group, string part = "sampling-1") =>
        new(run, part, ActorNames.Group(group));
}
