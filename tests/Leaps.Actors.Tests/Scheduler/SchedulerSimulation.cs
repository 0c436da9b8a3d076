using Google.Protobuf;
using Leaps.Actors.Protocol;
using Leaps.Actors.Scheduler;
using Leaps.Actors.Tests.Coordinator;
using Leaps.Model.Random;
using Command = Leaps.Actors.Protocol.ClusterRequest.Types.Command;

namespace Leaps.Actors.Tests.Scheduler;

/// <summary>
/// A cluster by dice: nodes that die, come back, dawdle and lose actors; messages that are lost, late, twice
/// and out of order; schedulers that die and are succeeded while the old ones still send; users who
/// change their minds. Half a second a step. A scheduler's journal refuses a writer that another has
/// succeeded.
/// </summary>
internal sealed class SchedulerSimulation
{
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(0.5);
    // The latest message of the time of faults comes, a lease ends that it began, and a beat brings orders.
    private const int Latest = 34, Settled = Latest + 20 + 8;

    private static readonly string[] Devices = ["simd-fma", "cuda-sm90"];

    private RandomStream _dice;        // a struct that moves on
    private readonly List<(int Due, Action Deliver)> _network = [];
    private readonly List<byte[]> _journal = [];
    private readonly List<Life> _schedulers = [];
    private readonly Dictionary<Guid, RunNeeds> _needs = [];
    private readonly Dictionary<Guid, RunConcluded> _ends = [];
    private readonly ulong _seed;
    private readonly bool _deceived;
    private int _now;
    private bool _faults = true;

    private sealed class Life(SchedulerState state)
    {
        public SchedulerState State = state;
    }

    /// <param name="seed">of all dice</param>
    /// <param name="deceived">schedulers are succeeded, and hear that nodes vanished which live</param>
    public SchedulerSimulation(ulong seed, bool deceived = true)
    {
        _seed = seed;
        _deceived = deceived;
        _dice = new RandomStream(seed, RandomPurpose.InitialState);
        for (int n = 0; n < 2 + _dice.NextInt(4); n++)
        {
            string device = Devices[_dice.NextInt(5) == 0 ? 1 : 0];
            var node = new FakeNode($"n{n}", 50 + 50 * _dice.NextInt(5), device);
            node.Restart();
            Nodes.Add(node.Name, node);
        }
        Succeed();
    }

    public Dictionary<string, FakeNode> Nodes { get; } = [];

    public HashSet<string> Dead { get; } = [];

    public SchedulerState State => _schedulers[^1].State;

    public IEnumerable<FakeNode> Living => Nodes.Values.Where(node => !Dead.Contains(node.Name));

    /// <summary>What the user was told: by run, and by name of a node.</summary>
    public HashSet<Guid> Submitted { get; } = [];
    public HashSet<Guid> Over { get; } = [];
    public HashSet<string> Drained { get; } = [];

    public SchedulerState Recovered => SchedulerState.Recover(
        _journal.Select(bytes => SchedulerEvent.Parser.ParseFrom(bytes)));

    /// <param name="steps">half seconds, with faults</param>
    public void Live(int steps)
    {
        for (int step = 0; step < steps; step++)
        {
            if (_dice.NextInt(4) == 0) Misfortune();
            if (_dice.NextInt(4) == 0) Whim();
            Go();
        }
    }

    /// <summary>No more faults, and some node that can take anything.</summary>
    /// <param name="steps">half seconds</param>
    public void Recover(int steps)
    {
        _faults = false;
        foreach (string name in Nodes.Keys.Where(name => _dice.NextInt(2) == 0).Append("n0"))
        {
            if (Dead.Remove(name)) Nodes[name].Restart();
            Nodes[name].Leaving = false;
        }
        for (int step = 0; step < steps; step++)
        {
            Go();
            if (step > Settled) CheckHosted();
        }
    }

    private void Go()
    {
        _now++;
        foreach (var (_, deliver) in TakeDue()) deliver();
        foreach (var node in Living)
        {
            if (_dice.NextInt(3) == 0) node.EndLeaving(_ => _dice.NextInt(2) == 0);
            if (_now % 3 != 0) continue;
            SayWhatHomesSay(node);
            var beat = node.Beat();
            Post(() => Take(_schedulers[^1], beat));
        }
        // Whoever believes it is the scheduler ticks.
        foreach (var life in _schedulers.ToArray()) Take(life, new Tick(Step * _now));
        if (!_deceived) CheckHosted();
    }

    private List<(int Due, Action Deliver)> TakeDue()
    {
        var due = _network.Where(item => item.Due <= _now).ToList();
        _network.RemoveAll(item => item.Due <= _now);
        return due;
    }

    // Lost, late (and so out of order), or twice.
    private void Post(Action deliver)
    {
        int delay = 1 + (_faults ? _dice.NextInt(4) : 0);
        if (!_faults)
        {
            _network.Add((_now + delay, deliver));
            return;
        }
        for (int copies = _dice.NextInt(10) switch { 0 => 0, 1 => 2, _ => 1 }; copies > 0; copies--)
            _network.Add((_now + delay + (copies - 1) * _dice.NextInt(30), deliver));
    }

    private void Take(Life life, object message)
    {
        var (state, effects) = life.State.Apply(message);
        CheckPlaces(state);
        life.State = state;
        foreach (var effect in effects)
        {
            switch (effect)
            {
                case Persist when life != _schedulers[^1]:
                    _schedulers.Remove(life);       // fenced: it ends, and nothing more leaves it
                    return;
                case Persist persist:
                    _journal.Add(persist.Event.ToByteArray());
                    Note((SchedulerEvent)persist.Event);
                    break;
                case Send { Body: Assignment assignment }:
                    var node = Nodes[assignment.Node];
                    Post(() => Follow(node, assignment));
                    break;
                case StoreSubmission store:
                    Take(life, new SubmissionStored(
                        store.Asker, store.User, store.Request, store.UnixSeconds));
                    break;
                case AskHome { Request.Command: Command.Cancel } ask:
                    _ends[ask.Run] = new RunConcluded { Outcome = RunConcluded.Types.Outcome.Cancelled };
                    break;
            }
        }
    }

    private void Follow(FakeNode node, Assignment assignment)
    {
        if (!Dead.Contains(node.Name)) node.Follow(assignment);
    }

    private void Note(SchedulerEvent item)
    {
        var run = item.RunMoved is { } moved ? new Guid(moved.RunId.Span, bigEndian: true) : Guid.Empty;
        if (item.RunMoved is { Concluded: not null }) Over.Add(run);
        else if (item.RunMoved is not null) Over.Remove(run);
    }

    /// <summary>No actor is assigned, without leave, to two nodes that live.</summary>
    private void CheckPlaces(SchedulerState state)
    {
        var seen = new HashSet<ActorKey>();
        foreach (var actor in state.Alive.SelectMany(node => node.Places)
            .Where(item => item.Value.Kind == PlaceKind.Assigned).Select(item => item.Key))
            Assert.True(seen.Add(actor), $"seed {_seed}, step {_now}: {actor} is assigned to two nodes");
    }

    /// <summary>No actor lives twice.</summary>
    private void CheckHosted()
    {
        var seen = new HashSet<ActorKey>();
        foreach (var actor in Living.SelectMany(node => node.Hosted.Keys))
            Assert.True(seen.Add(actor), $"seed {_seed}, step {_now}: {actor} lives on two nodes");
    }

    private void SayWhatHomesSay(FakeNode node)
    {
        node.Needs.Clear();
        node.Ends.Clear();
        foreach (var (run, needs) in _needs) node.Needs[run] = needs;
        foreach (var (run, end) in _ends) node.Ends[run] = end;
    }

    private void Succeed()
    {
        var life = new Life(Recovered with { Rights = new Rights([SchedulerUnderTest.Administrator]) });
        _schedulers.Add(life);
        Take(life, new SchedulerBegins(Step * _now, SchedulerUnderTest.Times, "n0"));
    }

    private void Misfortune()
    {
        var node = Nodes.Values.ElementAt(_dice.NextInt(Nodes.Count));
        switch (_dice.NextInt(9))
        {
            case 0 when Dead.Add(node.Name):
                if (_dice.NextInt(2) == 0)
                    Take(_schedulers[^1], new NodeVanished(node.Name, node.Session));
                break;
            case 1 or 2:
                Dead.Remove(node.Name);
                node.Restart();
                node.Leaving = false;
                break;
            case 3 when _deceived:
                _schedulers.Clear();
                Succeed();
                break;
            case 4 when _deceived:
                Succeed();          // the old one lives on and sends until it writes
                break;
            case 5 when node.Hosted.Count > 0 && !Dead.Contains(node.Name) && _dice.NextInt(4) == 0:
                node.Lose(node.Hosted.Keys.ElementAt(_dice.NextInt(node.Hosted.Count)),
                    _dice.NextInt(2) == 0 ? "broken" : null);
                break;
            case 6:
                node.Leaving = _dice.NextInt(2) == 0;
                break;
            case 7:
                Take(_schedulers[^1], new LeasesSuspended());
                break;
            case 8 when _deceived:
                Take(_schedulers[^1], new NodeVanished(node.Name, node.Session));   // not so
                break;
        }
    }

    private void Whim()
    {
        string run = Submitted.Count == 0
            ? "none" : Submitted.ElementAt(_dice.NextInt(Submitted.Count)).ToString();
        string node = $"n{_dice.NextInt(Nodes.Count)}";
        switch (_dice.NextInt(8))
        {
            case 0 when Submitted.Count < 5:
                Submit();
                break;
            case 1:
                Ask(Command.Scale, run, value: $"{_dice.NextInt(4)}");
                break;
            case 2:
                if (Ask(Command.Drain, key: node)) Drained.Add(node);
                break;
            case 3:
                if (Ask(Command.Undrain, key: node)) Drained.Remove(node);
                break;
            case 4 when _dice.NextInt(3) == 0:
                Ask(Command.Cancel, run);
                break;
            case 5:
                if (Ask(Command.Resume, run)) _ends.Remove(Guid.Parse(run));
                break;
            case 6 when Submitted.Count > 0:
                _needs[Guid.Parse(run)] = SomeNeeds();
                break;
        }
    }

    private void Submit()
    {
        var run = new Guid(Submitted.Count + 1, 0, 0, new byte[8]);
        _needs[run] = SomeNeeds();
        var request = new ClusterRequest
        {
            Command = Command.Submit,
            Submit = new SubmitRun { RunId = Envelope.RunIdBytes(run), Name = "x", Configuration = "x" },
        };
        Take(_schedulers[^1], new Asked("asker", SchedulerUnderTest.Administrator, request, _now));
        Submitted.Add(run);
    }

    private RunNeeds SomeNeeds() => SchedulerUnderTest.Groups(
        1 + _dice.NextInt(5), _dice.NextInt(4) == 0 ? Devices[_dice.NextInt(2)] : "", _dice.NextInt(3) == 0,
        1 + _dice.NextInt(2));

    private bool Ask(Command command, string run = "", string key = "", string value = "")
    {
        var request = new ClusterRequest { Command = command, Run = run, Key = key, Value = value };
        var asked = new Asked("asker", SchedulerUnderTest.Administrator, request, _now);
        var reply = State.Apply(asked).Effects.Sent<ClusterReply>().FirstOrDefault();
        Take(_schedulers[^1], asked);
        return reply?.Accepted == true;
    }
}
