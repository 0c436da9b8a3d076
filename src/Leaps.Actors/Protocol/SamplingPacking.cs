using Leaps.Model;
using Leaps.Model.Sampling;
using Kernel = Leaps.Actors.Protocol.SamplingOptions.Types.Kernel;
using Scheme = Leaps.Actors.Protocol.SamplingOptions.Types.Scheme;
using WireIntegrator = Leaps.Actors.Protocol.SamplingOptions.Types.Integrator;

namespace Leaps.Actors.Protocol;

/// <summary>
/// A sampling task and what groups tell of their weights, to messages and back, bit by bit; but -0 becomes 0.
/// </summary>
public static class SamplingPacking
{
    public static SamplingSpecification ToMessage(SamplingTask task)
    {
        var options = task.Options;
        return new SamplingSpecification
        {
            Target = TargetPacking.ToMessage(task.Target),
            Options = new SamplingOptions
            {
                Seed = options.Seed,
                Integrator = options.Integrator == IntegratorKind.Exact
                    ? WireIntegrator.Exact : WireIntegrator.Euler,
                Kernel = (Kernel)options.Mcmc.Kernel,
                Sweeps = options.Mcmc.Sweeps,
                Moves = options.Mcmc.Moves,
                Rate = options.Mcmc.Rate,
                Threshold = options.ResamplingThreshold,
                Scheme = (Scheme)(options.Resampling + 1),
            },
            Times = { task.Times },
            Replicas = task.Replicas,
            Walkers = options.Walkers,
            Groups = task.Groups,
            Parameters = task.Parameters,
            Device = task.Device,
            RunAhead = task.RunAhead,
            TargetStandardError = task.TargetStandardError,
        };
    }

    /// <exception cref="ProtocolException">The message describes no sampling.</exception>
    public static SamplingTask ToTask(SamplingSpecification message)
    {
        var options = message.Options;
        try
        {
            var annealing = new AnnealerOptions
            {
                Walkers = message.Walkers,
                Windows = message.Times.Count - 1,
                Groups = message.Groups,
                Integrator = options.Integrator == WireIntegrator.Exact
                    ? IntegratorKind.Exact : IntegratorKind.Euler,
                ResamplingThreshold = options.Threshold,
                Resampling = (ResamplingScheme)(options.Scheme - 1),
                Seed = options.Seed,
                Mcmc = new McmcOptions
                {
                    Kernel = (McmcKernelKind)options.Kernel,
                    Sweeps = options.Sweeps,
                    Moves = options.Moves,
                    Rate = options.Rate,
                },
            };
            double[] times = [.. message.Times];
            return new SamplingTask(
                TargetPacking.ToTarget(message.Target), annealing, times, message.Replicas)
            {
                RunAhead = message.RunAhead,
                TargetStandardError = message.TargetStandardError,
                Parameters = message.Parameters,
                Device = message.Device,
            };
        }
        catch (LeapsException error)
        {
            throw new ProtocolException($"sampling: {error.Message}", error);
        }
    }

    public static GroupWeights ToMessage(GroupStatistics group, IntegrationCost cost) => new()
    {
        Count = group.Weight.Count,
        MaxLogWeight = group.Weight.Max,
        Sum = group.Weight.Sum,
        SumOfSquares = group.Weight.SumOfSquares,
        FirstFamily = group.Families.First,
        LastFamily = group.Families.Last,
        FirstFamilySum = group.Families.FirstSum,
        LastFamilySum = group.Families.LastSum,
        InnerSquares = group.Families.InnerSquares,
        Evaluations = cost.Evaluations,
        Jumps = cost.Jumps,
    };

    public static GroupStatistics ToStatistics(GroupWeights message) => new(
        new GroupWeight(message.Count, message.MaxLogWeight, message.Sum, message.SumOfSquares),
        new GroupFamilies(message.FirstFamily, message.LastFamily, message.FirstFamilySum,
            message.LastFamilySum, message.InnerSquares));

    public static GroupScale ToMessage(Model.Sampling.GroupScale scale) =>
        new() { Slots = scale.Slots, Scale = scale.Scale, Total = scale.Total };

    public static Model.Sampling.GroupScale ToScale(GroupScale message) =>
        new(message.Slots, message.Scale, message.Total);

    public static PointRange ToMessage(Model.Sampling.PointRange points) => new()
    {
        Of = points.Of,
        First = points.First,
        Count = points.Count,
        SpacingsBefore = points.SpacingsBefore,
        Spacings = points.Spacings,
    };

    public static Model.Sampling.PointRange ToPoints(PointRange message) =>
        new(message.Of, message.First, message.Count, message.SpacingsBefore, message.Spacings);
}

/// <summary>A whole sampling (leaps.proto).</summary>
public sealed partial class SamplingSpecification
{
    private SamplingTask? _task;

    /// <summary>Made once, so that the groups of one process share it.</summary>
    internal SamplingTask Task => _task ??= SamplingPacking.ToTask(this);
}
