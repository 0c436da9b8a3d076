using Leaps.Host.Commands;
using Leaps.Host.Configuration;

namespace Leaps.Host.Execution;

/// <summary>
/// leaps train: trains and writes the run directory with config.yaml, metrics.csv and model.safetensors.
/// </summary>
internal static class TrainJob
{
    public static JobResult Run(RunRequest request, JobContext context)
    {
        var configuration = request.Configuration;
        var target = configuration.Target.CreateTarget();
        var network = PreparedNetwork.Of(configuration, target)!;
        using var directory = RunDirectory.Create(configuration.Output);
        directory.WriteText(RunDirectory.Configuration, ConfigurationWriter.Write(configuration));
        var result = new TrainingRun(
            target, network.Model, network.Device, configuration.Training!, directory, context).Run();
        return new JobResult(result, [], [ResultRows.Training(result), $"model: {result.Model}"]);
    }
}
