using System.CommandLine;
using Leaps.Host.Configuration;
using Leaps.Model;

namespace Leaps.Host.Commands;

/// <summary>leaps sample CONFIG: sample with a trained model, or with MCMC only.</summary>
internal static class SampleCommand
{
    public static Command Create(CommandShell shell, Job<RunRequest> job)
    {
        var command = new Command(
            "sample", "Sample with a trained model, or without a network, and write a run directory.");
        var options = new ConfigurationOptions(command, required: true);
        var model =
            OptionFactory.Text("--model", "FILE", "The model, instead of the configuration's network.model.");
        command.Options.Add(model);
        return shell.Complete(command, parse =>
        {
            IEnumerable<Override> more = parse.GetValue(model) is { } file
                ? [Override.Text("network.model", "--model", file)] : [];
            return WithoutTraining(options.Read(parse, more));
        }, job);
    }

    private static RunRequest WithoutTraining(RunRequest request)
    {
        if (request.Configuration is { Network: not null, Network.Model: null })
            throw new LeapsException(
                "the network is untrained: give --model or network.model, or train it with leaps run");
        return request with { Configuration = request.Configuration with { Train = null } };
    }
}
