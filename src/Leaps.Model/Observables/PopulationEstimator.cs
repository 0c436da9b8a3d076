using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Model.Observables;

/// <summary>
/// Estimates at t = 1 from a weighted population: ⟨v⟩ = Σ_m W_m v(X_m) with W_m = e^{a_m} / Σ e^a, and
/// log Z_1 = log Z_0 + log(Z_t/Z_0 gathered at resamplings) + log mean e^a; every error from families.
/// </summary>
public static class PopulationEstimator
{
    /// <summary>
    /// All estimates. One pass over the states; the result doesn't depend on threads.
    /// </summary>
    /// <param name="target">what the walkers sample at t = 1</param>
    /// <param name="walkers">the population at t = 1, not resampled there</param>
    /// <param name="logNormalizerRatio">
    /// log(Z/Z_0) that the log-weights don't hold: <see cref="AnnealingState.LogNormalizerRatio"/>, or 0 for
    /// the pooled walkers of a <see cref="ReplicaEnsemble"/>
    /// </param>
    /// <param name="multinomialResamplings">how many, for <see cref="Families"/></param>
    /// <exception cref="LeapsException">A log-weight is NaN or +∞, or all are -∞.</exception>
    public static PopulationEstimates Of(
        Target target, Walkers walkers, double logNormalizerRatio, int multinomialResamplings = 0)
    {
        var blocking = new FamilyBlocking(walkers.LogWeights, walkers.Families);
        var measured = new PopulationMeasurements(target, walkers);
        var bins = MagnetisationBins.For(target);
        var values = new double[walkers.Count];
        var logZ = LogZ(target, walkers, logNormalizerRatio, multinomialResamplings);
        var moments = new OrderMoments(target, measured, blocking, values);
        return new PopulationEstimates
        {
            LogZ = logZ,
            FreeEnergyPerSite = new Estimate(-logZ.Value / target.Sites, logZ.StdErr / target.Sites),
            RelativeEss = LogWeights.RelativeEss(walkers.LogWeights),
            FamilyStatistic = Families.Statistic(walkers.LogWeights, walkers.Families),
            SurvivingFamilies = blocking.Families,
            EnergyPerSite = EnergyPerSite(target, measured, blocking, values),
            SpecificHeat = SpecificHeat(target, measured, blocking, values),
            AbsMagnetisation = moments.Absolute,
            MagnetisationSquared = moments.Second,
            BinderCumulant = target is IsingTarget ? moments.Binder : null,
            HistogramEdges = bins.Edges,
            Histogram = Histogram(bins, measured, blocking, values),
            Correlation = Correlation(target, measured, blocking, values),
            TwoPoint = TwoPointFunction.Of(target, walkers, blocking),
        };
    }

    private static Estimate LogZ(Target target, Walkers walkers, double logNormalizerRatio, int resamplings)
    {
        double logMean = LogWeights.LogMeanExp(walkers.LogWeights);
        double variance = Families.LogZVariance(walkers.LogWeights, walkers.Families, resamplings);
        if (resamplings > 0 && variance == 0)
            variance = double.NaN; // the correction ate it all: too few walkers to tell
        return new Estimate(
            target.LogInitialNormalizer + logNormalizerRatio + logMean, Math.Sqrt(variance));
    }

    private static Estimate EnergyPerSite(
        Target target, PopulationMeasurements measured, FamilyBlocking blocking, double[] values)
    {
        for (int m = 0; m < values.Length; m++)
            values[m] = -(double)measured.Bonds[m] / target.Sites;
        return blocking.Mean(values);
    }

    // Var(U)/N = ⟨(U - ⟨U⟩)²⟩/N; its influence is (U - ⟨U⟩)²/N itself, since the derivative by ⟨U⟩ is zero.
    private static Estimate SpecificHeat(
        Target target, PopulationMeasurements measured, FamilyBlocking blocking, double[] values)
    {
        var couplings = target.Schedule.At(1);
        for (int m = 0; m < values.Length; m++)
            values[m] = -(couplings.Bond * measured.Bonds[m] + couplings.Site * measured.Field[m]);
        double mean = blocking.Mean(values).Value;
        for (int m = 0; m < values.Length; m++)
            values[m] = (values[m] - mean) * (values[m] - mean) / target.Sites;
        return blocking.Mean(values);
    }

    private static Estimate[] Histogram(
        MagnetisationBins bins, PopulationMeasurements measured, FamilyBlocking blocking, double[] values)
    {
        var density = new Estimate[bins.Count];
        for (int b = 0; b < density.Length; b++)
        {
            double height = 1 / bins.Width(b);
            for (int m = 0; m < values.Length; m++)
                values[m] = bins.BinOf(measured.Order[m]) == b ? height : 0;
            density[b] = blocking.Mean(values);
            if (density[b].Value == 0)
                density[b] = new Estimate(0, double.NaN); // nobody was there: no spread to learn from
        }
        return density;
    }

    // (q P(x_i = x_{i+r}) - 1)/(q - 1), which for q = 2 is ⟨s_i s_{i+r}⟩.
    private static Estimate[] Correlation(
        Target target, PopulationMeasurements measured, FamilyBlocking blocking, double[] values)
    {
        double q = target.States, sites = target.Sites;
        var correlation = new Estimate[measured.Distances];
        for (int r = 0; r < correlation.Length; r++)
        {
            for (int m = 0; m < values.Length; m++)
                values[m] = (q * measured.PairsInRow[m * measured.Distances + r] / sites - 1) / (q - 1);
            correlation[r] = blocking.Mean(values);
        }
        return correlation;
    }

    // ⟨|m|⟩, ⟨m²⟩ and 1 - ⟨m⁴⟩ / (3⟨m²⟩²).
    private readonly struct OrderMoments
    {
        public OrderMoments(
            Target target, PopulationMeasurements measured, FamilyBlocking blocking, double[] values)
        {
            var m = new double[target.Sites + 1];
            for (int order = 0; order < m.Length; order++)
                m[order] = MagnetisationBins.OrderParameter(target, order);
            int[] orders = measured.Order;
            Absolute = Mean(x => Math.Abs(x));
            Second = Mean(x => x * x);
            double second = Second.Value, fourth = Mean(x => x * x * x * x).Value;
            double byFourth = -1 / (3 * second * second), bySecond = -2 * byFourth * fourth / second;
            double spread = Mean(x => x * x * (bySecond + byFourth * x * x)).StdErr;
            Binder = new Estimate(1 - fourth / (3 * second * second), spread);

            Estimate Mean(Func<double, double> of)
            {
                double[] table = Array.ConvertAll(m, x => of(x));
                for (int k = 0; k < values.Length; k++)
                    values[k] = table[orders[k]];
                return blocking.Mean(values);
            }
        }

        public Estimate Absolute { get; }
        public Estimate Second { get; }
        public Estimate Binder { get; }
    }
}
