using System.Globalization;
using Leaps.Host.Commands;
using Leaps.Host.Configuration;
using Leaps.Model.Devices;
using Leaps.Model.Networks;
using Leaps.Model.Storage;
using Leaps.Model.Targets;
using Leaps.Model.Training;

namespace Leaps.Host.Execution;

/// <summary>
/// Trains a model inside a run directory: metrics.csv grows line by line, and model.safetensors is replaced
/// whenever an evaluation finds a better network, so that whatever ends the training, the best one is kept.
/// </summary>
internal sealed class TrainingRun(Target target, LeapsModel model, RateNetwork network,
    TrainingOptions options, RunDirectory directory, JobContext context)
{
    private const int LossesOfTheEnd = 100;
    private static readonly TimeSpan ReportInterval = TimeSpan.FromMilliseconds(100);

    private readonly Queue<double> _losses = [];
    private long _start, _lastReport;

    /// <summary>
    /// All updates, or as many as the target needs. Afterwards the model and the network hold the best
    /// parameters.
    /// </summary>
    /// <exception cref="OperationCanceledException">Interrupted; a notice says what is kept.</exception>
    /// <exception cref="Leaps.Model.LeapsException">
    /// The training diverged, or a file can't be written.
    /// </exception>
    public TrainingResult Run()
    {
        var metrics = new MetricsFile(directory, context.Clock);
        _start = _lastReport = context.Clock.GetTimestamp();
        var trainer = new Trainer(target, model, network, options);
        bool interrupted = false;
        try
        {
            while (!trainer.IsComplete && !interrupted)
                interrupted = !Update(trainer, metrics);
        }
        catch
        {
            // The first error is the one to tell; what is gathered is kept where that is possible.
            TryFlush(metrics);
            if (IsEvaluated(trainer))
                context.Notice($"kept: {BestKept(trainer)}");
            throw;
        }
        metrics.Flush();
        if (interrupted)
            Interrupt(trainer);
        trainer.RestoreBest();
        if (!IsEvaluated(trainer))
            Save(trainer.Updates, null);
        return Result(trainer);
    }

    // False where it was interrupted, before the update or in its evaluation.
    private bool Update(Trainer trainer, MetricsFile metrics)
    {
        TrainingRecord record;
        try
        {
            context.Cancellation.ThrowIfCancellationRequested();
            record = trainer.Update(context.Cancellation);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        metrics.Add(record);
        _losses.Enqueue(record.Loss);
        if (_losses.Count > LossesOfTheEnd)
            _losses.Dequeue();
        if (record.EvaluatedRelativeEss is { } relativeEss && trainer.BestUpdate == trainer.Updates)
            Save(trainer.BestUpdate, relativeEss);
        Report(trainer, record);
        return true;
    }

    private void Save(int update, double? relativeEss)
    {
        var culture = CultureInfo.InvariantCulture;
        var notes = new Dictionary<string, string> { ["training.updates"] = update.ToString(culture) };
        if (relativeEss is { } value)
            notes.Add("training.relative_ess", value.ToString("R", culture));
        directory.Write(RunDirectory.Model, stream => ModelFile.Write(stream, model, target, notes));
    }

    private void Report(Trainer trainer, TrainingRecord record)
    {
        if (!trainer.IsComplete && record.EvaluatedRelativeEss is null
            && context.Clock.GetElapsedTime(_lastReport) < ReportInterval)
            return;
        _lastReport = context.Clock.GetTimestamp();
        var culture = CultureInfo.InvariantCulture;
        string rate = string.Create(culture, $"{Rate(trainer):G3} updates/s, loss {_losses.Average():G3}");
        if (IsEvaluated(trainer))
            rate += string.Create(culture, $", best relative ESS {trainer.BestRelativeEss:F3}");
        context.Progress.Report("train", trainer.Updates, options.Updates, rate);
    }

    private double Seconds => context.Clock.GetElapsedTime(_start).TotalSeconds;

    private double Rate(Trainer trainer) => trainer.Updates / Math.Max(Seconds, 1e-9);

    private void Interrupt(Trainer trainer)
    {
        context.Notice(IsEvaluated(trainer)
            ? $"interrupted after {trainer.Updates} updates; kept: {BestKept(trainer)}"
            : $"interrupted after {trainer.Updates} updates, before the first evaluation: no model was kept");
        context.Cancellation.ThrowIfCancellationRequested();
    }

    private string BestKept(Trainer trainer) => string.Create(CultureInfo.InvariantCulture,
        $"{directory.PathOf(RunDirectory.Model)}, the best network so far (update {trainer.BestUpdate}, ")
        + string.Create(CultureInfo.InvariantCulture, $"relative ESS {trainer.BestRelativeEss:F3})");

    private TrainingResult Result(Trainer trainer)
    {
        bool evaluated = IsEvaluated(trainer);
        double seconds = Seconds;
        return new TrainingResult
        {
            Updates = trainer.Updates,
            BestUpdate = evaluated ? trainer.BestUpdate : null,
            BestRelativeEss = evaluated ? trainer.BestRelativeEss : null,
            FinalLoss = _losses.Count > 0 ? _losses.Average() : null,
            Seconds = seconds,
            UpdatesPerSecond = trainer.Updates / Math.Max(seconds, 1e-9),
            Parameters = model.Layout.Count,
            DeviceKind = network.DeviceKind,
            Seed = options.Seed,
            Threads = options.Threads > 0 ? options.Threads : Environment.ProcessorCount,
            Model = directory.PathOf(RunDirectory.Model),
        };
    }

    private static bool IsEvaluated(Trainer trainer) => !double.IsNegativeInfinity(trainer.BestRelativeEss);

    private static void TryFlush(MetricsFile metrics)
    {
        try
        {
            metrics.Flush();
        }
        catch (Leaps.Model.LeapsException)
        {
            // The caller already has an error to tell.
        }
    }
}
