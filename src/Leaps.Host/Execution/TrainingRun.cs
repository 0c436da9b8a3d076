using System.Globalization;
using Leaps.Actors.Journal;
using Leaps.Actors.Protocol;
using Leaps.Host.Commands;
using Leaps.Host.Configuration;
using Leaps.Model;
using Leaps.Model.Networks;
using Leaps.Model.Storage;
using Leaps.Model.Targets;
using Leaps.Model.Training;

namespace Leaps.Host.Execution;

/// <summary>
/// Trains a model inside a run directory, from where its journal left off: metrics.csv grows line by line,
/// model.safetensors is replaced whenever an evaluation finds a better network, and now and then all that the
/// updates to come depend on goes into the journal. So whatever ends the training, it can go on.
/// </summary>
internal sealed class TrainingRun(Target target, PreparedNetwork network, TrainingOptions options,
    RunDirectory directory, IJournal journal, JobContext context) : IDisposable
{
    private static readonly TimeSpan ReportInterval = TimeSpan.FromMilliseconds(100);

    private readonly TrainingCheckpoints _checkpoints = new(journal);
    private readonly ManualResetEventSlim _going = new(initialState: true);
    private volatile string _status = "preparing";
    private volatile bool _checkpointWanted, _cancelled;
    private int _firstUpdate;
    private long _start, _lastReport, _lastCheckpoint;

    /// <summary>From one checkpoint to the next.</summary>
    public TimeSpan CheckpointEvery { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The training ends after this time, with the best network so far; zero: not.</summary>
    public TimeSpan TimeLimit { get; init; }

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
        _start = _lastReport = _lastCheckpoint = context.Clock.GetTimestamp();
        var trainer = new Trainer(target, network.Model, network.Device, options);
        Restore(trainer);
        // An update that is still to be evaluated has no line yet.
        var metrics = new MetricsFile(
            directory, context.Clock, trainer.Updates - (trainer.EvaluationDue ? 1 : 0));
        string? ended = null;
        try
        {
            while (!trainer.IsComplete && (ended = Ending(trainer)) is null)
            {
                Wait();
                OnUpdate(trainer, metrics, trainer.Update(context.Cancellation));
                if (_checkpointWanted || context.Clock.GetElapsedTime(_lastCheckpoint) > CheckpointEvery)
                    Checkpoint(trainer, metrics);
            }
            Checkpoint(trainer, metrics);
        }
        catch (OperationCanceledException)
        {
            Checkpoint(trainer, metrics);
            throw;
        }
        catch
        {
            // The first error is the one to tell; what is gathered is kept where that is possible.
            TryFlush(metrics);
            if (IsEvaluated(trainer))
                context.Notice($"kept: {BestKept(trainer)}");
            throw;
        }
        if (_cancelled)
            throw new LeapsException($"the user cancelled the training after {trainer.Updates} updates");
        trainer.RestoreBest();
        if (!IsEvaluated(trainer) || !directory.Contains(RunDirectory.Model))
            Save(network.Model, IsEvaluated(trainer) ? trainer.BestUpdate : trainer.Updates,
                IsEvaluated(trainer) ? trainer.BestRelativeEss : null);
        return Result(trainer, metrics, ended);
    }

    /// <summary>A request of the user, while it runs.</summary>
    public Task<ControlReply> Answer(ControlRequest request, CancellationToken cancellation)
    {
        var reply = new ControlReply { Accepted = true };
        switch (request.Command)
        {
            case ControlRequest.Types.Command.Status:
                reply = RunControl.Status(
                    ("state", _going.IsSet ? "training" : "paused"), ("training", _status));
                break;
            case ControlRequest.Types.Command.Pause:
                reply.Text = "the training pauses after its present update";
                _going.Reset();
                break;
            case ControlRequest.Types.Command.Resume:
                reply.Text = _going.IsSet ? "the training was not paused" : "the training goes on";
                _going.Set();
                break;
            case ControlRequest.Types.Command.Checkpoint:
                reply.Text = "the training is stored after its present update";
                _checkpointWanted = true;
                break;
            case ControlRequest.Types.Command.Cancel:
                reply.Text = "the training ends after its present update, and the run with it";
                _cancelled = true;
                _going.Set();
                break;
            default:
                reply = RunControl.Refusal("the run is training: its sampling has not begun yet");
                break;
        }
        return Task.FromResult(reply);
    }

    public void Dispose() => _going.Dispose();

    private void Wait() => _going.Wait(context.Cancellation);

    private string? Ending(Trainer trainer)
    {
        if (_cancelled)
            return "cancelled";
        bool over = TimeLimit > TimeSpan.Zero && !trainer.EvaluationDue
            && context.Clock.GetElapsedTime(_start) >= TimeLimit;
        return over ? "the time is up" : null;
    }

    // The model file and the metrics are brought back to the same moment.
    private void Restore(Trainer trainer)
    {
        if (_checkpoints.Load() is not { } snapshot)
        {
            File.Delete(directory.PathOf(RunDirectory.Metrics));
            return;
        }
        directory.Keep();
        trainer.Restore(snapshot);
        _firstUpdate = trainer.Updates;
        if (snapshot.Best is not { } best)
            return;
        var model = new LeapsModel(network.Model.Network, network.Model.FreeEnergy);
        for (int n = 0; n < best.Parameters.Length; n++)
            model.Parameters.Values[n] = best.Parameters[n];
        Save(model, best.Update, best.RelativeEss);
    }

    // First the metrics: the journal never knows of an update that they lack.
    private void Checkpoint(Trainer trainer, MetricsFile metrics)
    {
        metrics.Flush();
        _checkpoints.Save(trainer.Save());
        directory.Keep();
        _checkpointWanted = false;
        _lastCheckpoint = context.Clock.GetTimestamp();
    }

    private void OnUpdate(Trainer trainer, MetricsFile metrics, TrainingRecord record)
    {
        metrics.Add(record);
        if (record.EvaluatedRelativeEss is { } relativeEss && trainer.BestUpdate == trainer.Updates)
            Save(network.Model, trainer.BestUpdate, relativeEss);
        Report(trainer, metrics, record);
    }

    private void Save(LeapsModel model, int update, double? relativeEss)
    {
        var culture = CultureInfo.InvariantCulture;
        var notes = new Dictionary<string, string> { ["training.updates"] = update.ToString(culture) };
        if (relativeEss is { } value)
            notes.Add("training.relative_ess", value.ToString("R", culture));
        directory.Write(RunDirectory.Model, stream => ModelFile.Write(stream, model, target, notes));
    }

    private void Report(Trainer trainer, MetricsFile metrics, TrainingRecord record)
    {
        if (!trainer.IsComplete && record.EvaluatedRelativeEss is null
            && context.Clock.GetElapsedTime(_lastReport) < ReportInterval)
            return;
        _lastReport = context.Clock.GetTimestamp();
        var culture = CultureInfo.InvariantCulture;
        string rate = string.Create(culture, $"{Rate(trainer):G3} updates/s, loss {metrics.RecentLoss:G3}");
        if (IsEvaluated(trainer))
            rate += string.Create(culture, $", best relative ESS {trainer.BestRelativeEss:F3}");
        _status = string.Create(culture, $"update {trainer.Updates} of {options.Updates}, {rate}");
        context.Progress.Report("train", trainer.Updates, options.Updates, rate);
    }

    private double Seconds => context.Clock.GetElapsedTime(_start).TotalSeconds;

    // Of this process.
    private double Rate(Trainer trainer) => (trainer.Updates - _firstUpdate) / Math.Max(Seconds, 1e-9);

    private string BestKept(Trainer trainer) => string.Create(CultureInfo.InvariantCulture,
        $"{directory.PathOf(RunDirectory.Model)}, the best network so far (update {trainer.BestUpdate}, ")
        + string.Create(CultureInfo.InvariantCulture, $"relative ESS {trainer.BestRelativeEss:F3})");

    private TrainingResult Result(Trainer trainer, MetricsFile metrics, string? ended)
    {
        bool evaluated = IsEvaluated(trainer);
        return new TrainingResult
        {
            Updates = trainer.Updates,
            BestUpdate = evaluated ? trainer.BestUpdate : null,
            BestRelativeEss = evaluated ? trainer.BestRelativeEss : null,
            FinalLoss = metrics.RecentLoss,
            Ended = ended,
            Seconds = Seconds,
            UpdatesPerSecond = Rate(trainer),
            Parameters = network.Model.Layout.Count,
            DeviceKind = network.Device.DeviceKind,
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
        catch (LeapsException)
        {
            // The caller already has an error to tell.
        }
    }
}
