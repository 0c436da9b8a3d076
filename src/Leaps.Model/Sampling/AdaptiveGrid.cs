using Leaps.Model.Devices;
using Leaps.Model.Random;
using Leaps.Model.Targets;

namespace Leaps.Model.Sampling;

/// <summary>
/// Chooses a grid so that the increment of the log-weights in each window keeps the relative ESS asked for:
/// from t, the next time is found by bisection on the predicted increment
/// -(U_{t'} - U_t)(x) + (t' - t) (λ_f - λ_b)_t(x) over the walkers of a pilot run.
/// </summary>
/// <remarks>
/// The pilot has a seed of its own and the run then uses the grid as given, so that log Z stays unbiased.
/// </remarks>
internal static class AdaptiveGrid
{
    private const int FewestPilotWalkers = 32, MostPilotWalkers = 512;
    private const int Bisections = 40;

    public static double[] Choose(
        Target target, RateNetwork? network, AnnealerOptions options, CancellationToken cancellation)
    {
        var pilot = options with
        {
            Walkers = Math.Clamp(options.Walkers, FewestPilotWalkers, MostPilotWalkers),
            Seed = RandomStream.DeriveSeed(options.Seed, RandomPurpose.GridPilot, 0),
            Integrator = IntegratorKind.Exact,
        };
        using var mover = new PopulationMover(target, network, pilot);
        using var evaluator = network?.CreateEvaluator();
        var walkers = Walkers.Uniform(target, pilot.Walkers, pilot.Seed);
        var times = new List<double> { 0 };
        while (times[^1] < 1)
        {
            if (times.Count > options.Windows)
                throw new LeapsException(
                    $"The adaptive grid reached only t = {times[^1]:G4} in {options.Windows} windows: "
                    + "allow more windows, lower the grid-target, or train longer.");
            double next = Next(target, evaluator, walkers, times[^1], options.GridTarget, cancellation);
            var window = new TimeWindow(times.Count - 1, times[^1], next);
            mover.ApplyMcmc(walkers, window, cancellation);
            mover.Integrate(walkers, window, cancellation);
            var stream = new RandomStream(pilot.Seed, RandomPurpose.Resampling, step: window.Index);
            walkers.TakeAncestors(
                Resampling.Ancestors(ResamplingScheme.Systematic, walkers.LogWeights, ref stream));
            times.Add(next);
        }
        return [.. times];
    }

    private static double Next(Target target, RateEvaluator? evaluator, Walkers walkers, double t,
        double goal, CancellationToken cancellation)
    {
        var corrector = Correctors(target, evaluator, walkers, t, cancellation);
        if (Predicted(1) >= goal) return 1;
        double low = t, high = 1;
        for (int k = 0; k < Bisections; k++)
        {
            double middle = 0.5 * (low + high);
            if (Predicted(middle) >= goal) low = middle;
            else high = middle;
        }
        return low > t ? low : high;

        double Predicted(double next)
        {
            var from = target.Schedule.At(t);
            var to = target.Schedule.At(next);
            var increments = new double[walkers.Count];
            for (int m = 0; m < increments.Length; m++)
            {
                var (bonds, field) = target.Statistics(walkers.State(m));
                increments[m] =
                    (to.Bond - from.Bond) * bonds + (to.Site - from.Site) * field + (next - t) * corrector[m];
            }
            return LogWeights.RelativeEss(increments);
        }
    }

    // λ_f - λ_b at time t, (walkers)
    private static double[] Correctors(
        Target target, RateEvaluator? evaluator, Walkers walkers, double t, CancellationToken cancellation)
    {
        var correctors = new double[walkers.Count];
        if (evaluator == null) return correctors;
        var outputs = new float[target.Outputs];
        var levels = new byte[target.Outputs];
        var factors = new double[target.Levels];
        RateMatrix.BoltzmannFactors(target, t, factors);
        for (int m = 0; m < walkers.Count; m++)
        {
            cancellation.ThrowIfCancellationRequested();
            evaluator.Evaluate(walkers.State(m), 1, t, outputs);
            target.LocalLevels(walkers.State(m), levels);
            correctors[m] = RateMatrix.Totals(outputs, levels, factors).Corrector;
        }
        return correctors;
    }
}
