using System.Collections.Immutable;
using Google.Protobuf;
using Leaps.Actors.Protocol;
using Leaps.Model.Training;

namespace Leaps.Actors.Trainer;

/// <summary>First message to a trainer: where its device stands, new or restored.</summary>
/// <param name="Epoch">raised whenever the trainer comes to life</param>
/// <param name="Updates">done</param>
/// <param name="EvaluationDue">the last one is still to be evaluated</param>
/// <param name="IsComplete">nothing is left to do</param>
public sealed record TrainerBegins(long Epoch, int Updates, bool EvaluationDue, bool IsComplete);

/// <summary>
/// Asks for one update, with its evaluation where one is due. The answer is <see cref="UpdateDone"/> or
/// <see cref="UpdateCancelled"/>.
/// </summary>
/// <param name="Batch">null: the device has a source of its own, or only an evaluation is due</param>
public sealed record RunUpdate(Batch? Batch) : Effect;

public sealed record CancelUpdate : Effect;

public sealed record UpdateDone(TrainingRecord Record, bool IsComplete);

/// <summary>Before the update, or between it and its evaluation.</summary>
public sealed record UpdateCancelled(int Updates, bool EvaluationDue);

/// <summary>Asks for the present parameters. The answer is a <see cref="ParameterVersion"/>.</summary>
public sealed record PublishParameters : Effect;

/// <summary>Asks for a checkpoint to be made durable. The answer is <see cref="TrainerStored"/>.</summary>
public sealed record SaveTrainer(ImmutableArray<RolloutOrder> Pending,
    ImmutableArray<LearningRateChange> LearningRates, int OrderedThrough, TrainingSteered Steered) : Effect
{
    /// <param name="trainer">as leaps-trainer/1</param>
    public TrainerCheckpoint ToCheckpoint(ByteString trainer) => new()
    {
        Trainer = trainer,
        Pending = { Pending },
        LearningRates = { LearningRates },
        OrderedThrough = OrderedThrough,
        Steered = Steered,
    };
}

public sealed record TrainerStored(int Updates);

/// <summary>A learning rate for the device.</summary>
public sealed record ChangeLearningRate(LearningRateChange Change) : Effect;

/// <summary>An update is done, for whoever watches.</summary>
public sealed record Trained(TrainingRecord Record) : Effect;

/// <summary>A checkpoint is due.</summary>
public sealed record SaveDue;

/// <summary>The process ends: no more updates, a checkpoint, then <see cref="TrainerHalted"/>.</summary>
public sealed record HaltTrainer;

/// <summary>The answer to <see cref="HaltTrainer"/>.</summary>
public sealed record TrainerHalted : Effect;

/// <summary>The time for training is over: it ends as if complete.</summary>
public sealed record TrainingTimeIsUp;

/// <summary>The training is over and durable.</summary>
/// <param name="Cause">why before all was done; empty where all is</param>
public sealed record EndTraining(string Cause) : Effect;
