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
    // A chain that jumps more often than this in one window has diverged.
    private const long MaxJumpsPerSite = 100_000;

    private readonly byte[] _states;                // (block, sites): the walkers still inside, densely
    private readonly float[] _outputs;              // (block, outputs)
    private readonly byte[] _levels;                // (outputs)
    private readonly double[] _factors;             // (levels): e^{-ΔU_{t*}}
    private readonly int[] _walker;                 // (block): index of the walker in the population
    private readonly double[] _remaining;           // (block): time left in the window
    private readonly RandomStream[] _streams;       // (block)

    public ExactIntegrator(Target target, RateEvaluator? evaluator, ulong seed) : base(target, evaluator, seed)
    {
        _states = new byte[BlockWalkers * target.Sites];
        _outputs = new float[BlockWalkers * target.Outputs];
        _levels = new byte[target.Outputs];
        _factors = new double[target.Levels];
        _walker = new int[BlockWalkers];
        _remaining = new double[BlockWalkers];
        _streams = new RandomStream[BlockWalkers];
    }

    public override IntegrationCost Advance(Walkers walkers, int first, int count, TimeWindow window)
    {
        if (Evaluator == null)
        {
            AddEnergyDifference(walkers, first, count, window.Start, window.End);
            return default;
        }
        int sites = Target.Sites;
        double frozen = window.Midpoint;
        AddEnergyDifference(walkers, first, count, window.Start, frozen);
        for (int k = 0; k < count; k++)
        {
            walkers.State(first + k).CopyTo(_states.AsSpan(k * sites, sites));
            _walker[k] = first + k;
            _remaining[k] = window.Length;
            _streams[k] = new RandomStream(Seed, RandomPurpose.Jump, walkers.FirstSlot + first + k, window.Index);
        }
        RateMatrix.BoltzmannFactors(Target, frozen, _factors);
        long evaluations = 0, jumps = 0, limit = MaxJumpsPerSite * sites * count;
        for (int active = count; active > 0;)
        {
            Evaluator.Evaluate(_states.AsSpan(0, active * sites), active, frozen, _outputs.AsSpan(0, active * Target.Outputs));
            evaluations += active;
            for (int k = active - 1; k >= 0; k--)
            {
                if (TryJump(walkers, k, window))
                {
                    jumps++;
                    continue;
                }
                _states.AsSpan(k * sites, sites).CopyTo(walkers.State(_walker[k]));
                Move(--active, k);
            }
            if (jumps > limit)
                throw NotFinite(walkers.FirstSlot + first, window, "the number of jumps", jumps);
        }
        AddEnergyDifference(walkers, first, count, frozen, window.End);
        return new IntegrationCost(evaluations, jumps);
    }

    // Holds the walker in place k for its holding time, then jumps; false when the window ends first.
    private bool TryJump(Walkers walkers, int k, TimeWindow window)
    {
        int sites = Target.Sites;
        var state = _states.AsSpan(k * sites, sites);
        ReadOnlySpan<float> outputs = _outputs.AsSpan(k * Target.Outputs, Target.Outputs);
        Target.LocalLevels(state, _levels);
        var rates = RateMatrix.Totals(outputs, _levels, _factors);
        if (!double.IsFinite(rates.Corrector))
            throw NotFinite(walkers.FirstSlot + _walker[k], window, "λ_f - λ_b", rates.Corrector);
        ref var stream = ref _streams[k];
        double holding = stream.NextExponential() / rates.Outgoing;
        bool stays = !(holding < _remaining[k]);
        double held = stays ? _remaining[k] : holding;
        walkers.LogWeights[_walker[k]] += held * rates.Corrector;
        if (stays) return false;
        _remaining[k] -= holding;
        int jump = Choose(outputs, stream.NextDouble() * rates.Outgoing);
        int site = jump % sites;
        state[site] = Target.Successor(state[site], jump / sites);
        return true;
    }

    // The jump whose piece of the cumulative rate holds `point`; rounding may leave the point at the very end.
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

    // The place `from` of the dense block moves to `to`.
    private void Move(int from, int to)
    {
        if (from == to) return;
        int sites = Target.Sites, outputs = Target.Outputs;
        _states.AsSpan(from * sites, sites).CopyTo(_states.AsSpan(to * sites, sites));
        _outputs.AsSpan(from * outputs, outputs).CopyTo(_outputs.AsSpan(to * outputs, outputs));
        _walker[to] = _walker[from];
        _remaining[to] = _remaining[from];
        _streams[to] = _streams[from];
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
