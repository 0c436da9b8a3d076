using Leaps.Model.Devices;
using Leaps.Model.Random;
using Leaps.Model.Targets;

namespace Leaps.Model.Sampling;

/// <summary>
/// The paper's step of length h = t_{n+1} - t_n: first the weight, log-weight += h K_{t_n}(x), then every
/// site by itself stays with probability exp(-h λ_i), λ_i = Σ_v relu(G(x; i→v)), or takes v with probability
/// relu(G(x; i→v)) / λ_i. The weights are exact only as h → 0.
/// </summary>
public sealed class EulerIntegrator : Integrator
{
    private readonly float[] _outputs;              // (block, outputs)
    private readonly byte[] _levels;                // (outputs)
    private readonly double[] _factors;             // (levels)

    public EulerIntegrator(Target target, RateEvaluator? evaluator, ulong seed)
        : base(target, evaluator, seed)
    {
        _outputs = new float[BlockWalkers * target.Outputs];
        _levels = new byte[target.Outputs];
        _factors = new double[target.Levels];
    }

    public override IntegrationCost Advance(Walkers walkers, int first, int count, TimeWindow window)
    {
        int sites = Target.Sites;
        var states = walkers.States.AsSpan(first * sites, count * sites);
        Evaluator?.Evaluate(states, count, window.Start, _outputs.AsSpan(0, count * Target.Outputs));
        RateMatrix.BoltzmannFactors(Target, window.Start, _factors);
        long jumps = 0;
        for (int k = 0; k < count; k++)
        {
            var state = walkers.State(first + k);
            ReadOnlySpan<float> outputs = _outputs.AsSpan(k * Target.Outputs, Target.Outputs);
            Target.LocalLevels(state, _levels);
            var rates = Evaluator == null ? default : RateMatrix.Totals(outputs, _levels, _factors);
            double growth = RateMatrix.LogWeightRate(Target.EnergyTimeDerivative(state, window.Start), rates);
            if (!double.IsFinite(growth))
                throw NotUsable(walkers.FirstSlot + first + k, window, "K", growth);
            walkers.LogWeights[first + k] += window.Length * growth;
            if (Evaluator == null) continue;
            var stream =
                new RandomStream(Seed, RandomPurpose.Jump, walkers.FirstSlot + first + k, window.Index);
            for (int i = 0; i < sites; i++)
                jumps += JumpSite(state, i, outputs, window.Length, ref stream) ? 1 : 0;
        }
        return new IntegrationCost(Evaluator == null ? 0 : count, jumps);
    }

    // Two uniforms a site, the second only when it jumps.
    private bool JumpSite(Span<byte> state, int site, ReadOnlySpan<float> outputs, double length,
        ref RandomStream stream)
    {
        int sites = Target.Sites;
        double rate = 0;
        for (int o = site; o < outputs.Length; o += sites)
            rate += Math.Max(outputs[o], 0);
        if (stream.NextDouble() < Math.Exp(-length * rate) || rate == 0) return false;
        double point = stream.NextDouble() * rate, cumulative = 0;
        int chosen = -1;
        for (int o = site; o < outputs.Length; o += sites)
        {
            if (outputs[o] <= 0) continue;
            cumulative += outputs[o];
            chosen = o / sites;
            if (point < cumulative) break;
        }
        state[site] = Target.Successor(state[site], chosen);
        return true;
    }
}
