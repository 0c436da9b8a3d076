namespace Leaps.Model.Training;

public enum TrainingSource
{
    /// <summary>Walkers kept near ρ_t by a few heat-bath sweeps, each at a time of its own.</summary>
    Pool,

    /// <summary>
    /// The reference's recipe: rollouts of Algorithm 1 with the present network in a replay buffer.
    /// </summary>
    Rollouts,
}

/// <summary>How Algorithm 2 is run.</summary>
public sealed record TrainingOptions
{
    public int Updates { get; init; } = 4000;

    /// <summary>Training ends after an evaluation that reaches this relative ESS; 0 = never.</summary>
    public double TargetRelativeEss { get; init; }

    /// <summary>(state, time) pairs an update.</summary>
    public int Batch { get; init; } = 400;
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>
    /// StepLR: the learning rate is multiplied by the factor every so many updates; 0 = never.
    /// </summary>
    public int DecayEvery { get; init; } = 1000;
    public double DecayFactor { get; init; } = 0.995;

    /// <summary>Gradients longer than this are scaled down to it; 0 = never.</summary>
    public double GradientClip { get; init; } = 100;
    public TrainingSource Source { get; init; } = TrainingSource.Pool;

    /// <summary>Pool: number of walkers kept, rounded down to whole batches, at least one.</summary>
    public int PoolWalkers { get; init; } = 4096;

    /// <summary>Pool: distinct times in a batch.</summary>
    public int PoolTimes { get; init; } = 32;

    /// <summary>Pool: heat-bath sweeps for a walker before it is used again.</summary>
    public int PoolSweeps { get; init; } = 4;

    /// <summary>Rollouts: walkers in one rollout.</summary>
    public int RolloutWalkers { get; init; } = 200;

    /// <summary>Rollouts: updates from one rollout to the next once the buffer is full.</summary>
    public int BufferCycle { get; init; } = 100;

    /// <summary>Rollouts: most rollouts kept.</summary>
    public int BufferSize { get; init; } = 100;

    /// <summary>Rollouts: single-site Metropolis moves a step.</summary>
    public int RolloutMoves { get; init; } = 200;

    /// <summary>
    /// Rollouts: by how many updates the parameters of a rollout are older than the first update that uses
    /// it. Rollouts may be made while so many updates go on.
    /// </summary>
    public int RolloutStaleness { get; init; }

    /// <summary>
    /// Horizon curriculum: final time k·δ, δ = <see cref="HorizonStep"/>, k rising to 1/δ over this many
    /// updates, each k kept linearly longer; 0 = the full horizon from the start.
    /// </summary>
    public int HorizonUpdates { get; init; }
    public double HorizonStep { get; init; } = 0.008;

    /// <summary>
    /// Updates between evaluations (a short exact run whose relative ESS decides the best model); 0 = none.
    /// </summary>
    public int EvaluateEvery { get; init; } = 500;
    public int EvaluationWalkers { get; init; } = 1024;
    public int EvaluationWindows { get; init; } = 10;
    public ulong Seed { get; init; } = 1;
    public int Threads { get; init; }

    /// <exception cref="LeapsException">A value is out of range; the message names it.</exception>
    public void Validate()
    {
        Require(Updates is >= 0 and <= 100_000_000, "updates", Updates, "0 to 100,000,000");
        Require(TargetRelativeEss is >= 0 and <= 1, "target-relative-ess", TargetRelativeEss, "0 to 1");
        Require(Batch is >= 1 and <= 1_000_000, "batch", Batch, "1 to 1,000,000");
        Require(LearningRate > 0 && double.IsFinite(LearningRate), "learning-rate", LearningRate,
            "a positive number");
        Require(DecayEvery >= 0, "decay every", DecayEvery, "0 or more");
        Require(DecayFactor is > 0 and <= 1, "decay factor", DecayFactor, "above 0, at most 1");
        Require(GradientClip >= 0, "gradient-clip", GradientClip, "0 or more");
        Require(PoolWalkers >= 1, "pool walkers", PoolWalkers, "1 or more");
        Require(PoolTimes >= 1, "pool times", PoolTimes, "1 or more");
        Require(PoolSweeps >= 1, "pool sweeps", PoolSweeps, "1 or more");
        Require(RolloutWalkers is >= 1 and <= 100_000_000, "rollout walkers", RolloutWalkers,
            "1 to 100,000,000");
        Require(BufferCycle >= 1, "buffer cycle", BufferCycle, "1 or more");
        Require(BufferSize >= 1, "buffer size", BufferSize, "1 or more");
        Require(RolloutMoves >= 0, "rollout moves", RolloutMoves, "0 or more");
        Require(RolloutStaleness is >= 0 and <= 100_000, "rollout staleness", RolloutStaleness,
            "0 to 100,000");
        Require(HorizonUpdates >= 0, "horizon updates", HorizonUpdates, "0 or more");
        Require(HorizonStep is >= 1e-5 and <= 1, "horizon step", HorizonStep, "0.00001 to 1");
        Require(EvaluateEvery >= 0, "evaluate every", EvaluateEvery, "0 or more");
        Require(EvaluateEvery > 0 || TargetRelativeEss == 0, "evaluate every", EvaluateEvery,
            "1 or more where there is a target-relative-ess");
        Require(EvaluationWalkers is >= 2 and <= 100_000_000,
            "evaluation walkers", EvaluationWalkers, "2 to 100,000,000");
        Require(EvaluationWindows is >= 1 and <= 1_000_000,
            "evaluation windows", EvaluationWindows, "1 to 1,000,000");
        Require(Threads is >= 0 and <= 4096, "threads", Threads, "0 to 4096");

        static void Require(bool holds, string name, object value, string allowed)
        {
            if (!holds)
                throw new LeapsException(
                    FormattableString.Invariant($"{name} is {value}; allowed: {allowed}."));
        }
    }
}
