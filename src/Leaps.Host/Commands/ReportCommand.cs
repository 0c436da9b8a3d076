using System.CommandLine;
using Leaps.Host.Configuration;

namespace Leaps.Host.Commands;

/// <param name="Directory">an existing run directory</param>
/// <param name="Configuration">its config.yaml</param>
public sealed record ReportRequest(RunDirectory Directory, RunConfiguration Configuration);

/// <summary>leaps report RUNDIR: make report.html anew from the files of a run directory.</summary>
internal static class ReportCommand
{
    public static Command Create(CommandShell shell, Job<ReportRequest> job)
    {
        var command = new Command("report", "Make report.html anew from the files of a run directory.");
        var path = new Argument<string>("RUNDIR") { Description = "A run directory." };
        command.Arguments.Add(path);
        return shell.Complete(command, parse =>
        {
            var directory = RunDirectory.Open(parse.GetRequiredValue(path));
            return new ReportRequest(directory,
                ConfigurationReader.ReadFile(directory.PathOf(RunDirectory.Configuration)));
        }, job);
    }
}
