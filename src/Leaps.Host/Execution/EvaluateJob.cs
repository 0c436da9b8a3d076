using Leaps.Host.Commands;

namespace Leaps.Host.Execution;

/// <summary>
/// leaps evaluate: samples the target that a model was trained for, without a run directory.
/// </summary>
internal static class EvaluateJob
{
    public static JobResult Run(EvaluateRequest request, JobContext context)
    {
        var source = ModelSource.Open(request.Model);
        var target = source.RequireTarget();
        using var network = DeviceChoice.ForCommand(request.Device, context).CreateNetwork(source.Model);
        var outcome = SamplingRun.Run(target, network, request.Annealing, request.Replicas, context);
        var truth = Truth.Of(target, request.Annealing.Threads, context);
        var result = SamplingSummary.Of(outcome, truth, network, request.Annealing, [], context) with
        {
            Model = request.Model,
        };
        foreach (string warning in result.Warnings)
            context.Notice($"warning: {warning}");
        return new JobResult(result, ResultRows.Table(result),
        [
            $"{TargetDescription.Title(target)}: {TargetDescription.Subtitle(target)}, {result.Network}",
            ResultRows.Cost(result),
        ]);
    }
}
