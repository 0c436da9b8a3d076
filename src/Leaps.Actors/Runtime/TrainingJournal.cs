using Google.Protobuf;
using Leaps.Actors.Journal;
using Leaps.Actors.Protocol;
using Leaps.Actors.Trainer;
using Leaps.Model;
using Leaps.Model.Training;
using Algorithm2 = Leaps.Model.Training.Trainer;

namespace Leaps.Actors.Runtime;

/// <summary>What the journal of a training tells.</summary>
public static class TrainingJournal
{
    /// <summary>Brings a fresh trainer, and its state, to where the journal left off.</summary>
    /// <exception cref="LeapsException">The journal is damaged, or of another training.</exception>
    public static TrainerState Restore(IJournal journal, TrainerState state, Algorithm2 trainer)
    {
        var stored = journal.LoadLatestSnapshot(ActorNames.Trainer);
        try
        {
            if (stored is not null)
            {
                var checkpoint = TrainerCheckpoint.Parser.ParseFrom(stored.Bytes.Span);
                trainer.Restore(TrainerSnapshot.FromBytes(checkpoint.Trainer.Span));
                state = state.Restore(checkpoint);
            }
            foreach (var item in journal.Read(ActorNames.Trainer, (stored?.Sequence ?? 0) + 1))
            {
                state = state.Evolve(TrainerEvent.Parser.ParseFrom(item.Bytes.Span));
            }
        }
        catch (Exception error) when (error is InvalidDataException or InvalidProtocolBufferException)
        {
            throw new LeapsException($"the checkpoint of the trainer can't be read: {error.Message}", error);
        }
        foreach (var change in state.LearningRates)
            trainer.ChangeLearningRate(change.Update, change.LearningRate);
        return state;
    }
}
