using System.CommandLine;
using Leaps.Host.Terminal;

namespace Leaps.Host.Commands;

/// <summary>Ties a command's request to its job: progress on the error stream, results on the output.</summary>
internal sealed class CommandShell(Surroundings surroundings)
{
    /// <summary>Adds the shared options, and makes reading the request and doing the job the command's action.</summary>
    public Command Complete<TRequest>(Command command, Func<ParseResult, TRequest> read, Job<TRequest> job)
    {
        var output = new OutputOptions();
        output.AddTo(command);
        command.SetAction(parse =>
        {
            var mode = output.Read(parse);
            var request = read(parse);
            var result = WithProgress(mode, sink => job(request, CreateContext(mode, sink)));
            Print(mode, result);
            return ExitCode.Success;
        });
        return command;
    }

    private JobContext CreateContext(OutputMode mode, IProgressSink sink)
    {
        Action<string> notice = mode.Quiet ? _ => { } : surroundings.Error.WriteLine;
        return new JobContext(sink, notice, surroundings.Clock, surroundings.Cancellation);
    }

    private JobResult WithProgress(OutputMode mode, Func<IProgressSink, JobResult> work)
    {
        if (mode.Quiet || !(surroundings.ErrorIsTerminal || mode.Progress))
            return work(new NoProgress());
        return surroundings.ErrorIsTerminal
            ? BarProgress.Run(EstimateTable.CreateConsole(surroundings.Error, isTerminal: true), work)
            : work(new LineProgress(surroundings.Error, surroundings.Clock));
    }

    private void Print(OutputMode mode, JobResult result)
    {
        if (mode.Json)
        {
            surroundings.Output.WriteLine(JsonOutput.Write(result.Json));
            return;
        }
        if (mode.Quiet)
            return;
        EstimateTable.Write(surroundings, result.Estimates);
        foreach (string line in result.Lines)
            surroundings.Output.WriteLine(line);
    }
}
