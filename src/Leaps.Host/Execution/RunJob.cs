using Leaps.Host.Commands;
using Leaps.Host.Configuration;
using Leaps.Host.Terminal;
using Leaps.Model;
using Leaps.Model.Sampling;
using Leaps.Model.Sampling.Mcmc;
using Leaps.Model.Storage;
using Leaps.Model.Targets;

namespace Leaps.Host.Execution;

/// <summary>
/// leaps run and leaps sample: trains where the configuration says so, samples, and writes the run directory:
/// config.yaml, metrics.csv and model.safetensors (training), windows.csv, samples.npz, result.json,
/// report.html.
/// </summary>
internal static class RunJob
{
    public static JobResult Run(RunRequest request, JobContext context)
    {
        var configuration = request.Configuration;
        var target = configuration.Target.CreateTarget();
        var network = PreparedNetwork.Of(configuration, target);
        CheckSampling(target, network, configuration.Annealing);

        using var directory = RunDirectory.Create(configuration.Output);
        directory.WriteText(RunDirectory.Configuration, ConfigurationWriter.Write(configuration));
        TrainingResult? training = null;
        if (network is not null && configuration.Training is { } options)
            training =
                new TrainingRun(target, network.Model, network.Device, options, directory, context).Run();
        try
        {
            return Sample(configuration, target, network, training, directory, context);
        }
        catch (Exception error) when (
            training is not null && error is OperationCanceledException or LeapsException)
        {
            string cause = error is OperationCanceledException ? "interrupted while" : "failed in";
            context.Notice(
                $"{cause} sampling; kept: {training!.Model}; to sample with it: leaps sample "
                + $"{directory.PathOf(RunDirectory.Configuration)} --model {training.Model} --output DIR");
            throw;
        }
    }

    // What the sampling would refuse is refused before a long training. An adaptive grid is chosen later.
    private static void CheckSampling(Target target, PreparedNetwork? network, AnnealerOptions options)
    {
        var annealer = new Annealer(target, network?.Device, options with { Grid = TimeGridKind.Uniform });
        if (McmcKernel.Create(options.Mcmc, target) is not { } kernel)
            return;
        foreach (double time in annealer.Times)
            kernel.Prepare(time);
    }

    private static JobResult Sample(RunConfiguration configuration, Target target, PreparedNetwork? network,
        TrainingResult? training, RunDirectory directory, JobContext context)
    {
        var options = configuration.Annealing;
        int replicas = configuration.Sample.Replicas;
        var outcome = SamplingRun.Run(target, network?.Device, options, replicas, context);
        var truth = Truth.Of(target, options.Threads, context);
        var result = SamplingSummary.Of(
            outcome, truth, network?.Device, options, network?.Warnings ?? [], context) with
        {
            Training = training,
            Model = training?.Model ?? configuration.Network?.Model,
            Output = directory.Path,
        };
        context.Cancellation.ThrowIfCancellationRequested();
        WindowsFile.Write(directory, outcome.Windows(options.ResamplingThreshold));
        SamplesFile.Write(directory.PathOf(RunDirectory.Samples), target, outcome.Walkers);
        directory.WriteText(RunDirectory.Result, JsonOutput.Write(result) + "\n");
        ReportBuilder.Write(directory, configuration);
        foreach (string warning in result.Warnings)
            context.Notice($"warning: {warning}");
        return new JobResult(result, ResultRows.Table(result), Lines(result, directory));
    }

    private static List<string> Lines(SamplingResult result, RunDirectory directory)
    {
        List<string> lines = [ResultRows.Cost(result)];
        if (result.Training is { } training)
        {
            lines.Add(ResultRows.Training(training));
            lines.Add($"model:   {training.Model}");
        }
        lines.Add($"samples: {directory.PathOf(RunDirectory.Samples)}");
        lines.Add($"report:  {directory.PathOf(RunDirectory.Report)}");
        return lines;
    }
}
