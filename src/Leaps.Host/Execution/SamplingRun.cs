using System.Globalization;
using Leaps.Host.Commands;
using Leaps.Host.Report;
using Leaps.Model.Devices;
using Leaps.Model.GroundTruth;
using Leaps.Model.Observables;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Host.Execution;

/// <summary>The pooled replicas of one sampling, and what they say.</summary>
internal sealed record SamplingOutcome(
    Target Target, EnsembleResult Ensemble, PopulationEstimates Estimates, double Seconds)
{
    public Walkers Walkers => Ensemble.Walkers;

    /// <summary>Walkers · windows of this process, in <see cref="Seconds"/>.</summary>
    public required double WalkerSteps { get; init; }

    /// <summary>In force at the end.</summary>
    public required double Threshold { get; init; }

    /// <summary>Why it ended before all was done; empty where all is.</summary>
    public string Cause { get; init; } = "";

    /// <summary>The path, t = 0 included.</summary>
    public WindowSeries Windows()
    {
        var exact = new ExactLogNormalizer(Target);
        double[] times = [0, .. Ensemble.Windows.Select(window => window.Window.End)];
        double[] known = [.. times.Select(t => exact.At(t) ?? double.NaN)];
        return new WindowSeries
        {
            T = times,
            RelativeEss = [1, .. Ensemble.Windows.Select(window => window.RelativeEss)],
            LogZ = [Target.LogInitialNormalizer, .. Ensemble.Windows.Select(window => window.LogZ)],
            LogZStdErr = [0, .. Ensemble.Windows.Select(window => window.LogZStdErr)],
            // log Z_0 is always known; alone it is nothing to compare with.
            LogZExact = known.Skip(1).All(double.IsNaN) ? null : known,
            Resampled = [false, .. Ensemble.Windows.Select(window => window.Resampled.Length > 0)],
            Threshold = Threshold,
        };
    }
}

/// <summary>Runs the replicas one after the other, with progress and without a journal.</summary>
internal static class SamplingRun
{
    /// <exception cref="OperationCanceledException">Interrupted.</exception>
    /// <exception cref="Leaps.Model.LeapsException">
    /// An option is wrong, the network does not fit, or a weight is not finite.
    /// </exception>
    public static SamplingOutcome Run(
        Target target, RateNetwork? network, AnnealerOptions options, int replicas, JobContext context)
    {
        long start = context.Clock.GetTimestamp();
        double Seconds() => context.Clock.GetElapsedTime(start).TotalSeconds;
        using var ensemble = new ReplicaEnsemble(
            target, network, options, replicas, cancellation: context.Cancellation);
        long done = 0, total = (long)ensemble.Windows * replicas;
        context.Progress.Report("sample", 0, total, "");
        var result = ensemble.Run((_, window) =>
        {
            done++;
            double rate = done * (double)options.Walkers / Math.Max(Seconds(), 1e-9);
            context.Progress.Report("sample", done, total, string.Create(CultureInfo.InvariantCulture,
                $"{rate:N0} walker steps/s, relative ESS {window.RelativeEss:F3}"));
        }, context.Cancellation);
        double seconds = Seconds();
        var estimates = PopulationEstimator.Of(
            target, result.Walkers, 0, result.MultinomialResamplings);
        return new SamplingOutcome(target, result, estimates, seconds)
        {
            WalkerSteps = done * (double)options.Walkers,
            Threshold = options.ResamplingThreshold,
        };
    }
}
