namespace Leaps.Model.Random;

/// <summary>
/// What a random number is for. Part of the counter, so that no two uses ever share a number.
/// The values are part of the reproducibility promise: never renumber them.
/// </summary>
public enum RandomPurpose : uint
{
    InitialState = 1,
    Jump = 2,
    Mcmc = 3,
    Resampling = 4,
    ParameterInitialisation = 5,
    TrainingBatch = 6,
    TrainingRollout = 7,
    TrainingPool = 8,
    Evaluation = 9,
    GridPilot = 10,
    GroundTruth = 11,
    Replica = 12,
    Test = 1000,
}
