using Leaps.Model.Training;

namespace Leaps.Host.Configuration;

/// <summary>Reads the section 'train'; the defaults are those of <see cref="TrainingOptions"/>.</summary>
internal static class TrainingReader
{
    /// <summary>The options; null where the section is absent.</summary>
    public static TrainingOptions? Read(Section top)
    {
        var section = top.Find("train");
        if (section is null)
            return null;
        var options = new TrainingOptions();
        options = Set(section, options, "updates", (o, v) => o with { Updates = v.Integer() });
        options = Set(section, options, "target-relative-ess",
            (o, v) => o with { TargetRelativeEss = v.Number() });
        options = Set(section, options, "batch", (o, v) => o with { Batch = v.Integer() });
        options = Set(section, options, "learning-rate", (o, v) => o with { LearningRate = v.Number() });
        options = Set(section, options, "gradient-clip", (o, v) => o with { GradientClip = v.Number() });
        options = Set(section, options, "source", (o, v) => o with { Source = v.OneOf<TrainingSource>() });
        if (section.Find("decay") is { } decay)
        {
            options = Set(decay, options, "every", (o, v) => o with { DecayEvery = v.Integer() });
            options = Set(decay, options, "factor", (o, v) => o with { DecayFactor = v.Number() });
        }
        if (section.Find("pool") is { } pool)
        {
            options = Set(pool, options, "walkers", (o, v) => o with { PoolWalkers = v.Integer() });
            options = Set(pool, options, "times", (o, v) => o with { PoolTimes = v.Integer() });
            options = Set(pool, options, "sweeps", (o, v) => o with { PoolSweeps = v.Integer() });
        }
        if (section.Find("rollouts") is { } rollouts)
        {
            options = Set(rollouts, options, "walkers", (o, v) => o with { RolloutWalkers = v.Integer() });
            options = Set(rollouts, options, "buffer-cycle", (o, v) => o with { BufferCycle = v.Integer() });
            options = Set(rollouts, options, "buffer-size", (o, v) => o with { BufferSize = v.Integer() });
            options = Set(rollouts, options, "moves", (o, v) => o with { RolloutMoves = v.Integer() });
            options = Set(
                rollouts, options, "staleness", (o, v) => o with { RolloutStaleness = v.Integer() });
        }
        if (section.Find("horizon") is { } horizon)
        {
            options = Set(horizon, options, "updates", (o, v) => o with { HorizonUpdates = v.Integer() });
            options = Set(horizon, options, "step", (o, v) => o with { HorizonStep = v.Number() });
        }
        if (section.Find("evaluate") is { } evaluate)
        {
            options = Set(evaluate, options, "every", (o, v) => o with { EvaluateEvery = v.Integer() });
            options = Set(evaluate, options, "walkers", (o, v) => o with { EvaluationWalkers = v.Integer() });
            options = Set(evaluate, options, "windows", (o, v) => o with { EvaluationWindows = v.Integer() });
        }
        return options;
    }

    private static TrainingOptions Set(Section section, TrainingOptions options, string key,
        Func<TrainingOptions, ConfigValue, TrainingOptions> apply) =>
        section.Set(options, key, apply, o => o.Validate());
}
