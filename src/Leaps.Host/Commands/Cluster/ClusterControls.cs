using System.CommandLine;
using System.Globalization;
using Leaps.Actors.Protocol;
using Leaps.Host.Configuration;
using Ask = Leaps.Actors.Protocol.ClusterRequest.Types.Command;

namespace Leaps.Host.Commands.Cluster;

/// <summary>What leaps ctl can do with a cluster alone: list, watch, drain, scale, fetch and so on.</summary>
internal sealed class ClusterControls(CommandShell shell, ClusterJobs jobs)
{
    private static readonly TimeSpan ShortestInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestInterval = TimeSpan.FromHours(1);

    public IEnumerable<Command> Create()
    {
        if (jobs.Ask is { } ask)
        {
            yield return Plain(ask, "list", "Cluster: its runs and nodes.", [], _ => new ClusterRequest
            {
                Command = Ask.List,
            });
            yield return OfNode(ask, "drain", "Cluster: let the actors of a node leave it.", Ask.Drain);
            yield return OfNode(ask, "undrain", "Cluster: let a node take actors again.", Ask.Undrain);
            yield return CreateScale(ask);
            var run = Run();
            yield return Plain(ask, "forget", "Cluster: delete a run that is "
                + "over, with all that is stored of it.",
                [run], parse => new ClusterRequest
                {
                    Command = Ask.Forget,
                    Run = parse.GetRequiredValue(run),
                });
        }
        if (jobs.Watch is { } watch)
            yield return CreateWatch(watch);
        if (jobs.Fetch is { } fetch)
            yield return CreateFetch(fetch);
        if (jobs.DeadLetters is { } letters)
            yield return CreateDeadLetters(letters);
    }

    private static Argument<string> Run() => new("RUN") { Description = "A run: its name or identifier." };

    private Command OfNode(Job<AskRequest> job, string name, string description, Ask ask)
    {
        var node = new Argument<string>("NODE") { Description = "A node: its name." };
        return Plain(job, name, description, [node], parse => new ClusterRequest
        {
            Command = ask,
            Key = parse.GetRequiredValue(node),
        });
    }

    private Command CreateScale(Job<AskRequest> job)
    {
        var run = Run();
        var nodes = new Argument<string>("N") { Description = "Nodes that it may use; 0 means all." };
        return Plain(job, "scale", "Cluster: how many nodes a run may use.", [run, nodes], parse =>
        {
            string text = parse.GetRequiredValue(nodes);
            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
                throw new UsageException($"N must be a number of nodes, 0 or more, not '{text}'");
            return new ClusterRequest
            {
                Command = Ask.Scale,
                Run = parse.GetRequiredValue(run),
                Value = number.ToString(CultureInfo.InvariantCulture),
            };
        });
    }

    private Command Plain(Job<AskRequest> job, string name, string description, Argument[] arguments,
        Func<ParseResult, ClusterRequest> read)
    {
        var (command, cluster) = Begin(name, description, arguments);
        return shell.Complete(command, parse =>
        {
            var request = read(parse);
            return new AskRequest(cluster.Read(parse), request);
        }, job);
    }

    private Command CreateWatch(Job<WatchRequest> job)
    {
        var run = new Argument<string?>("RUN")
        {
            Description = "A run: its name or identifier; without it everything, until Ctrl-C.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var interval = OptionFactory.Text("--interval", "TIME", "From one look to the next (default 1s).");
        var (command, cluster) = Begin("watch", "Cluster: show what goes on, until the run ends.", [run]);
        command.Options.Add(interval);
        return shell.Complete(command, parse =>
        {
            var time = TimeSpan.FromSeconds(1);
            if (parse.GetValue(interval) is { } text && (!Duration.TryParse(text, out time)
                || time < ShortestInterval || time > LongestInterval))
                throw new UsageException($"--interval must be {Duration.Expected}, 100ms to 1h, not "
                    + $"'{text}'");
            return new WatchRequest(cluster.Read(parse), parse.GetValue(run), time);
        }, job, reportsProgress: false);
    }

    private Command CreateFetch(Job<FetchRequest> job)
    {
        var run = Run();
        var files = new Argument<string[]>("FILE")
        {
            Description = "Files of it, such as samples.npz; without them all.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var output = OptionFactory.Text("--output", "DIR", "Where they go (default runs/RUN).");
        var (command, cluster) = Begin("fetch", "Cluster: bring the files of a run here.", [run, files]);
        command.Options.Add(output);
        return shell.Complete(command, parse =>
        {
            string name = parse.GetRequiredValue(run);
            string directory = parse.GetValue(output)
                ?? "runs/" + string.Concat(name.Select(c => c is '/' or '\\' ? '-' : c));
            return new FetchRequest(cluster.Read(parse), name, directory, parse.GetValue(files) ?? []);
        }, job);
    }

    private Command CreateDeadLetters(Job<DeadLettersRequest> job)
    {
        var action = new Argument<string?>("ACTION")
        {
            Description = "list (default), retry: deliver them again, or purge: throw them away.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var run = new Argument<string?>("RUN")
        {
            Description = "A run: its name or identifier; without it all of them.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var (command, cluster) =
            Begin("dead-letters", "Cluster: messages that nobody could handle.", [action, run]);
        return shell.Complete(command, parse =>
        {
            string text = parse.GetValue(action) ?? Choice.NameOf(DeadLettersAction.List);
            if (!Choice.TryParse(text, out DeadLettersAction chosen))
                throw new UsageException($"ACTION must be one of "
                    + $"{string.Join(", ", Choice.Names<DeadLettersAction>())}, not '{text}'");
            return new DeadLettersRequest(cluster.Read(parse), chosen, parse.GetValue(run));
        }, job);
    }

    private (Command Command, ClusterOption Cluster) Begin(
        string name, string description, Argument[] arguments)
    {
        var command = new Command(name, description);
        foreach (var argument in arguments)
            command.Arguments.Add(argument);
        var cluster = new ClusterOption(shell.Variable);
        cluster.AddTo(command);
        return (command, cluster);
    }
}
