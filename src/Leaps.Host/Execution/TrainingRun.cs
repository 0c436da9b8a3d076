using System.Globalization;
using Leaps.Actors.Journal;
using Leaps.Actors.Protocol;
using Leaps.Actors.Runtime;
using Leaps.Host.Commands;
using Leaps.Host.Configuration;
using Leaps.Host.Terminal;
using Leaps.Model;
using Leaps.Model.Storage;
using Leaps.Model.Targets;
using Leaps.Model.Training;
using TrainerState = Leaps.Actors.Trainer.TrainerState;

namespace Leaps.Host.Execution;

/// <summary>
/// Trains a model inside a run directory, from where its journal left off: metrics.csv grows line by line,
/// and model.safetensors is replaced whenever an evaluation finds a better network.
/// </summary>
internal sealed class TrainingRun(Target target, PreparedNetwork network, TrainingOptions options,
    RunDirectory directory, IJournal journal, IRunActors actors, JobContext context)
{
    private static readonly TimeSpan ReportInterval = TimeSpan.FromMilliseconds(100);

    private MetricsFile? _metrics;
    private int _firstUpdate;
    private long _start, _lastReport;

    /// <summary>From one checkpoint to the next.</summary>
    public TimeSpan CheckpointEvery { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The training ends after this time, with the best network so far; zero: not.</summary>
    public TimeSpan TimeLimit { get; init; }

    /// <summary>Takes a line for each message that was refused.</summary>
    public Action<string> Note { get; init; } = static _ => { };

    /// <summary>Takes who answers the user while it runs.</summary>
    public Action<ControlHandler?> Answering { get; init; } = static _ => { };

    /// <summary>
    /// All updates, or as many as the target needs. Afterwards the model and the network hold the best
    /// parameters.
    /// </summary>
    /// <exception cref="OperationCanceledException">Interrupted; the journal has where it was.</exception>
    /// <exception cref="LeapsException">
    /// The training diverged, the user cancelled it, or a file can't be written.
    /// </exception>
    public TrainingResult Run()
    {
        _start = _lastReport = context.Clock.GetTimestamp();
        using var training = actors.CreateTraining(target, network, options, journal, new TrainingHomeOptions
        {
            // A trainer is larger than a group of walkers, and nobody waits for its first window.
            SnapshotInterval = 5 * CheckpointEvery,
            TimeLimit = TimeLimit,
            Clock = context.Clock,
            OnUpdate = OnUpdate,
            OnSaving = OnSaving,
            Notice = Note,
        });
        _firstUpdate = training.Updates;
        if (_firstUpdate > 0)
            directory.Keep();
        _metrics = new MetricsFile(directory, context.Clock, _firstUpdate);
        Answering(training.Ask);
        try
        {
            string cause = training.Run(context.Cancellation);
            _metrics.Flush();
            network.Load(network.Model.Parameters);
            if (cause == TrainerState.Cancelled)
                throw new LeapsException(
                    $"the training was cancelled by the user after {training.Updates} updates");
            return Result(training, cause);
        }
        catch
        {
            if (IsEvaluated(training.BestRelativeEss) && directory.Contains(RunDirectory.Model))
                context.Notice($"kept: {BestKept(training)}");
            throw;
        }
        finally
        {
            Answering(null);
        }
    }

    // On the trainer's thread.
    private void OnUpdate(Trainer trainer, TrainingRecord record)
    {
        _metrics!.Add(record);
        if (record.EvaluatedRelativeEss is { } relativeEss && trainer.BestUpdate == trainer.Updates)
            Save(trainer.BestUpdate, relativeEss);
        if (trainer.IsComplete || record.EvaluatedRelativeEss is not null
            || context.Clock.GetElapsedTime(_lastReport) >= ReportInterval)
            Report(trainer);
    }

    // The journal never knows of an update that the metrics lack.
    private void OnSaving()
    {
        _metrics!.Flush();
        directory.Keep();
    }

    private void Report(Trainer trainer)
    {
        _lastReport = context.Clock.GetTimestamp();
        var culture = CultureInfo.InvariantCulture;
        string rate = $"{LineProgress.Rate(Rate(trainer.Updates))} updates/s, "
            + string.Create(culture, $"loss {_metrics!.RecentLoss:G3}");
        if (IsEvaluated(trainer.BestRelativeEss))
            rate += string.Create(culture, $", best relative ESS {trainer.BestRelativeEss:F3}");
        context.Progress.Report("train", trainer.Updates, options.Updates, rate);
    }

    private void Save(int update, double? relativeEss)
    {
        var culture = CultureInfo.InvariantCulture;
        var notes = new Dictionary<string, string> { ["training.updates"] = update.ToString(culture) };
        if (relativeEss is { } value)
            notes.Add("training.relative_ess", value.ToString("R", culture));
        directory.Write(RunDirectory.Model, stream => ModelFile.Write(stream, network.Model, target, notes));
    }

    private double Seconds => context.Clock.GetElapsedTime(_start).TotalSeconds;

    // Of this process.
    private double Rate(int updates) => (updates - _firstUpdate) / Math.Max(Seconds, 1e-9);

    private string BestKept(ITraining training) => string.Create(CultureInfo.InvariantCulture,
        $"{directory.PathOf(RunDirectory.Model)}, the best network so far (update {training.BestUpdate}, ")
        + string.Create(CultureInfo.InvariantCulture, $"relative ESS {training.BestRelativeEss:F3})");

    // The file may be that of a process that was killed when it was further.
    private TrainingResult Result(ITraining training, string cause)
    {
        bool evaluated = IsEvaluated(training.BestRelativeEss);
        Save(evaluated ? training.BestUpdate : training.Updates, evaluated ? training.BestRelativeEss : null);
        return new TrainingResult
        {
            Updates = training.Updates,
            BestUpdate = evaluated ? training.BestUpdate : null,
            BestRelativeEss = evaluated ? training.BestRelativeEss : null,
            FinalLoss = _metrics!.RecentLoss,
            Ended = cause.Length > 0 ? cause : null,
            Seconds = Seconds,
            UpdatesPerSecond = Rate(training.Updates),
            Parameters = network.Model.Layout.Count,
            DeviceKind = network.Device.DeviceKind,
            Seed = options.Seed,
            Threads = options.Threads > 0 ? options.Threads : Environment.ProcessorCount,
            Model = directory.ShownPathOf(RunDirectory.Model),
        };
    }

    private static bool IsEvaluated(double relativeEss) => !double.IsNegativeInfinity(relativeEss);
}
