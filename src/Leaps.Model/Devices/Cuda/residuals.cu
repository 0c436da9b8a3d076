// Weights of states: energies, K_t(x) and the residual of training with its derivative.
//
//     K = -∂_t U + Σ [relu(G) - relu(-G) e^{-ΔU}]     residual = K + ∂_t F     u = scale · residual · dK/dG
//
// Must equal: Training/ResidualLoss.cs (RunPart), Sampling/RateMatrix.cs, Targets/Target.cs.
// Shapes: states (walkers, sites), outputs and output_gradient (walkers, outputs per site, sites).
// Launch: a thread a walker, 64 a block.
//
// Estimate: some 10 µs for 400 samples, a chain of 225 additions in double; hidden behind nothing, but small
// beside 3 ms.
#include "target.cuh"

struct ResidualArguments
{
    Target target;
    const u8 *states;
    const int *runs;                // (walkers) or null
    const Couplings *couplings;     // (times)
    const float *outputs;
    const double *slopes;           // ∂_t F, (times)
    double *residuals;              // (walkers)
    double *slope_gradient;         // (walkers): scale · residual
    float *output_gradient;
    double scale;                   // 2 / pairs
    int walkers, unused;
};

KERNEL(residuals, ResidualArguments, 64)
{
    int m = block_index() * block_size() + thread_index();
    if (m >= a.walkers)
        return;
    const Target &target = a.target;
    int run = a.runs ? a.runs[m] : 0, outputs = (target.potts ? target.states : 1) * target.sites;
    const Couplings c = a.couplings[run];
    const u8 *state = a.states + (u64)m * target.sites;
    const float *g = a.outputs + (u64)m * outputs;
    double factors[MOST_LEVELS];
    for (int level = 0; level < (target.potts ? 9 : 10); level++)
        factors[level] = boltzmann_factor(target, c, level);
    Statistics s = statistics_of(target, state);
    Rates rates = rates_of(target, state, g, factors);
    double derivative = -(c.bond_derivative * s.bonds + c.site_derivative * s.field);
    double residual = -derivative + (rates.outgoing - rates.incoming) + a.slopes[run];
    double scale = a.scale * residual;
    a.residuals[m] = residual;
    a.slope_gradient[m] = scale;
    float *u = a.output_gradient + (u64)m * outputs;
    for (int o = 0; o < outputs; o++)
    {
        int site = o % target.sites, row = site / target.columns, column = site % target.columns;
        Neighbours n = neighbours_of(target, state, row, column);
        double slope = g[o] > 0 ? 1 : g[o] < 0 ? factors[level_of(target, n, state[site], o / target.sites)] : 0;
        u[o] = (float)(scale * slope);
    }
}

// The sum of slope_gradient over the walkers of a time, in order. A thread a time.
struct RunSumArguments
{
    const int *run_starts;          // (times + 1)
    const double *values;           // (walkers)
    double *sums;                   // (times)
    int times, unused;
};

KERNEL(run_sums, RunSumArguments, 64)
{
    int time = block_index() * block_size() + thread_index();
    if (time >= a.times)
        return;
    double sum = 0;
    for (int m = a.run_starts[time]; m < a.run_starts[time + 1]; m++)
        sum += a.values[m];
    a.sums[time] = sum;
}
