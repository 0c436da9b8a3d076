using Leaps.Model.Sampling;

namespace Leaps.Model.Observables;

/// <summary>
/// Weighted averages θ = Σ_m W_m v_m over a population, with standard errors from blocking over families:
/// walkers with a common initial ancestor are correlated, families are not.
/// </summary>
/// <remarks>
/// With S_f = Σ_{m in f} W_m (v_m - θ) the first-order variance of the ratio is Σ_f S_f². Since θ leans
/// towards heavy families their deviations come out too small; leaving out family f moves θ by exactly
/// -S_f / (1 - W_f), and the delete-one jackknife
/// Var θ = (F - 1)/F Σ_f (S_f / (1 - W_f))² makes up for it; with equal W_f it is F/(F - 1) Σ_f S_f².
/// Sources: A. Lee, N. Whiteley, "Variance estimation in the particle filter", Biometrika 2018;
/// B. Efron, C. Stein, "The jackknife estimate of variance", Annals of Statistics 1981.
/// </remarks>
public sealed class FamilyBlocking
{
    private readonly double[] _weights; // (walkers)
    private readonly int[] _family;     // (walkers), 0 … families - 1
    private readonly double[] _others;  // 1 - W_f, (families)
    private readonly double[] _sums;    // S_f, (families)

    /// <param name="logWeights">(walkers)</param>
    /// <param name="families">(walkers), in any order; equal numbers are one family</param>
    /// <exception cref="LeapsException">A log-weight is NaN or +∞, or all are -∞.</exception>
    public FamilyBlocking(ReadOnlySpan<double> logWeights, ReadOnlySpan<int> families)
    {
        _weights = LogWeights.Normalised(logWeights);
        double total = 0;
        foreach (double weight in _weights)
            total += weight;
        _family = new int[families.Length];
        var seen = new Dictionary<int, int>();
        for (int m = 0; m < families.Length; m++)
        {
            _weights[m] /= total;
            if (m > 0 && families[m] == families[m - 1])
                _family[m] = _family[m - 1];
            else if (!seen.TryGetValue(families[m], out _family[m]))
                seen.Add(families[m], _family[m] = seen.Count);
        }
        _sums = new double[seen.Count];
        _others = new double[seen.Count];
        for (int m = 0; m < families.Length; m++)
            _sums[_family[m]] += _weights[m];
        for (int f = 0; f < _sums.Length; f++)
        {
            if (_sums[f] > 0)
                Families++;
            _others[f] = Math.Max(0, 1 - _sums[f]);
        }
    }

    /// <summary>Families with a weight above zero.</summary>
    public int Families { get; }

    /// <summary>
    /// θ and its standard error, NaN where only one family is left. A function g of several averages θ_k has
    /// the standard error of the average of Σ_k ∂g/∂θ_k v_k (delta method).
    /// </summary>
    /// <param name="values">v_m, (walkers)</param>
    public Estimate Mean(ReadOnlySpan<double> values)
    {
        double mean = 0;
        for (int m = 0; m < _weights.Length; m++)
            mean += _weights[m] * values[m];
        Array.Clear(_sums);
        for (int m = 0; m < _weights.Length; m++)
            _sums[_family[m]] += _weights[m] * (values[m] - mean);
        double squares = 0;
        for (int f = 0; f < _sums.Length; f++)
        {
            double moved = _sums[f] / _others[f];
            squares += moved * moved;
        }
        double variance = Families < 2 ? double.NaN : squares * (Families - 1) / Families;
        return new Estimate(mean, Math.Sqrt(variance));
    }
}
