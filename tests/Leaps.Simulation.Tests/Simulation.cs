using Leaps.Actors;
using Leaps.Actors.Coordinator;
using Leaps.Actors.Protocol;
using Leaps.Actors.WalkerGroup;
using Leaps.Simulation.Tests.Checkers;

namespace Leaps.Simulation.Tests;

/// <summary>
/// A whole run on one thread: the states of the coordinator and of the groups as they are, on a simulated
/// clock, network, disk and devices. Everything that happens follows from the seed of the scenario.
/// </summary>
internal sealed class Simulation
{
    private const long MostEvents = 3_000_000;
    private const long MostCalm = 60_000_000;

    private readonly Dictionary<int, GroupActor> _groups = [];
    private readonly HashSet<int> _released = [];

    // Dead until they are started again.
    private readonly HashSet<int> _lost = [];
    private readonly Checker[] _checkers;
    private bool _timeLimited;
    private bool _standing;

    /// <param name="scenario">what happens</param>
    /// <param name="trace">receives a line for every message; null: none is written</param>
    public Simulation(Scenario scenario, TextWriter? trace = null)
    {
        Scenario = scenario;
        Network = new SimulatedNetwork(this);
        Disk = new SimulatedDisk(this);
        Devices = new SimulatedDevices(this);
        Faults = new SimulatedFaults(this);
        User = new SimulatedUser(this);
        Task = scenario.Task;
        _checkers =
        [
            new JournalChecker(this), new EpochChecker(), new SnapshotChecker(this), new PlanChecker(),
            new WalkerChecker(), new RunAheadChecker(this), new TruthChecker(this), new RestartChecker(this),
            new LeaveChecker(),
        ];
        if (trace is not null)
            _checkers = [new Tracer(this, trace), .. _checkers];
    }

    public Scenario Scenario { get; }

    /// <summary>As the run was started or last extended.</summary>
    public SamplingTask Task { get; private set; }
    public SimulatedClock Clock { get; } = new();
    public SimulatedNetwork Network { get; }
    public SimulatedDisk Disk { get; }
    public SimulatedDevices Devices { get; }
    public SimulatedFaults Faults { get; }
    public SimulatedUser User { get; }
    public CoordinatorActor? Coordinator { get; private set; }
    public EndRun? End { get; private set; }
    public long Events { get; private set; }

    public IReadOnlyList<GroupActor> LivingGroups => [.. _groups.Values.OrderBy(group => group.Group)];

    /// <exception cref="ViolationException">A checker found one.</exception>
    public void Run()
    {
        User.Start();
        if (Scenario.TimeLimit > 0)
        {
            _timeLimited = true;
            Clock.After(Scenario.TimeLimit, () => Coordinator?.Post(new TimeIsUp()));
        }
        StartProcess();
        Tick();
        RunToEnd();
        if (End!.Cause.Length > 0 || Scenario.ExtendTo > 0)
        {
            Extend(Math.Max(Scenario.ExtendTo, Scenario.Task.Replicas));
            RunToEnd();
        }
        Tell(checker => checker.Ended(End!));
    }

    public void Tell(Action<Checker> tell)
    {
        foreach (var checker in _checkers)
            tell(checker);
    }

    /// <summary>Who hears what is sent to that name; null: nobody.</summary>
    public SimulatedActor? Find(string name)
    {
        if (name == ActorNames.Coordinator)
            return Coordinator;
        int group = ActorNames.GroupOf(name)!.Value;
        if (_groups.TryGetValue(group, out var actor))
            return actor;
        if (!Scenario.LazyGroups || _lost.Contains(group) || _standing || _released.Contains(group))
            return null;
        StartGroup(group, reborn: false);
        return _groups[group];
    }

    /// <summary>Who lives now by that name; null: nobody.</summary>
    public SimulatedActor? FindLiving(string name) => ActorNames.GroupOf(name) is { } group
        ? _groups.GetValueOrDefault(group) : Coordinator;

    public void StartCoordinator()
    {
        if (Coordinator is not null || _standing)
            return;
        var state = CoordinatorState.Recover(Disk.Events()) ?? new CoordinatorState(Task);
        Coordinator = new CoordinatorActor(this, state with { MostActive = Scenario.MostActive });
        Coordinator.Post(new Begin());
    }

    public void LoseCoordinator()
    {
        Coordinator?.Kill();
        Coordinator = null;
    }

    public void StartGroup(int group, bool reborn)
    {
        _lost.Remove(group);
        if (_groups.ContainsKey(group) || _standing || _released.Contains(group))
            return;
        Disk.Fence(group);
        var actor = new GroupActor(this, new WalkerGroupState(group, Disk.Load(group)));
        _groups.Add(group, actor);
        if (reborn)
            actor.Post(new GroupReborn());
    }

    /// <summary>A group has gone from its node, and is started on another.</summary>
    public void OnLeft(GroupActor group)
    {
        if (!_groups.TryGetValue(group.Group, out var living) || living != group)
            return;
        LoseGroup(group, wanders: false);
        Faults.StartElsewhere(group.Group);
    }

    /// <param name="group">whose life ends</param>
    /// <param name="wanders">it goes on for a while, but nothing reaches it</param>
    public void LoseGroup(GroupActor group, bool wanders)
    {
        _groups.Remove(group.Group);
        _lost.Add(group.Group);
        if (!wanders)
            group.Kill();
    }

    public void Release(int replica)
    {
        for (int group = replica * Task.Groups; group < (replica + 1) * Task.Groups; group++)
        {
            _released.Add(group);
            if (_groups.Remove(group, out var actor))
                actor.Kill();
        }
    }

    public void OnEnd(EndRun end) => End = end;

    // The user's time was too short: the run is resumed without a limit.
    public void OnStop(StopRun stop)
    {
        if (!_timeLimited || !stop.Cause.StartsWith("the time is up", StringComparison.Ordinal))
            throw new ViolationException("Shell", $"the run stops: {stop.Cause}");
        _timeLimited = false;
        StopProcess();
        Clock.After(1000, StartProcess);
    }

    private void StartProcess()
    {
        _standing = false;
        StartCoordinator();
        if (Scenario.LazyGroups)
            return;
        for (int group = 0; group < Task.Replicas * Task.Groups; group++)
            StartGroup(group, reborn: true);
    }

    private void StopProcess()
    {
        LoseCoordinator();
        foreach (var group in LivingGroups)
            LoseGroup(group, wanders: false);
        _lost.Clear();
        _released.Clear();
        _standing = true;
    }

    private void Extend(int replicas)
    {
        StopProcess();
        Disk.Append(new CoordinatorEvent { RunExtended = new RunExtended { Replicas = replicas } });
        Task = Task.With(replicas);
        End = null;
        StartProcess();
    }

    private void Tick()
    {
        Coordinator?.Post(new SnapshotsDue());
        Clock.After(Scenario.SnapshotInterval, Tick);
    }

    private void RunToEnd()
    {
        long calm = Clock.Now;
        while (End is null)
        {
            Faults.MayStrike();
            if (Faults.Left > 0)
                calm = Clock.Now;
            calm = Math.Max(calm, Faults.Until);
            if (!Clock.Step() || ++Events > MostEvents || Clock.Now > calm + MostCalm)
                throw new ViolationException("Progress", Waiting());
        }
    }

    private string Waiting()
    {
        var text = new System.Text.StringBuilder(FormattableString.Invariant(
            $"no end after {Events} events and {Clock.Now} µs; "));
        text.Append(User.HasFinished ? "the user is done" : "the user is waiting");
        text.AppendLine().Append("coordinator:").Append(Coordinator?.Describe() ?? " dead");
        foreach (var group in LivingGroups)
            text.AppendLine().Append(group.Name).Append(':').Append(group.Describe());
        return text.ToString();
    }
}
