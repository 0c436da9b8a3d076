using System.Globalization;
using System.Text;
using Leaps.Actors.Cluster;
using Leaps.Actors.Journal;
using Leaps.Actors.Protocol;
using Leaps.Actors.ReplayBuffer;
using Leaps.Actors.Runtime;
using Leaps.Host.Commands;
using Leaps.Host.Configuration;
using Leaps.Host.Terminal;
using Leaps.Model;
using Leaps.Model.Devices;
using Leaps.Model.Networks;
using RunConfiguration = Leaps.Host.Configuration.RunConfiguration;

namespace Leaps.Host.Execution.Cluster;

/// <summary>
/// What a node does for runs: takes in what a user submits, and at the home of a run does what `leaps run`
/// does, in a directory that lasts as long as the home. Whatever must last longer is in the run's journal:
/// its events, its training, and every file that it writes.
/// </summary>
/// <param name="workDirectory">homes have their directories in it</param>
/// <param name="devices">of the node</param>
/// <param name="clock">for rates and durations</param>
internal sealed class ClusterRunWork(string workDirectory, RunDevices devices, TimeProvider clock)
    : IRunWork
{
    /// <summary>The model file that was submitted with the run.</summary>
    public const string SubmittedModel = "submitted.safetensors";

    private const int MostLogged = 50;

    public void Store(IFencedJournal journal, SubmitRun submission)
    {
        if (journal.LastSequence(RunJournal.Actor) > 0)
            return;
        var configuration = ConfigurationReader.ReadText(submission.Configuration, submission.Name);
        var writes = new List<JournalWrite>();
        string? initial = null;
        if (configuration.Network?.Model is not null)
        {
            using var scratch = new ScratchDirectory(workDirectory, Guid.NewGuid());
            string path = scratch.PathOf(SubmittedModel);
            File.WriteAllBytes(path, submission.Model.ToByteArray());
            configuration = WithModel(configuration, path);
            using var network =
                PreparedNetwork.Of(configuration, configuration.Target.CreateTarget(), RunDevices.Cpu);
            initial = network!.Sha256;
            configuration = WithModel(configuration, SubmittedModel);
            writes.AddRange(RunFiles.WritesOf(SubmittedModel, submission.Model.Memory));
        }
        string text = ConfigurationWriter.Write(configuration);
        writes.AddRange(RunFiles.WritesOf(RunDirectory.Configuration, Encoding.UTF8.GetBytes(text)));
        var begun = new RunEvent
        {
            Configured = new RunConfigured
            {
                Configuration = text,
                Purpose = submission.OnlyTrains ? RunPurpose.Train : RunPurpose.Run,
                Trains = configuration.Training is not null,
                WorkingDirectory = "",
                InitialParameters = initial,
            },
        };
        writes.Add(new JournalAppend(RunJournal.Actor, 0, [begun.ToBytes()]));
        try
        {
            // All or nothing: the files of a run that another call has stored meanwhile are its home's.
            journal.Write(writes);
        }
        catch (Exception late) when (late is SequenceConflictException or FencedException
            && journal.LastSequence(RunJournal.Actor) > 0)
        {
            // It is stored: whoever submits it asks again until he is answered.
        }
    }

    public RunConcluded Work(RunHome home, CancellationToken cancellation)
    {
        using var scratch = new ScratchDirectory(workDirectory, home.Run);
        foreach (string name in home.Files.Names())
            File.WriteAllBytes(scratch.PathOf(name), home.Files.ReadAll(name));
        using var directory = RunDirectory.Open(scratch.Path);
        // Results say where things are among the files of the run, not on this node.
        directory.Shown = "";
        directory.Changed = name => home.Files.Write(name, File.ReadAllBytes(directory.PathOf(name)));
        // The home still needs what is in it: it disposes of it.
        var journal = new RunJournal(home.Journal, home.Run, home.OpenSampling);
        var begun = journal.History.Configured
            ?? throw new LeapsException("the journal does not say what the run is: submit it again");
        var configuration = ConfigurationReader.ReadText(begun.Configuration, RunDirectory.Configuration);
        configuration = configuration with { Threads = home.Threads };
        if (configuration.Network?.Model is { } model)
            configuration = WithModel(configuration, scratch.PathOf(model));
        var target = configuration.Target.CreateTarget();
        using var network = PreparedNetwork.Of(configuration, target, devices.First);
        if (network is not null)
            CheckDevice(home, journal, begun, network.Device.DeviceKind);
        GoOn(home, journal);
        using var control = new RunControl();
        home.Answering = control.Ask;
        home.Log = () => [.. JournalLog.Read(home.Journal, home.OpenSampling, MostLogged).Select(entry =>
            ($"{entry.Journal} {entry.Sequence}", $"{entry.Kind}: {entry.Text}"))];
        string noted = home.Run.ToString("N")[..8];
        var context = new JobContext(new NoProgress(), line => home.Notice($"run {noted}: {line}"), clock,
            cancellation)
        { CommandLine = "leaps submit" };
        var work = new RunWork(configuration, target, network, directory, journal, new ClusterActors(home),
            control, context)
        {
            Resume = $"leaps ctl resume {noted}",
            GoesOn = false,
        };
        try
        {
            var result = work.Run();
            return Conclude(journal, result);
        }
        catch (InterruptedRunException)
        {
            throw new OperationCanceledException(cancellation);
        }
        finally
        {
            home.Answering = null;
        }
    }

    public IReadOnlyList<RateNetwork> CreateNetworks(LeapsModel model) => devices.CreateNetworks(model);

    public RolloutPool CreateRolloutPool(IJournal journal, Action<Exception> failed)
    {
        var files = new RunFiles(journal);
        string text = files.ReadText(RunDirectory.Configuration);
        var configuration = ConfigurationReader.ReadText(text, RunDirectory.Configuration);
        using var scratch = new ScratchDirectory(workDirectory, Guid.NewGuid());
        if (configuration.Network?.Model is { } model)
        {
            File.WriteAllBytes(scratch.PathOf(model), files.ReadAll(model));
            configuration = WithModel(configuration, scratch.PathOf(model));
        }
        var target = configuration.Target.CreateTarget();
        using var network = PreparedNetwork.Of(configuration, target, RunDevices.Cpu)!;
        return new RolloutPool(target, network.Model.Layout, devices.CreateRolloutNetwork(network.Model),
            configuration.Training!, failed);
    }

    // The kind that the run began on is the only one on which it can go on. The scheduler sends it to no
    // other node, unless its first home was lost before it heard of the kind.
    private static void CheckDevice(RunHome home, RunJournal journal, RunConfigured begun, string kind)
    {
        if (begun.Device == kind)
            return;
        home.NeedsDevice(begun.Device ?? kind);
        if (begun.Device is not null)
            throw new LeapsException($"the run began on a device of kind {begun.Device}, and this node has "
                + $"{kind}, where its numbers would be others: resume it, and it goes to a node of the first "
                + "kind");
        journal.Record(new RunEvent { Configured = begun with { Device = kind } });
    }

    // Another home goes on only where the user wants that: what he paused stays so when its home is lost.
    private static void GoOn(RunHome home, RunJournal journal)
    {
        if (home.Resumptions <= journal.History.Resumptions)
            return;
        if (journal.History.Trained is null)
            TrainingJournal.GoOn(home.Journal);
        using (var sampling = journal.OpenSampling())
            SamplingJournal.GoOn(sampling);
        journal.Record(new RunEvent { Resumed = new RunResumed(home.Resumptions) });
    }

    private static RunConcluded Conclude(RunJournal journal, JobResult result)
    {
        string cause = "";
        if (journal.History.Written is not null)
        {
            using var sampling = journal.OpenSampling();
            cause = SamplingJournal.Read(sampling)?.End?.Cause ?? "";
        }
        string text = result.Json is SamplingResult sampled
            ? string.Create(CultureInfo.InvariantCulture,
                $"log Z = {sampled.LogZ:F4} ± {sampled.LogZStdErr:F4}")
            : result.Lines.Count > 0 ? result.Lines[0] : "";
        return new RunConcluded
        {
            Outcome = cause.Length > 0
                ? RunConcluded.Types.Outcome.Cancelled : RunConcluded.Types.Outcome.Complete,
            Text = cause.Length > 0 ? $"{cause}; {text}" : text,
        };
    }

    private static RunConfiguration WithModel(RunConfiguration configuration, string path) =>
        configuration with { Network = configuration.Network! with { Model = path } };
}
