using System.CommandLine;

namespace Leaps.Host.Commands;

/// <summary>leaps run [CONFIG]: train if needed, sample, report.</summary>
internal static class RunCommand
{
    public static Command Create(CommandShell shell, Job<RunRequest> job)
    {
        var command =
            new Command("run", "Train if the configuration says so, sample, and write a run directory.");
        var options = new ConfigurationOptions(command, required: false);
        return shell.Complete(command, parse => CheckModel(options.Read(parse)), job);
    }

    /// <summary>A network must come from somewhere: from training, or from a file.</summary>
    /// <exception cref="Model.LeapsException">The network comes from nowhere.</exception>
    public static RunRequest CheckModel(RunRequest request)
    {
        if (request.Configuration is { Network.Model: null, Network: not null, Train: null })
            throw new Model.LeapsException(
                "the network is neither trained nor read: add 'train', or network.model with a model file");
        return request;
    }
}
