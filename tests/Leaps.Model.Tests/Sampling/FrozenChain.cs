using Leaps.Model.Devices;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Model.Tests.Sampling;

/// <summary>
/// The continuous-time chain of a network with its time argument frozen, on all states of a small lattice:
/// the rates of every jump, by evaluating the network at every state. Nothing relies on local equivariance.
/// </summary>
internal sealed class FrozenChain
{
    private readonly Target _target;
    private readonly List<(int To, double Rate)>[] _jumps;

    public FrozenChain(Target target, RateNetwork network, double time)
    {
        _target = target;
        Time = time;
        int states = Lattices.Count(target);
        _jumps = new List<(int, double)>[states];
        Outgoing = new double[states];
        Incoming = new double[states];
        var evaluator = network.CreateEvaluator();
        var output = new float[target.Outputs];
        for (int x = 0; x < states; x++)
        {
            byte[] state = Lattices.State(target, x);
            evaluator.Evaluate(state, 1, time, output);
            _jumps[x] = [];
            for (int o = 0; o < output.Length; o++)
            {
                if (output[o] <= 0)
                    continue;
                byte[] next = (byte[])state.Clone();
                int site = o % target.Sites;
                next[site] = target.Successor(state[site], o / target.Sites);
                int y = Lattices.Number(target, next);
                _jumps[x].Add((y, output[o]));
                Outgoing[x] += output[o];
                Incoming[y] += output[o] * Math.Exp(target.Energy(next, time) - target.Energy(state, time));
            }
        }
    }

    public double Time { get; }

    /// <summary>λ_f = Σ_y Q(x → y), (states).</summary>
    public double[] Outgoing { get; }

    /// <summary>λ_b = Σ_y Q(y → x) e^{-(U(y) - U(x))}, (states).</summary>
    public double[] Incoming { get; }

    /// <summary>P(end = y | start), (states): the row of the matrix exponential.</summary>
    public double[] Transition(int start, double duration) => Path(start, duration, Outgoing, jumps: 0)[0];

    /// <summary>P(n jumps | start), n = 0 … jumps, the last standing for all from there on.</summary>
    public double[] JumpCounts(int start, double duration, int jumps) =>
        [.. Path(start, duration, Outgoing, jumps).Select(row => row.Sum())];

    /// <summary>
    /// E[e^{∫ (λ_f - λ_b) dt}; end = y | start], (states): by the Feynman–Kac formula the row of
    /// exp(duration · M), where M holds the rates off the diagonal and -λ_b on it.
    /// </summary>
    public double[] Weighted(int start, double duration) => Path(start, duration, Incoming, jumps: 0)[0];

    /// <summary>Every site by itself for a step, as Euler does: P(end = y | start), (states).</summary>
    public double[] EulerStep(int start, double duration)
    {
        var stay = new double[_target.Sites];
        byte[] state = Lattices.State(_target, start);
        foreach (var (to, rate) in _jumps[start])
            stay[ChangedSite(state, Lattices.State(_target, to))] += rate;
        double[] total = [.. stay];
        for (int i = 0; i < stay.Length; i++)
            stay[i] = Math.Exp(-duration * total[i]);
        var single = new Dictionary<(int Site, byte Value), double>();
        foreach (var (to, rate) in _jumps[start])
        {
            byte[] next = Lattices.State(_target, to);
            int site = ChangedSite(state, next);
            single[(site, next[site])] = -double.ExpM1(-duration * total[site]) * rate / total[site];
        }
        var probabilities = new double[_jumps.Length];
        for (int y = 0; y < probabilities.Length; y++)
        {
            byte[] end = Lattices.State(_target, y);
            probabilities[y] = 1;
            for (int i = 0; i < end.Length; i++)
            {
                probabilities[y] *= end[i] == state[i]
                    ? stay[i] : single.GetValueOrDefault((i, end[i]));
            }
        }
        return probabilities;
    }

    private static int ChangedSite(byte[] from, byte[] to) =>
        Enumerable.Range(0, from.Length).Single(i => from[i] != to[i]);

    // Uniformisation: e^{hM} = Σ_k e^{-Λh} (Λh)^k / k! (1 + M/Λ)^k, followed by the number of jumps,
    // (jumps + 1, states); with jumps = 0 one row for all.
    private double[][] Path(int start, double duration, double[] killing, int jumps)
    {
        double bound = Math.Max(1e-9, killing.Max());
        var term = Zeros();
        term[0][start] = 1;
        var sum = Zeros();
        double weight = Math.Exp(-bound * duration);
        for (int k = 0; k < 60 + 4 * bound * duration; k++)
        {
            var next = Zeros();
            for (int n = 0; n <= jumps; n++)
            {
                var after = next[Math.Min(n + 1, jumps)];
                for (int x = 0; x < _jumps.Length; x++)
                {
                    sum[n][x] += weight * term[n][x];
                    next[n][x] += term[n][x] * (1 - killing[x] / bound);
                    foreach (var (to, rate) in _jumps[x])
                        after[to] += term[n][x] * rate / bound;
                }
            }
            term = next;
            weight *= bound * duration / (k + 1);
        }
        return sum;

        double[][] Zeros() =>
            [.. Enumerable.Range(0, jumps + 1).Select(_ => new double[_jumps.Length])];
    }
}
