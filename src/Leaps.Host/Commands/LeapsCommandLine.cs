using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Reflection;
using Leaps.Host.Commands.Cluster;
using Leaps.Host.Terminal;
using Leaps.Model;

namespace Leaps.Host.Commands;

/// <summary>The program: its commands, and what becomes of every error.</summary>
public static class LeapsCommandLine
{
    private const string Debug = "--debug";

    /// <summary>
    /// Runs one command line and gives the exit code, <see cref="ExitCode"/>. Throws nothing.
    /// </summary>
    public static int Run(IReadOnlyList<string> arguments, Jobs jobs, Surroundings surroundings)
    {
        try
        {
            var root = Create(jobs, surroundings);
            var parse = root.Parse(arguments, new ParserConfiguration
            {
                EnablePosixBundling = false,
                ResponseFileTokenReplacer = null,
            });
            if (arguments.Count == 0)
            {
                root.Parse("--help").Invoke(new InvocationConfiguration { Output = surroundings.Error });
                return ExitCode.Usage;
            }
            bool onlyInforms = parse.Action is HelpWithExitCodes or PrintVersion
                || root.Directives.Any(directive => parse.GetResult(directive) is not null);
            if (!onlyInforms && UsageErrors.Find(parse) is { } error)
                throw new UsageException(error);
            return parse.Invoke(new InvocationConfiguration
            {
                Output = surroundings.Output,
                Error = surroundings.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            });
        }
        catch (Exception error)
        {
            return Explain(Unwrap(error), surroundings, arguments.Contains(Debug));
        }
    }

    /// <summary>The commands whose job is given.</summary>
    public static RootCommand Create(Jobs jobs, Surroundings surroundings)
    {
        var root = new RootCommand(
            "Parallel annealing with learned rates: weighted samples of lattice models, and their log Z.");
        root.Options.Add(
            new Option<bool>(Debug) { Description = "Print the stack trace of an error.", Recursive = true });
        root.Options.OfType<VersionOption>().Single().Action = new PrintVersion();
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExitCodes((HelpAction)help.Action!);

        var shell = new CommandShell(surroundings);
        Add(jobs.Run, RunCommand.Create);
        Add(jobs.Train, TrainCommand.Create);
        Add(jobs.Sample, SampleCommand.Create);
        Add(jobs.Resume, ResumeCommand.Create);
        if (jobs.Control is not null || jobs.Cluster?.Ask is not null)
            root.Subcommands.Add(ControlCommand.Create(shell, jobs));
        Add(jobs.Cluster?.Submit, SubmitCommand.Create);
        Add(jobs.Cluster?.Node, NodeCommand.Create);
        Add(jobs.Evaluate, EvaluateCommand.Create);
        Add(jobs.Import, ImportCommand.Create);
        Add(jobs.Exact, ExactCommand.Create);
        Add(jobs.Rates, RatesCommand.Create);
        Add(jobs.Report, ReportCommand.Create);
        return root;

        void Add<TRequest>(Job<TRequest>? job, Func<CommandShell, Job<TRequest>, Command> create)
        {
            if (job is not null)
                root.Subcommands.Add(create(shell, job));
        }
    }

    private static int Explain(Exception error, Surroundings surroundings, bool debug)
    {
        var (code, message) = error switch
        {
            UsageException => (ExitCode.Usage, error.Message),
            LeapsException => (ExitCode.Error, error.Message),
            InterruptedRunException => (ExitCode.Interrupted, error.Message),
            OperationCanceledException when surroundings.Cancellation.IsCancellationRequested =>
                (ExitCode.Interrupted, "interrupted"),
            _ => (ExitCode.Defect,
                $"{error.GetType().Name}: {error.Message.ReplaceLineEndings(" ")} "
                + "(a defect of leaps; run again with --debug for the stack trace)"),
        };
        surroundings.Error.WriteLine($"leaps: {message}");
        if (debug)
            surroundings.Error.WriteLine(error);
        return code;
    }

    // Work on several threads wraps what they threw.
    private static Exception Unwrap(Exception error)
    {
        while (error is AggregateException { InnerExceptions: [var first, ..] } aggregate)
            error = aggregate.InnerExceptions.FirstOrDefault(inner => inner is LeapsException) ?? first;
        return error;
    }

    private sealed class HelpWithExitCodes(HelpAction inner) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            if (parseResult.CommandResult.Command is not RootCommand root)
                return inner.Invoke(parseResult);
            var configuration = parseResult.InvocationConfiguration;
            var output = configuration.Output;
            var text = new StringWriter { NewLine = output.NewLine };
            configuration.Output = text;
            int code = inner.Invoke(parseResult);
            configuration.Output = output;
            output.Write(WithOptionalArguments(text.ToString(), root));
            output.WriteLine(ExitCode.Help);
            return code;
        }

        // The list of commands shows every argument as if it were required.
        private static string WithOptionalArguments(string help, RootCommand root)
        {
            foreach (var command in root.Subcommands)
            {
                foreach (var argument in command.Arguments.Where(a => a.Arity.MinimumNumberOfValues == 0))
                {
                    help = help.Replace($"  {command.Name} <{argument.Name}>",
                        $"  {command.Name} [{argument.Name}]", StringComparison.Ordinal);
                }
            }
            return help;
        }
    }

    private sealed class PrintVersion : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            string version = typeof(LeapsCommandLine).Assembly
                .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
            parseResult.InvocationConfiguration.Output.WriteLine($"leaps {version.Split('+')[0]}");
            return ExitCode.Success;
        }
    }
}
