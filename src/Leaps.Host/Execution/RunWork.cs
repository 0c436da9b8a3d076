using Leaps.Actors.Journal;
using Leaps.Actors.Runtime;
using Leaps.Host.Commands;
using Leaps.Host.Configuration;
using Leaps.Host.Terminal;
using Leaps.Model;
using Leaps.Model.Storage;
using Leaps.Model.Targets;

namespace Leaps.Host.Execution;

/// <summary>
/// A run inside its locked directory, from wherever its journals left off to its end: trains, samples, and
/// writes metrics.csv and model.safetensors (training), windows.csv, samples.npz, result.json, report.html.
/// Whatever is done already is taken from the journals.
/// </summary>
internal sealed class RunWork(RunConfiguration configuration, Target target, PreparedNetwork? network,
    RunDirectory directory, RunJournal journal, IRunActors actors, RunControl control, JobContext context)
{
    private static readonly string[] Outputs =
        [RunDirectory.Windows, RunDirectory.Samples, RunDirectory.Result, RunDirectory.Report];

    private readonly long _start = context.Clock.GetTimestamp();
    private bool _hasTrained;
    private volatile bool _hasSampled;

    private bool Trains => network is not null && configuration.Training is not null;
    private bool OnlyTrains => journal.History.Configured!.Purpose == RunPurpose.Train;

    /// <summary>How the user goes on with the run after an interruption.</summary>
    public string Resume { get; init; } = $"leaps resume {CommandShell.Quoted(directory.Path)}";

    /// <summary>What its user paused or cancelled, or what ended early, goes on.</summary>
    public bool GoesOn { get; init; } = true;

    /// <summary>A run of this process, in its directory.</summary>
    /// <exception cref="InterruptedRunException">Ctrl-C; the message says how to go on.</exception>
    /// <exception cref="LeapsException">What the user can put right.</exception>
    public static JobResult Run(RunConfiguration configuration, Target target, PreparedNetwork? network,
        RunDirectory directory, RunJournal journal, JobContext context)
    {
        using var control = RunControl.Listen(directory, journal.Run, line => Note(directory, context, line));
        return new RunWork(configuration, target, network, directory, journal,
            new EmbeddedActors(configuration.Threads), control, context).Run();
    }

    /// <exception cref="InterruptedRunException">Ctrl-C; the message says how to go on.</exception>
    /// <exception cref="LeapsException">What the user can put right.</exception>
    public JobResult Run()
    {
        string work = "training";
        bool isTrained = journal.History.Trained is not null;
        try
        {
            var training = Trains ? Train() : null;
            if (OnlyTrains)
                return new JobResult(training!, [],
                    [isTrained ? Completed : ResultRows.Training(training!), $"model: {training!.Model}"]);
            work = "sampling";
            return Sample(training);
        }
        catch (OperationCanceledException cause) when (context.Cancellation.IsCancellationRequested)
        {
            directory.Keep();
            throw new InterruptedRunException($"interrupted while {work}; go on with: {Resume}", cause);
        }
        catch (LeapsException) when (_hasTrained || _hasSampled)
        {
            context.Notice($"failed while {work}; what was done is kept; once it is mended: {Resume}");
            throw;
        }
    }

    // What was refused, and who was started anew, is for whoever looks at the run later, too.
    private void Note(string line) => Note(directory, context, line);

    private static void Note(RunDirectory directory, JobContext context, string line)
    {
        context.Notice(line);
        directory.AppendLine(RunDirectory.Notices, line);
    }

    private TimeSpan Left(double share) => configuration.TimeLimit == TimeSpan.Zero ? TimeSpan.Zero
        : TimeSpan.FromTicks(Math.Max(TimeSpan.TicksPerMillisecond,
            (configuration.TimeLimit * share - context.Clock.GetElapsedTime(_start)).Ticks));

    // ---- Training ----

    private TrainingResult Train()
    {
        var options = configuration.Training!;
        if (journal.History.Trained is { } trained)
        {
            if (!LoadTrained(trained))
                // The journal has what the file is made from; no update is left.
                Train(options with { Updates = trained.Result.Updates });
            return trained.Result with { Model = directory.ShownPathOf(RunDirectory.Model) };
        }
        var result = Train(options);
        _hasTrained = true;
        journal.Record(new RunEvent { Trained = new RunTrained(result, network!.Sha256) });
        if (result.Ended is not null)
            context.Notice($"the training ended after {result.Updates} updates: {result.Ended}");
        return result;
    }

    private TrainingResult Train(Model.Training.TrainingOptions options)
    {
        if (GoesOn)
            TrainingJournal.GoOn(journal.Journal);
        var run = new TrainingRun(target, network!, options, directory, journal.Journal, actors, context)
        {
            Note = Note,
            CheckpointEvery = configuration.CheckpointEvery,
            TimeLimit = Left(OnlyTrains ? 1 : RunConfiguration.TrainingShare),
            Answering = control.Use,
        };
        return run.Run();
    }

    // False where the file is not there.
    private bool LoadTrained(RunTrained trained)
    {
        if (!directory.Contains(RunDirectory.Model))
            return false;
        string path = directory.PathOf(RunDirectory.Model);
        var model = ModelSource.Open(path).Model;
        if (Model.Training.ParameterVersion.Of(0, model.Parameters).Sha256 != trained.Parameters)
            throw new LeapsException($"{path} is not the network that the run trained: put it back, or "
                + "remove it, and it is made anew from the journal");
        network!.Load(model.Parameters);
        return true;
    }

    // ---- Sampling ----

    private JobResult Sample(TrainingResult? training)
    {
        using var sampling = journal.OpenSampling();
        if (IsWritten(sampling))
            return Complete();
        var work = new JournalledSampling(
            target, network, configuration, actors, journal.History.Sampling, context)
        {
            GoesOn = GoesOn,
            Note = Note,
            TimeLimit = Left(1),
            Settled = () =>
            {
                directory.Keep();
                _hasSampled = true;
            },
            Answering = control.Use,
        };
        return Write(work.Run(sampling), training);
    }

    private bool IsWritten(IJournal sampling) => journal.History.Written is { } written
        && written.Sampling == journal.History.Sampling
        && written.Replicas == configuration.Sample.Replicas
        && SamplingJournal.Read(sampling)?.End is { Cause: "" }
        && Outputs.All(directory.Contains);

    private JobResult Complete()
    {
        var result = ReportBuilder.ReadResult(directory);
        return new JobResult(result, [], [Completed]);
    }

    private string Completed => $"{directory.Path} is complete, nothing is left to do; extend it with "
        + (OnlyTrains ? "--updates +N" : Trains ? "--replicas +N or --updates +N" : "--replicas +N");

    private JobResult Write(SamplingOutcome outcome, TrainingResult? training)
    {
        var options = configuration.Annealing;
        var truth = Truth.Of(target, options.Threads, context);
        List<string> warnings = [.. network?.Warnings ?? []];
        if (outcome.Cause.Length > 0)
            warnings.Add($"The sampling ended early ({outcome.Cause}): "
                + $"{outcome.Ensemble.ReplicaLogZ.Length} of {configuration.Sample.Replicas} replicas. To go "
                + $"on: {Resume}");
        var result = SamplingSummary.Of(outcome, truth, network?.Device, options, warnings, context) with
        {
            Training = training,
            Model = training?.Model ?? ShownModel,
            Output = directory.Shown,
        };
        context.Cancellation.ThrowIfCancellationRequested();
        WindowsFile.Write(directory, outcome.Windows());
        SamplesFile.Write(directory.PathOf(RunDirectory.Samples), target, outcome.Walkers);
        directory.Changed(RunDirectory.Samples);
        directory.WriteText(RunDirectory.Result, JsonOutput.Write(result) + "\n");
        ReportBuilder.Write(directory, configuration);
        directory.Changed(RunDirectory.Report);
        journal.Record(new RunEvent
        {
            Written = new RunWritten(journal.History.Sampling, configuration.Sample.Replicas),
        });
        foreach (string warning in result.Warnings)
            context.Notice($"warning: {warning}");
        return new JobResult(result, ResultRows.Table(result), Lines(result));
    }

    private string? ShownModel => configuration.Network?.Model is not { } model ? null
        : directory.Shown.Length > 0 ? model : Path.GetFileName(model);

    private List<string> Lines(SamplingResult result)
    {
        List<string> lines = [ResultRows.Cost(result)];
        if (result.Training is { } training)
        {
            lines.Add(ResultRows.Training(training));
            lines.Add($"model:   {training.Model}");
        }
        lines.Add($"samples: {directory.PathOf(RunDirectory.Samples)}");
        lines.Add($"report:  {directory.PathOf(RunDirectory.Report)}");
        return lines;
    }
}
