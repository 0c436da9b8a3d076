using System.CommandLine;
using Leaps.Host.Terminal;
using Leaps.Model;
using Spectre.Console;

namespace Leaps.Host.Commands;

/// <summary>
/// Ties a command's request to its job: progress on the error stream, results on the output.
/// </summary>
internal sealed class CommandShell(Surroundings surroundings)
{
    /// <summary>The environment's variables; null: not set.</summary>
    public Func<string, string?> Variable => surroundings.Variable;

    /// <summary>
    /// Adds the shared options, and makes reading the request and doing the job the command's action.
    /// </summary>
    /// <param name="command">gets the options and the action</param>
    /// <param name="read">makes the request</param>
    /// <param name="job">does the work</param>
    /// <param name="reportsProgress">the job does, and uses no screen; otherwise it may use one</param>
    public Command Complete<TRequest>(
        Command command, Func<ParseResult, TRequest> read, Job<TRequest> job, bool reportsProgress = true)
    {
        var output = new OutputOptions();
        output.AddTo(command);
        command.SetAction(parse =>
        {
            var mode = output.Read(parse);
            var request = read(parse);
            Print(mode, Work(mode, reportsProgress, (sink, notice) =>
                job(request, new JobContext(sink, notice, surroundings.Clock, surroundings.Cancellation)
                {
                    CommandLine = CommandLine(parse),
                    Log = surroundings.Error,
                    Screen = reportsProgress ? new NoScreen() : CreateScreen(mode),
                })));
            return ExitCode.Success;
        });
        return command;
    }

    private static string CommandLine(ParseResult parse) =>
        string.Join(' ', parse.Tokens.Select(token => Quoted(token.Value)).Prepend("leaps"));

    /// <summary>As a word for the shell.</summary>
    public static string Quoted(string text) => text.Length > 0 && text.All(IsPlain)
        ? text
        : $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static bool IsPlain(char c) => char.IsLetterOrDigit(c) || "-_./=,:@%+".Contains(c);

    // With --json the output is for the object alone.
    private IScreen CreateScreen(OutputMode mode)
    {
        if (mode.Quiet)
            return new NoScreen();
        if (mode.Json)
            return mode.Progress ? new LineScreen(surroundings.Error) : new NoScreen();
        return surroundings.OutputIsTerminal
            ? new LiveScreen(EstimateTable.CreateConsole(surroundings.Output, isTerminal: true))
            : new LineScreen(surroundings.Output);
    }

    private JobResult Work(
        OutputMode mode, bool reportsProgress, Func<IProgressSink, Action<string>, JobResult> work)
    {
        if (mode.Quiet)
            return work(new NoProgress(), _ => { });
        // Even without any bar Spectre.Console would draw over what else comes to the terminal.
        if (!reportsProgress)
            return work(new NoProgress(), surroundings.Error.WriteLine);
        if (surroundings.ErrorIsTerminal)
        {
            // Through the same console, so that notices appear above the bars.
            var console = EstimateTable.CreateConsole(surroundings.Error, isTerminal: true);
            return BarProgress.Run(console, sink => work(sink, console.WriteLine));
        }
        IProgressSink lines = mode.Progress
            ? new LineProgress(surroundings.Error, surroundings.Clock)
            : new NoProgress();
        return work(lines, surroundings.Error.WriteLine);
    }

    private void Print(OutputMode mode, JobResult result)
    {
        try
        {
            Write(mode, result);
        }
        catch (IOException error)
        {
            // The files of the job are complete: only what was to be printed is lost.
            throw new LeapsException(
                $"the output can't be written: {error.Message.ReplaceLineEndings(" ")}", error);
        }
    }

    private void Write(OutputMode mode, JobResult result)
    {
        if (mode.Json)
        {
            surroundings.Output.WriteLine(JsonOutput.Write(result.Json));
            return;
        }
        if (mode.Quiet)
            return;
        EstimateTable.Write(surroundings, result.Estimates);
        var console = EstimateTable.CreateConsole(surroundings.Output, surroundings.OutputIsTerminal);
        foreach (var table in result.Tables)
            console.Write(table.Draw());
        foreach (string line in result.Lines)
            surroundings.Output.WriteLine(line);
    }
}
