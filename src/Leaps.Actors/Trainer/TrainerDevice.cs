using System.Collections.Concurrent;
using Google.Protobuf;
using Leaps.Actors.Protocol;
using Leaps.Model.Targets;
using Leaps.Model.Training;
using Algorithm2 = Leaps.Model.Training.Trainer;

namespace Leaps.Actors.Trainer;

/// <summary>
/// The thread that does a trainer's updates, one after the other; the trainer's numbers belong to it alone.
/// </summary>
internal sealed class TrainerDevice : IDisposable
{
    private readonly Algorithm2 _trainer;
    private readonly Target _target;
    private readonly Action<Algorithm2, TrainingRecord> _done;
    private readonly Action _saving;
    private readonly BlockingCollection<Action> _work = [];
    private readonly Thread _thread;
    private readonly object _gate = new();
    private CancellationTokenSource _cancellation = new();

    /// <param name="trainer">restored</param>
    /// <param name="target">of its network</param>
    /// <param name="done">sees the trainer after each update, on its thread</param>
    /// <param name="saving">called before a checkpoint is made, on its thread</param>
    /// <param name="failed">takes what went wrong</param>
    public TrainerDevice(Algorithm2 trainer, Target target, Action<Algorithm2, TrainingRecord> done,
        Action saving, Action<Exception> failed)
    {
        _saving = saving;
        _trainer = trainer;
        _target = target;
        _done = done;
        _thread = new Thread(() =>
        {
            try
            {
                foreach (var action in _work.GetConsumingEnumerable())
                    action();
            }
            catch (Exception error)
            {
                failed(error);
            }
        })
        {
            IsBackground = true,
            Name = "trainer",
        };
        _thread.Start();
    }

    /// <summary>Answered by <see cref="UpdateDone"/> or <see cref="UpdateCancelled"/>.</summary>
    public void Run(Batch? batch, Action<object> answer)
    {
        lock (_gate)
            _cancellation = new CancellationTokenSource();
        _work.Add(() => answer(Run(batch)));
    }

    public void Cancel()
    {
        lock (_gate)
            _cancellation.Cancel();
    }

    public void Publish(Action<object> answer) =>
        _work.Add(() => answer(RolloutPacking.ToMessage(_trainer.Publish())));

    /// <summary>Gives the checkpoint as it is between the updates asked for before and after.</summary>
    public void Save(SaveTrainer save, Action<TrainerCheckpoint, int> saved) => _work.Add(() =>
    {
        _saving();
        var trainer = UnsafeByteOperations.UnsafeWrap(_trainer.Save().ToBytes());
        saved(save.ToCheckpoint(trainer), _trainer.Updates);
    });

    public void Change(LearningRateChange change) =>
        _work.Add(() => _trainer.ChangeLearningRate(change.Update, change.LearningRate));

    public void Dispose()
    {
        Cancel();
        _work.CompleteAdding();
        _thread.Join();
        _work.Dispose();
    }

    private object Run(Batch? batch)
    {
        CancellationToken cancellation;
        lock (_gate)
            cancellation = _cancellation.Token;
        try
        {
            TrainingRecord record;
            if (batch is null)
            {
                cancellation.ThrowIfCancellationRequested();
                record = _trainer.Update(cancellation);
            }
            else
            {
                record = _trainer.Step(RolloutPacking.ToBatch(batch, _target));
                if (_trainer.EvaluationDue)
                    record = _trainer.Update(cancellation);
            }
            _done(_trainer, record);
            return new UpdateDone(record, _trainer.IsComplete);
        }
        catch (OperationCanceledException)
        {
            return new UpdateCancelled(_trainer.Updates, _trainer.EvaluationDue);
        }
    }
}
