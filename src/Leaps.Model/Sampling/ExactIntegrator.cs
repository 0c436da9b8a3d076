using Leaps.Model.Devices;
using Leaps.Model.Random;
using Leaps.Model.Targets;

namespace Leaps.Model.Sampling;

/// <summary>
/// The continuous-time chain event by event (Gillespie) with the time argument of the rates frozen at the
/// window's midpoint t*. With G = G_{t*} and b the frozen reversed rates,
/// <code>
/// λ_f(x) = Σ relu(G(x; i→v))      λ_b(x) = Σ relu(-G(x; i→v)) e^{-ΔU_{t*}(x; i→v)}
/// log-weight += Σ_holding intervals τ (λ_f - λ_b)
///             - [U_{t*}(x_start) - U_{t_n}(x_start)] - [U_{t_{n+1}}(x_end) - U_{t*}(x_end)]
/// </code>
/// This is the Radon–Nikodym derivative of two piecewise constant chains: nothing is approximated, and
/// E[e^a] = Z_1/Z_0 for any grid. The jumps' own terms cancel by local equivariance.
/// </summary>
public sealed class ExactIntegrator : Integrator
{
    // A walker that jumps more often than this in one window follows rates that have diverged.
    private const int MaxJumps = 1000, MaxJumpsPerSite = 200;

    private readonly float[] _outputs;              // (block, outputs)
    private readonly byte[] _levels;                // (outputs)
    private readonly double[] _factors;             // (levels): e^{-ΔU_{t*}}
    private readonly double[] _remaining;           // (block): time left in the window
    private readonly RandomStream[] _streams;       // (block)
    private readonly int[] _inside;                 // the walkers still inside the window, densely
    private readonly SiteJump[] _jumps;             // their last jumps

    public ExactIntegrator(Target target, RateEvaluator? evaluator, ulong seed)
        : base(target, evaluator, seed)
    {
        _outputs = new float[BlockWalkers * target.Outputs];
        _levels = new byte[target.Outputs];
        _factors = new double[target.Levels];
        _remaining = new double[BlockWalkers];
        _streams = new RandomStream[BlockWalkers];
        _inside = new int[BlockWalkers];
        _jumps = new SiteJump[BlockWalkers];
    }

    public override IntegrationCost Advance(Walkers walkers, int first, int count, TimeWindow window)
    {
        if (Evaluator == null)
        {
            AddEnergyDifference(walkers, first, count, window.Start, window.End);
            return default;
        }
        double frozen = window.Midpoint;
        AddEnergyDifference(walkers, first, count, window.Start, frozen);
        for (int k = 0; k < count; k++)
        {
            _remaining[k] = window.Length;
            _streams[k] =
                new RandomStream(Seed, RandomPurpose.Jump, walkers.FirstSlot + first + k, window.Index);
            _inside[k] = k;
        }
        RateMatrix.BoltzmannFactors(Target, frozen, _factors);
        var states = walkers.States.AsSpan(first * Target.Sites, count * Target.Sites);
        var outputs = _outputs.AsSpan(0, count * Target.Outputs);
        Evaluator.Follow(states, count, frozen, outputs);
        long evaluations = count, jumps = 0;
        for (int inside = count, round = 1; ; round++)
        {
            int still = 0;
            for (int n = 0; n < inside; n++)
            {
                if (TryJump(walkers, first, _inside[n], window, out _jumps[still]))
                    _inside[still++] = _inside[n];
            }
            if (still == 0) break;
            inside = still;
            Evaluator.FollowJumps(states, _jumps.AsSpan(0, inside), outputs);
            evaluations += inside;
            jumps += inside;
            if (round > MaxJumps + MaxJumpsPerSite * Target.Sites)
                throw NotUsable(walkers.FirstSlot + first + _inside[0], window, "the number of jumps", round);
        }
        AddEnergyDifference(walkers, first, count, frozen, window.End);
        return new IntegrationCost(evaluations, jumps);
    }

    // Holds walker first + k for its holding time, then jumps; false when the window ends first.
    private bool TryJump(Walkers walkers, int first, int k, TimeWindow window, out SiteJump jump)
    {
        var state = walkers.State(first + k);
        ReadOnlySpan<float> outputs = _outputs.AsSpan(k * Target.Outputs, Target.Outputs);
        Target.LocalLevels(state, _levels);
        var rates = RateMatrix.Totals(outputs, _levels, _factors);
        if (!double.IsFinite(rates.Corrector))
            throw NotUsable(walkers.FirstSlot + first + k, window, "λ_f - λ_b", rates.Corrector);
        ref var stream = ref _streams[k];
        double holding = stream.NextExponential() / rates.Outgoing;
        bool stays = !(holding < _remaining[k]);
        walkers.LogWeights[first + k] += (stays ? _remaining[k] : holding) * rates.Corrector;
        jump = default;
        if (stays) return false;
        _remaining[k] -= holding;
        int chosen = Choose(outputs, stream.NextDouble() * rates.Outgoing), site = chosen % state.Length;
        jump = new SiteJump(k, site, state[site]);
        state[site] = Target.Successor(state[site], chosen / state.Length);
        return true;
    }

    // The jump whose piece of the cumulative rate holds `point`; rounding may leave the point at the very
    // end.
    private static int Choose(ReadOnlySpan<float> outputs, double point)
    {
        double cumulative = 0;
        int last = -1;
        for (int o = 0; o < outputs.Length; o++)
        {
            if (outputs[o] <= 0) continue;
            cumulative += outputs[o];
            last = o;
            if (point < cumulative) break;
        }
        return last;
    }

    // log-weight -= U_end(x) - U_start(x)
    private void AddEnergyDifference(Walkers walkers, int first, int count, double start, double end)
    {
        var from = Target.Schedule.At(start);
        var to = Target.Schedule.At(end);
        for (int m = first; m < first + count; m++)
        {
            var (bonds, field) = Target.Statistics(walkers.State(m));
            walkers.LogWeights[m] += (to.Bond - from.Bond) * bonds + (to.Site - from.Site) * field;
        }
    }
}
