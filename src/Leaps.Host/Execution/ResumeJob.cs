using Leaps.Host.Commands;
using Leaps.Host.Configuration;
using Leaps.Model;

namespace Leaps.Host.Execution;

/// <summary>
/// leaps resume: the run of a directory goes on where its journals left off, with more updates or replicas
/// where they are asked for. Configuration and journal must say the same of whatever decides over results.
/// </summary>
internal static class ResumeJob
{
    public static JobResult Run(ResumeRequest request, JobContext context)
    {
        using var directory = RunDirectory.OpenToResume(request.Directory);
        directory.RemoveUnfinished();
        using var journal = RunJournal.Open(directory, context.Notice);
        if (journal.History.Configured is not { } begun)
            throw new LeapsException($"{directory.PathOf(RunDirectory.Journal)} does not say what the run "
                + "is: restore it from a copy, or start the run anew");
        var configuration = ReadConfiguration(directory, journal.History, request.Changes);
        var extended = Extend(configuration, journal.History, request);
        bool trains = request.Updates is not null;
        var devices = DeviceChoice.ForResumed(extended, begun.Device, context.Notice);
        if (extended.Sample.Replicas != configuration.Sample.Replicas || trains)
            journal.Record(new RunEvent
            {
                Configured = begun with
                {
                    Configuration = ConfigurationWriter.Write(extended),
                    Trains = trains,
                },
            });
        // Also where a crash came between the journal and the file.
        string text = journal.History.Configured!.Configuration;
        if (text != begun.Configuration
            || ConfigurationDifference.Find(ReadText(directory, text), Read(directory)) is not null)
            directory.WriteText(RunDirectory.Configuration, text);

        var target = extended.Target.CreateTarget();
        using var network = PreparedNetwork.Of(Located(extended, begun), target, devices);
        CheckModel(extended, begun, network);
        return RunWork.Run(extended, target, network, directory, journal, context);
    }

    private static RunConfiguration Read(RunDirectory directory, params IEnumerable<Override> changes) =>
        ConfigurationReader.ReadFile(directory.PathOf(RunDirectory.Configuration), changes);

    private static RunConfiguration ReadText(RunDirectory directory, string text) =>
        ConfigurationReader.ReadText(text, directory.PathOf(RunDirectory.Journal));

    // What the journal says, with whatever no result depends on from the file and the command line.
    private static RunConfiguration ReadConfiguration(
        RunDirectory directory, RunHistory history, IReadOnlyList<Override> changes)
    {
        string path = directory.PathOf(RunDirectory.Configuration);
        var known = history.Configurations.Select(text => ReadText(directory, text)).ToList();
        var present = Read(directory, changes);
        if (!known.Any(before => ConfigurationDifference.Find(before, present) is null))
        {
            var (key, before, now) = ConfigurationDifference.Find(known[^1], present)!;
            throw new LeapsException($"{path} was edited after the run began: {key} is "
                + $"{now ?? "left out"}, and the run has {before ?? "nothing there"}: change it back, or "
                + "start a new run with it under another --output");
        }
        return ConfigurationDifference.WithFreeOf(known[^1], present);
    }

    private static RunConfiguration Extend(
        RunConfiguration configuration, RunHistory history, ResumeRequest request)
    {
        if (request.Replicas is { } replicas)
        {
            if (history.Configured!.Purpose == RunPurpose.Train)
                throw new LeapsException(
                    "--replicas: this run only trains; sample with its model: leaps sample");
            int present = configuration.Sample.Replicas, wanted = replicas.From(present);
            if (wanted < present)
                throw new LeapsException($"--replicas {wanted}: the run has {present} already, and only more "
                    + "can be asked for");
            var sample = configuration.Sample with { Replicas = wanted };
            sample.Validate();
            configuration = configuration with { Sample = sample };
        }
        if (request.Updates is not { } updates)
            return configuration;
        if (configuration.Train is not { } train)
            throw new LeapsException("--updates: there is no training in this run");
        var trained = history.Trained?.Result;
        if (train.TargetRelativeEss > 0 && trained?.BestRelativeEss >= train.TargetRelativeEss)
            throw new LeapsException("--updates: the training has reached its target-relative-ess, and more "
                + "updates would not be done");
        // A training that ended early goes on from there.
        int done = trained?.Updates ?? train.Updates, asked = updates.From(done);
        if (asked < done || trained is not null && asked == done)
            throw new LeapsException($"--updates {asked}: {done} are "
                + $"{(trained is null ? "asked for" : "done")} already, and only more can be asked for");
        var extended = train with { Updates = asked };
        extended.Validate();
        return configuration with { Train = extended };
    }

    // Paths are as they were when the run began.
    private static RunConfiguration Located(RunConfiguration configuration, RunConfigured begun) =>
        configuration.Network?.Model is not { } model ? configuration : configuration with
        {
            Network = configuration.Network with { Model = Path.Combine(begun.WorkingDirectory, model) },
        };

    private static void CheckModel(
        RunConfiguration configuration, RunConfigured begun, PreparedNetwork? network)
    {
        if (begun.InitialParameters is { } initial && network!.Sha256 != initial)
            throw new LeapsException($"{configuration.Network!.Model} (network.model) is not the file that "
                + "the run began with: put that one back");
    }
}
