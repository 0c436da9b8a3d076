using System.CommandLine;
using Leaps.Host.Configuration;

namespace Leaps.Host.Commands.Cluster;

/// <summary>leaps submit [CONFIG]: what leaps run would do here, done by a cluster.</summary>
internal sealed class SubmitCommand
{
    /// <summary>Of a run's name.</summary>
    public const int LongestName = 100;

    private readonly ConfigurationOptions _configuration;
    private readonly ClusterOption _cluster;

    private readonly Option<string?> _name = OptionFactory.Text(
        "--name", "NAME", "What people call the run; without it the configuration's file name.");

    private readonly Option<bool> _onlyTrain = new("--only-train")
    {
        Description = "Train, without sampling.",
    };

    private readonly Option<bool> _wait = new("--wait")
    {
        Description = "Wait for the end of the run, and fetch its files into the run directory.",
    };

    private readonly Option<string?> _id = OptionFactory.Text("--id", "GUID",
        "Identifier of the run; submitting it again changes nothing. Without it a new one.");

    private SubmitCommand(Command command, CommandShell shell)
    {
        _configuration = new ConfigurationOptions(command, required: false);
        _cluster = new ClusterOption(shell.Variable);
        _cluster.AddTo(command);
        foreach (var option in (Option[])[_name, _onlyTrain, _wait, _id])
            command.Options.Add(option);
    }

    public static Command Create(CommandShell shell, Job<SubmitRequest> job)
    {
        var command = new Command("submit", "Give a run to a cluster.");
        var options = new SubmitCommand(command, shell);
        return shell.Complete(command, options.Read, job);
    }

    private SubmitRequest Read(ParseResult parse)
    {
        bool waits = parse.GetValue(_wait), onlyTrains = parse.GetValue(_onlyTrain);
        var run = Guid.NewGuid();
        if (parse.GetValue(_id) is { } id && !Guid.TryParse(id, out run))
            throw new UsageException(
                $"--id must be an identifier such as 6f9619ff-8b86-d011-b42d-00cf4fc964ff, not '{id}'");
        string name = parse.GetValue(_name) ?? DefaultName(_configuration.FileOf(parse));
        if (name.Length is < 1 or > LongestName || !name.All(IsPlain))
            throw new UsageException($"--name must be 1 to {LongestName} of A-Z a-z 0-9 . _ -, not '{name}'");
        var cluster = _cluster.Read(parse);
        var request = waits ? _configuration.Read(parse) : _configuration.ReadAlone(parse);
        request = onlyTrains ? TrainCommand.WithTraining(request) : RunCommand.CheckModel(request);
        return new SubmitRequest(cluster, request.Configuration, run, name, onlyTrains, waits);
    }

    private static string DefaultName(string? file)
    {
        string name = file is null ? ExampleConfiguration.Name : Path.GetFileNameWithoutExtension(file);
        string plain = string.Concat(name.Select(c => IsPlain(c) ? c : '-'));
        return plain.Length > LongestName ? plain[..LongestName] : plain;
    }

    private static bool IsPlain(char c) => char.IsAsciiLetterOrDigit(c) || "._-".Contains(c);
}
