using System.CommandLine;
using Leaps.Model;
using Leaps.Model.Training;

namespace Leaps.Host.Commands;

/// <summary>leaps train CONFIG: train the network, without sampling.</summary>
internal static class TrainCommand
{
    public static Command Create(CommandShell shell, Job<RunRequest> job)
    {
        var command = new Command(
            "train", "Train the network of a configuration and write a run directory with the model.");
        var options = new ConfigurationOptions(command, required: true);
        return shell.Complete(command, parse => WithTraining(options.Read(parse)), job);
    }

    /// <summary>Asked to train, a configuration without 'train' is trained with the defaults.</summary>
    /// <exception cref="LeapsException">It has no network.</exception>
    public static RunRequest WithTraining(RunRequest request)
    {
        if (request.Configuration.Network is null)
            throw new LeapsException(
                "there is nothing to train: add 'network' with its kernels to the configuration");
        return request.Configuration.Train is not null
            ? request
            : request with { Configuration = request.Configuration with { Train = new TrainingOptions() } };
    }
}
