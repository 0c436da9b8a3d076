using Leaps.Model.GroundTruth;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Model.Tests.Sampling;

/// <summary>A mean of independent numbers against the exact one.</summary>
/// <param name="Mean">the mean</param>
/// <param name="StdErr">its standard error</param>
/// <param name="Exact">what it should be</param>
internal readonly record struct Score(double Mean, double StdErr, double Exact)
{
    public double Z => (Mean - Exact) / StdErr;

    public static Score Of(IReadOnlyCollection<double> values, double exact)
    {
        double mean = values.Average();
        double variance = values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1);
        return new Score(mean, Math.Sqrt(variance / values.Count), exact);
    }

    public override string ToString() => FormattableString.Invariant(
        $"{Mean:G6} ± {StdErr:G2}, exact {Exact:G6}, z = {Z:F2}");
}

/// <summary>Scores of a weighted population at t = 1 against enumeration.</summary>
internal static class Scores
{
    /// <summary>Z_1/Z_0 by the mean of e^a over independent walkers, in units of the exact one.</summary>
    public static Score Normalizer(Target target, ReadOnlySpan<double> logWeights)
    {
        double exact = Enumeration.At(target, 1).LogNormalizer - target.LogInitialNormalizer;
        var ratios = new double[logWeights.Length];
        for (int m = 0; m < ratios.Length; m++)
            ratios[m] = Math.Exp(logWeights[m] - exact);
        return Score.Of(ratios, 1);
    }

    /// <summary>Σ w f / Σ w over independent walkers, the error by linearisation.</summary>
    public static Score Weighted(Walkers walkers, Func<byte[], double> observable, double exact)
    {
        double[] weights = LogWeights.Normalised(walkers.LogWeights);
        var values = new double[walkers.Count];
        double mean = 0, variance = 0;
        for (int m = 0; m < values.Length; m++)
            mean += weights[m] * (values[m] = observable(walkers.State(m).ToArray()));
        for (int m = 0; m < values.Length; m++)
            variance += weights[m] * weights[m] * (values[m] - mean) * (values[m] - mean);
        return new Score(mean, Math.Sqrt(variance), exact);
    }

    public static double EnergyPerSite(Target target, ReadOnlySpan<byte> state) =>
        -(double)target.Statistics(state).Bonds / target.Sites;

    /// <summary>|Σ s_i| / N, or (q max_v n_v / N - 1) / (q - 1).</summary>
    public static double OrderParameter(Target target, byte[] state)
    {
        if (target is IsingTarget)
            return Math.Abs(state.Sum(x => 2 * x - 1)) / (double)target.Sites;
        int largest = Enumerable.Range(0, target.States).Max(v => state.Count(x => x == v));
        return ((double)target.States * largest / target.Sites - 1) / (target.States - 1);
    }
}
