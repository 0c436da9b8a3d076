using System.Globalization;
using System.Text;
using Leaps.Model.Networks;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;
using Leaps.Model.Training;

namespace Leaps.Host.Configuration;

/// <summary>
/// <see cref="RunConfiguration"/> → YAML with every value written out, so that a run can be repeated when
/// defaults have changed. Reading it gives the same configuration.
/// </summary>
public sealed class ConfigurationWriter
{
    private readonly StringBuilder _text = new();

    private ConfigurationWriter()
    {
    }

    public static string Write(RunConfiguration configuration)
    {
        var writer = new ConfigurationWriter();
        writer.Target(configuration.Target);
        if (configuration.Network is { } network)
            writer.Network(network);
        if (configuration.Train is { } train)
            writer.Train(train);
        writer.Sample(configuration.Sample);
        writer.Line(0, "checkpoint");
        writer.Line(1, "every", Duration.Format(configuration.CheckpointEvery));
        writer.Line(0, "time-limit", Duration.Format(configuration.TimeLimit));
        writer.Line(0, "seed", configuration.Seed.ToString(CultureInfo.InvariantCulture));
        writer.Line(0, "threads", configuration.Threads);
        writer.Line(0, "device", configuration.Device.ToString());
        writer.Line(0, "output", Quoted(configuration.Output));
        return writer._text.ToString();
    }

    private void Target(TargetConfiguration target)
    {
        Line(0, "target");
        Line(1, "model", Choice.NameOf(target.Model));
        Line(1, "lattice", Sides(target.Rows, target.Columns));
        if (target.Model == TargetModel.Potts)
            Line(1, "states", target.States);
        Line(1, "schedule", Choice.NameOf(target.Schedule));
        if (target.Schedule == ScheduleShape.Switch)
            Line(1, "switch-value", target.SwitchValue);
        Line(1, "J", RampText(target.J));
        Line(1, "h", RampText(target.Field));
        Line(1, "beta", RampText(target.InverseTemperature));
    }

    private void Network(NetworkConfiguration network)
    {
        Line(0, "network");
        if (network.Kernels.Count > 0)
        {
            Line(1, "kernels", List(network.Kernels.Select(window => Sides(window.Rows, window.Columns))));
            Line(1, "channels", network.Channels);
        }
        Line(1, "padding", Choice.NameOf(network.Padding));
        Line(1, "embedding-max-norm", network.EmbeddingMaxNorm ? "true" : "false");
        Line(1, "free-energy", List(network.FreeEnergy.Select(width => Number(width))));
        if (network.Model is { } model)
            Line(1, "model", Quoted(model));
    }

    private void Train(TrainingOptions train)
    {
        Line(0, "train");
        Line(1, "updates", train.Updates);
        Line(1, "target-relative-ess", train.TargetRelativeEss);
        Line(1, "batch", train.Batch);
        Line(1, "learning-rate", train.LearningRate);
        Line(1, "decay", Flow(("every", train.DecayEvery), ("factor", train.DecayFactor)));
        Line(1, "gradient-clip", train.GradientClip);
        Line(1, "source", Choice.NameOf(train.Source));
        Line(1, "pool",
            Flow(("walkers", train.PoolWalkers), ("times", train.PoolTimes), ("sweeps", train.PoolSweeps)));
        Line(1, "rollouts", Flow(("walkers", train.RolloutWalkers), ("buffer-cycle", train.BufferCycle),
            ("buffer-size", train.BufferSize), ("moves", train.RolloutMoves),
            ("staleness", train.RolloutStaleness)));
        Line(1, "horizon", Flow(("updates", train.HorizonUpdates), ("step", train.HorizonStep)));
        Line(1, "evaluate", Flow(("every", train.EvaluateEvery), ("walkers", train.EvaluationWalkers),
            ("windows", train.EvaluationWindows)));
    }

    private void Sample(SampleConfiguration sample)
    {
        var options = sample.Annealing;
        Line(0, "sample");
        Line(1, "walkers", options.Walkers);
        Line(1, "groups", options.Groups);
        Line(1, "windows", options.Windows);
        Line(1, "integrator", Choice.NameOf(options.Integrator));
        Line(1, "grid", Choice.NameOf(options.Grid));
        Line(1, "grid-target", options.GridTarget);
        Line(1, "resample");
        Line(2, "threshold", options.ResamplingThreshold);
        Line(2, "scheme", Choice.NameOf(options.Resampling));
        Line(1, "mcmc");
        Line(2, "kernel", Choice.NameOf(options.Mcmc.Kernel));
        Line(2, "sweeps", options.Mcmc.Sweeps);
        Line(2, "moves", options.Mcmc.Moves);
        Line(2, "rate", options.Mcmc.Rate);
        Line(1, "replicas", sample.Replicas);
        Line(1, "stop", Flow(("standard-error", sample.TargetStandardError)));
    }

    private void Line(int level, string key, string? value = null) =>
        _text.Append(' ', 2 * level).Append(value is null ? $"{key}:" : $"{key}: {value}").Append('\n');

    private void Line(int level, string key, double value) => Line(level, key, Number(value));

    // The shortest text that reads back as the same double.
    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static string Sides(int rows, int columns) =>
        rows == columns ? Number(rows) : List([Number(rows), Number(columns)]);

    private static string RampText(Ramp ramp) =>
        ramp.Start == ramp.End ? Number(ramp.Start) : List([Number(ramp.Start), Number(ramp.End)]);

    private static string List(IEnumerable<string> items) => $"[{string.Join(", ", items)}]";

    private static string Flow(params (string Key, double Value)[] entries) =>
        $"{{{string.Join(", ", entries.Select(entry => $"{entry.Key}: {Number(entry.Value)}"))}}}";

    private static string Quoted(string text)
    {
        bool plain = char.IsLetter(text[0])
            && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '-' or '_')
            && !new ScalarNode(new Origin(""), text, Plain: true).IsNull;
        return plain ? text : $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
    }
}
