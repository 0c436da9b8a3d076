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
    /// <summary>A training that no process runs goes on, though its user paused or cancelled it.</summary>
    /// <exception cref="LeapsException">The journal is damaged, or refused.</exception>
    public static void GoOn(IJournal journal)
    {
        var checkpoint = Read(journal, out long sequence);
        var steered = EventsAfter(journal, sequence)
            .LastOrDefault(item => item.BodyCase == TrainerEvent.BodyOneofCase.Steered)?.Steered
            ?? checkpoint?.Steered;
        if (steered is { Paused: true } or { Cancelled: true })
        {
            var goesOn = new TrainerEvent { Steered = new TrainingSteered() };
            journal.Append(ActorNames.Trainer, journal.LastSequence(ActorNames.Trainer),
                [goesOn.ToByteArray()]);
        }
    }

    /// <summary>Brings a fresh trainer, and its state, to where the journal left off.</summary>
    /// <exception cref="LeapsException">The journal is damaged, or of another training.</exception>
    public static TrainerState Restore(IJournal journal, TrainerState state, Algorithm2 trainer)
    {
        var checkpoint = Read(journal, out long sequence);
        if (checkpoint is not null)
        {
            trainer.Restore(Readable(() => TrainerSnapshot.FromBytes(checkpoint.Trainer.Span)));
            state = state.Restore(checkpoint);
        }
        state = EventsAfter(journal, sequence).Aggregate(state, (known, item) => known.Evolve(item));
        foreach (var change in state.LearningRates)
            trainer.ChangeLearningRate(change.Update, change.LearningRate);
        return state;
    }

    // Null before the first one.
    private static TrainerCheckpoint? Read(IJournal journal, out long sequence)
    {
        var stored = journal.LoadLatestSnapshot(ActorNames.Trainer);
        sequence = stored?.Sequence ?? 0;
        return stored is null
            ? null : Readable(() => TrainerCheckpoint.Parser.ParseFrom(stored.Bytes.Span));
    }

    private static List<TrainerEvent> EventsAfter(IJournal journal, long sequence) =>
        Readable(() => journal.Read(ActorNames.Trainer, sequence + 1)
            .Select(item => TrainerEvent.Parser.ParseFrom(item.Bytes.Span)).ToList());

    private static T Readable<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is InvalidDataException or InvalidProtocolBufferException)
        {
            throw new LeapsException($"the checkpoint of the trainer can't be read: {error.Message}", error);
        }
    }
}
