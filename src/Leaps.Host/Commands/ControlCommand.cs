using System.CommandLine;
using Leaps.Actors.Protocol;
using Leaps.Host.Commands.Cluster;
using Ask = Leaps.Actors.Protocol.ClusterRequest.Types.Command;

namespace Leaps.Host.Commands;

public enum ControlAction
{
    Status,
    Log,
    Pause,
    Resume,
    Checkpoint,
    Cancel,
    Set,
}

/// <param name="Action">what is asked of the run</param>
/// <param name="Directory">of the run</param>
/// <param name="Key">Set: the setting; else empty</param>
/// <param name="Value">Set: its new value; else empty</param>
public sealed record ControlCommandRequest(
    ControlAction Action, string Directory, string Key = "", string Value = "");

/// <summary>
/// leaps ctl ACTION RUN: ask a run how it stands, or tell it what to do. RUN is a run directory, or a run of
/// a cluster: where --cluster is given, or LEAPS_CLUSTER is set and there is no such directory.
/// </summary>
internal sealed class ControlCommand(CommandShell shell, Jobs jobs)
{
    private static readonly (ControlAction Action, Ask Ask, string Name, string Description)[] Plain =
    [
        (ControlAction.Status, Ask.Status, "status",
            "How far the run is, whether a process works on it or not."),
        (ControlAction.Log, Ask.Log, "log", "What is in the journal: a line for each event."),
        (ControlAction.Pause, Ask.Pause, "pause", "Hold after the present windows or update."),
        (ControlAction.Resume, Ask.Resume, "resume", "Go on after a pause."),
        (ControlAction.Checkpoint, Ask.Checkpoint, "checkpoint", "Store everything now."),
        (ControlAction.Cancel, Ask.Cancel, "cancel", "End the run with the replicas that are complete."),
    ];

    public static Command Create(CommandShell shell, Jobs jobs)
    {
        var command = new Command("ctl", "Ask a run or a cluster how it stands, or tell it what to do.");
        var control = new ControlCommand(shell, jobs);
        foreach (var (action, ask, name, description) in Plain)
            command.Subcommands.Add(control.CreatePlain(action, ask, name, description));
        command.Subcommands.Add(control.CreateSet());
        if (jobs.Cluster is { } cluster)
        {
            foreach (var more in new ClusterControls(shell, cluster).Create())
                command.Subcommands.Add(more);
        }
        return command;
    }

    private Command CreatePlain(ControlAction action, Ask ask, string name, string description)
    {
        var run = Run();
        var plain = new Command(name, description);
        plain.Arguments.Add(run);
        return Complete(plain, parse => new ControlCommandRequest(action, parse.GetRequiredValue(run)), ask);
    }

    private Command CreateSet()
    {
        var run = Run();
        var change = new Argument<string>("KEY=VALUE")
        {
            Description = "A setting, such as sample.resample.threshold=0.4, and its value from now on.",
        };
        var set = new Command("set", "Change a setting for the windows to come.");
        set.Arguments.Add(run);
        set.Arguments.Add(change);
        return Complete(set, parse =>
        {
            string text = parse.GetRequiredValue(change);
            int equals = text.IndexOf('=');
            if (equals <= 0 || equals == text.Length - 1)
                throw new UsageException(
                    $"'{text}' is no setting; write KEY=VALUE, such as sample.resample.threshold=0.4");
            return new ControlCommandRequest(ControlAction.Set, parse.GetRequiredValue(run),
                text[..equals], text[(equals + 1)..]);
        }, Ask.Set);
    }

    private Argument<string> Run() => new("RUN")
    {
        Description = jobs.Cluster?.Ask is null
            ? "A run directory." : "A run directory; of a cluster, a run's name or identifier.",
    };

    // Whether a directory or a cluster is meant is seen when the command line is read.
    private Command Complete(Command command, Func<ParseResult, ControlCommandRequest> read, Ask ask)
    {
        ClusterOption? cluster = null;
        if (jobs.Cluster?.Ask is not null)
        {
            cluster = new ClusterOption(shell.Variable);
            cluster.AddTo(command);
        }
        return shell.Complete<Func<JobContext, JobResult>>(command, parse =>
        {
            var request = read(parse);
            bool isDirectory = jobs.Control is not null && cluster?.Means(parse, request.Directory) != true;
            if (isDirectory)
                return context => jobs.Control!(request, context);
            var asked = new AskRequest(cluster!.Read(parse), new ClusterRequest
            {
                Command = ask,
                Run = request.Directory,
                Key = request.Key,
                Value = request.Value,
            });
            return context => jobs.Cluster!.Ask!(asked, context);
        }, (work, context) => work(context));
    }
}
