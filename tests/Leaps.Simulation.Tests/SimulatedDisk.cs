using Google.Protobuf;
using Leaps.Actors.Protocol;
using Leaps.Actors.WalkerGroup;
using Snapshot = Leaps.Actors.Protocol.Snapshot;

namespace Leaps.Simulation.Tests;

/// <summary>
/// The coordinator's journal and the groups' snapshots. Writes take time and become durable in order; a crash
/// keeps some of the first ones that are under way and loses the rest.
/// </summary>
internal sealed class SimulatedDisk(Simulation simulation)
{
    private const int KeepSnapshots = 2;

    private readonly Dice _dice = new(simulation.Scenario.Seed, Dice.ForDisk);
    private readonly List<byte[]> _journal = [];
    private readonly List<Write> _writes = [];
    private readonly Dictionary<int, List<byte[]>> _snapshots = [];
    private bool _skipped;

    private sealed record Write(SimulatedActor Owner, Action Apply, object Answer);

    /// <summary>Replicas with a snapshot that was damaged.</summary>
    public HashSet<int> Damaged { get; } = [];

    public IEnumerable<CoordinatorEvent> Events() => _journal.Select(CoordinatorEvent.Parser.ParseFrom);

    public void Append(CoordinatorActor coordinator, CoordinatorEvent item)
    {
        bool skip = !_skipped && simulation.Scenario.Sabotage == Sabotage.SkipEvent
            && item.BodyCase == CoordinatorEvent.BodyOneofCase.WindowSettled;
        _skipped |= skip;
        Enqueue(coordinator, skip ? () => { } : () => Append(item), new CoordinatorActor.EventDurable());
    }

    /// <summary>At once, by whoever runs the run while it stands still.</summary>
    public void Append(CoordinatorEvent item)
    {
        _journal.Add(item.ToByteArray());
        simulation.Tell(checker => checker.EventDurable(item));
    }

    public void Save(GroupActor group, Snapshot snapshot)
    {
        // Whoever has been replaced is refused: its successor writes now.
        if (simulation.Find(group.Name) is { } present && !ReferenceEquals(present, group))
            return;
        byte[] bytes = snapshot.ToByteArray();
        Enqueue(group, () => Keep(group.Group, bytes, snapshot), new SnapshotSaved(snapshot));
    }

    public void CutJournal(CoordinatorActor coordinator) => Cut(coordinator);

    public void CutSnapshots(GroupActor group) => Cut(group);

    /// <summary>Whoever takes a group over first keeps former lives of it from writing, then reads.</summary>
    public void Fence(int group)
    {
        foreach (var owner in _writes.Select(write => write.Owner).OfType<GroupActor>()
            .Where(owner => owner.Group == group).Distinct().ToList())
            Cut(owner);
    }

    /// <summary>The newest snapshot that is not damaged.</summary>
    public Snapshot? Load(int group)
    {
        if (!_snapshots.TryGetValue(group, out var kept) || kept.Count == 0)
            return null;
        // A result that is damaged afterwards is beyond repair.
        if (_dice.Chance(simulation.Scenario.Damage) && simulation.Faults.Left > 0
            && Newest(group)!.Window < simulation.Task.Windows)
        {
            Damaged.Add(simulation.Task.ReplicaOf(group));
            kept.RemoveAt(kept.Count - 1);
        }
        return Newest(group) is { } snapshot ? Sabotaged(snapshot) : null;
    }

    public Snapshot? Newest(int group) => _snapshots.TryGetValue(group, out var kept) && kept.Count > 0
        ? Snapshot.Parser.ParseFrom(kept[^1]) : null;

    private void Keep(int group, byte[] bytes, Snapshot snapshot)
    {
        if (!_snapshots.TryGetValue(group, out var kept))
            _snapshots.Add(group, kept = []);
        kept.Add(bytes);
        if (kept.Count > KeepSnapshots)
            kept.RemoveAt(0);
        simulation.Tell(checker => checker.SnapshotDurable(snapshot));
    }

    // One writer for all, as in one process: its writes become durable one after the other.
    private void Enqueue(SimulatedActor owner, Action apply, object answer)
    {
        var write = new Write(owner, apply, answer);
        _writes.Add(write);
        if (_writes.Count == 1)
            Start();
    }

    private void Start()
    {
        var write = _writes[0];
        simulation.Clock.After(_dice.Duration(simulation.Scenario.WriteTime), () =>
        {
            if (_writes.Count == 0 || !ReferenceEquals(_writes[0], write))
                return;
            Finish();
            if (_writes.Count > 0)
                Start();
        });
    }

    private void Finish()
    {
        var write = _writes[0];
        _writes.RemoveAt(0);
        write.Apply();
        // Whoever dies before it hears of it finds it in the journal.
        write.Owner.Post(write.Answer);
    }

    private void Cut(SimulatedActor owner)
    {
        bool running = _writes.Count > 0 && ReferenceEquals(_writes[0].Owner, owner);
        var own = _writes.Where(write => ReferenceEquals(write.Owner, owner)).ToList();
        int durable = own.Count == 0 ? 0 : _dice.Between(0, own.Count);
        foreach (var write in own[..durable])
            write.Apply();
        _writes.RemoveAll(write => ReferenceEquals(write.Owner, owner));
        if (running && _writes.Count > 0)
            Start();
    }

    private Snapshot Sabotaged(Snapshot snapshot)
    {
        switch (simulation.Scenario.Sabotage)
        {
            case Sabotage.MislabelSnapshot when snapshot.Window > 1:
                snapshot.Window--;
                break;
            case Sabotage.SwapWalkers when snapshot.LogWeights.Count > 1:
                (snapshot.LogWeights[0], snapshot.LogWeights[1]) =
                    (snapshot.LogWeights[1], snapshot.LogWeights[0]);
                break;
        }
        return snapshot;
    }
}
