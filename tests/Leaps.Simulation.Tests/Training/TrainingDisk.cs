using Google.Protobuf;
using Leaps.Actors.Protocol;
using Leaps.Actors.Trainer;
using Leaps.Model.Training;
using Algorithm2 = Leaps.Model.Training.Trainer;

namespace Leaps.Simulation.Tests.Training;

/// <summary>
/// The journal of a training: what is written becomes durable after a while and in order; a crash loses the
/// rest. The two newest checkpoints are kept, and the newest may turn out damaged.
/// </summary>
internal sealed class TrainingDisk(SimulatedClock clock, Dice dice)
{
    private const double SyncTime = 50;

    private readonly List<TrainerEvent> _events = [];
    private readonly List<(byte[] Trainer, SaveTrainer Save, int Events)> _checkpoints = [];
    private readonly Dictionary<int, Rollout> _rollouts = [];
    private readonly Queue<(Action Write, Action Completed)> _pending = new();
    private int _numbered, _generation;

    public IReadOnlyDictionary<int, Rollout> Rollouts => _rollouts;

    /// <summary>Numbered so far, durable or not.</summary>
    public int Events => _numbered;

    public void Append(TrainerEvent item, Action completed)
    {
        _numbered++;
        Enqueue(() => _events.Add(item), completed);
    }

    /// <param name="save">what is saved beside the trainer</param>
    /// <param name="snapshot">of the trainer</param>
    /// <param name="events">numbered when it was asked for</param>
    /// <param name="completed">called once it is durable</param>
    public void Save(SaveTrainer save, TrainerSnapshot snapshot, int events, Action completed)
    {
        byte[] bytes = snapshot.ToBytes();
        Enqueue(() =>
        {
            _checkpoints.Add((bytes, save, events));
            if (_checkpoints.Count > 2)
                _checkpoints.RemoveAt(0);
        }, completed);
    }

    public void Save(Rollout rollout, Action completed) =>
        Enqueue(() => _rollouts[rollout.Entry.Index] = rollout, completed);

    public void Forget(int index) => Enqueue(() => _rollouts.Remove(index), () => { });

    /// <summary>The process dies: some of what was not yet durable is, the rest is lost.</summary>
    public void Cut()
    {
        int survive = dice.Between(0, _pending.Count);
        for (int k = 0; k < survive; k++)
            _pending.Dequeue().Write();
        _pending.Clear();
        _numbered = _events.Count;
        _generation++;
    }

    /// <summary>A trainer as the disk has it; what is under way is waited for.</summary>
    public TrainerState Restore(TrainerState state, Algorithm2 trainer)
    {
        while (_pending.TryDequeue(out var entry))
        {
            entry.Write();
            entry.Completed();
        }
        int events = 0;
        if (_checkpoints.Count > 0)
        {
            bool damaged = _checkpoints.Count > 1 && dice.Chance(0.1);
            var (bytes, save, at) = damaged ? _checkpoints[^2] : _checkpoints[^1];
            trainer.Restore(TrainerSnapshot.FromBytes(bytes));
            state = state.Restore(save.ToCheckpoint(ByteString.Empty));
            events = at;
        }
        foreach (var item in _events.Skip(events))
            state = state.Evolve(item);
        foreach (var change in state.LearningRates)
            trainer.ChangeLearningRate(change.Update, change.LearningRate);
        return state;
    }

    /// <summary>All that the user set and the disk has.</summary>
    public IEnumerable<LearningRateChange> LearningRates() => _events
        .Where(item => item.BodyCase == TrainerEvent.BodyOneofCase.LearningRateChange)
        .Select(item => item.LearningRateChange);

    private void Enqueue(Action write, Action completed)
    {
        int generation = _generation;
        _pending.Enqueue((write, completed));
        clock.After(dice.Duration(SyncTime), () =>
        {
            // In order: the oldest write is the one that is done now.
            if (generation != _generation || !_pending.TryDequeue(out var entry))
                return;
            entry.Write();
            entry.Completed();
        });
    }
}
