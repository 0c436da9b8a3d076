using System.CommandLine;

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

/// <summary>leaps ctl ACTION DIR: ask a run how it stands, or tell it what to do.</summary>
internal static class ControlCommand
{
    private static readonly (ControlAction Action, string Name, string Description)[] Plain =
    [
        (ControlAction.Status, "status", "How far the run is, whether a process works on it or not."),
        (ControlAction.Log, "log", "What is in the journal: a line for each event."),
        (ControlAction.Pause, "pause", "Hold after the present windows or update."),
        (ControlAction.Resume, "resume", "Go on after a pause."),
        (ControlAction.Checkpoint, "checkpoint", "Store everything now."),
        (ControlAction.Cancel, "cancel", "End the run with the replicas that are complete."),
    ];

    public static Command Create(CommandShell shell, Job<ControlCommandRequest> job)
    {
        var command = new Command("ctl", "Ask a run how it stands, or tell it what to do.");
        foreach (var (action, name, description) in Plain)
        {
            var directory = new Argument<string>("DIR") { Description = "A run directory." };
            var plain = new Command(name, description);
            plain.Arguments.Add(directory);
            command.Subcommands.Add(shell.Complete(plain,
                parse => new ControlCommandRequest(action, parse.GetRequiredValue(directory)), job));
        }
        command.Subcommands.Add(CreateSet(shell, job));
        return command;
    }

    private static Command CreateSet(CommandShell shell, Job<ControlCommandRequest> job)
    {
        var directory = new Argument<string>("DIR") { Description = "A run directory." };
        var change = new Argument<string>("KEY=VALUE")
        {
            Description = "A setting, such as sample.resample.threshold=0.4, and its value from now on.",
        };
        var set = new Command("set", "Change a setting for the windows to come.");
        set.Arguments.Add(directory);
        set.Arguments.Add(change);
        return shell.Complete(set, parse =>
        {
            string text = parse.GetRequiredValue(change);
            int equals = text.IndexOf('=');
            if (equals <= 0 || equals == text.Length - 1)
                throw new UsageException(
                    $"'{text}' is no setting; write KEY=VALUE, such as sample.resample.threshold=0.4");
            return new ControlCommandRequest(ControlAction.Set, parse.GetRequiredValue(directory),
                text[..equals], text[(equals + 1)..]);
        }, job);
    }
}
