// The learned chain: the exact integrator event by event, and Euler's step.
//
// Must equal, given the same outputs G: Sampling/ExactIntegrator.cs (TryJump, AddEnergyDifference) and
// Sampling/EulerIntegrator.cs, with the same random words at the same places.
// Shapes: states (walkers, sites), outputs (walkers, outputs per site, sites), everything else (walkers).
// Launch: a thread a walker, 64 a block.
//
// The exact loop stays on the GPU: exact_jump reads its walkers from one list and puts those that jumped, whose
// outputs must be evaluated anew, into the next. The lists' lengths lie in device memory, where the following
// launches read them. The order in a list varies from run to run, no result does: walkers share nothing.
//
// Estimate: 1 KB of outputs a walker and event, 0.3 µs at 1000 walkers, against 0.5 µs a walker for the forward pass:
// bound by the latency of some 225 additions (10 µs) for small populations, else hidden.
#include "random.cuh"
#include "target.cuh"

struct JumpArguments
{
    Target target;
    u8 *states;
    const float *outputs;
    const Couplings *couplings;     // at the window's start, t*, and end
    double *log_weights;
    double *remaining;              // time left in the window
    u64 *positions;                 // of the walkers' random streams
    const int *inside;              // the walkers still inside the window
    const int *inside_count;
    int *next;
    int *next_count;
    u64 *totals;                    // evaluations, jumps
    int *failed;                    // smallest index of a walker whose rates are not finite
    u64 seed;
    double length;
    u32 first_slot, window;
    int walkers, unused;
};

DEVICE void add_energy_difference(const JumpArguments &a, int m, const Couplings &from, const Couplings &to)
{
    Statistics s = statistics_of(a.target, a.states + (u64)m * a.target.sites);
    a.log_weights[m] += (to.bond - from.bond) * s.bonds + (to.site - from.site) * s.field;
}

KERNEL(exact_begin, JumpArguments, 64)
{
    int m = block_index() * block_size() + thread_index();
    if (m >= a.walkers)
        return;
    add_energy_difference(a, m, a.couplings[0], a.couplings[1]);
    a.remaining[m] = a.length;
    a.positions[m] = 0;
    a.next[m] = m;
    if (m == 0)
        *a.next_count = a.walkers;
}

KERNEL(exact_end, JumpArguments, 64)
{
    int m = block_index() * block_size() + thread_index();
    if (m < a.walkers)
        add_energy_difference(a, m, a.couplings[1], a.couplings[2]);
}

// The jump whose piece of the cumulative rate holds `point`; rounding may leave the point at the very end.
DEVICE int choose(const float *outputs, int from, int count, int step, double point)
{
    double cumulative = 0;
    int last = -1;
    for (int k = 0, o = from; k < count; k++, o += step)
    {
        if (!(outputs[o] > 0))
            continue;
        cumulative += outputs[o];
        last = o;
        if (point < cumulative)
            break;
    }
    return last;
}

KERNEL(exact_jump, JumpArguments, 64)
{
    int place = block_index() * block_size() + thread_index();
    if (place >= *a.inside_count)
        return;
    const Target &target = a.target;
    int m = a.inside[place], outputs = (target.potts ? target.states : 1) * target.sites;
    u8 *state = a.states + (u64)m * target.sites;
    const float *g = a.outputs + (u64)m * outputs;
    double factors[MOST_LEVELS];
    for (int level = 0; level < (target.potts ? 9 : 10); level++)
        factors[level] = boltzmann_factor(target, a.couplings[1], level);
    Rates rates = rates_of(target, state, g, factors);
    double corrector = rates.outgoing - rates.incoming;
    add_atomically(a.totals, 1);
    if (!is_finite(corrector))
    {
        min_atomically(a.failed, m);
        return;
    }
    Stream stream = open_stream(a.seed, PURPOSE_JUMP, a.first_slot + (u32)m, a.window, a.positions[m]);
    double holding = -logarithm(next_positive_double(stream)) / rates.outgoing;
    double left = a.remaining[m];
    bool stays = !(holding < left);
    a.log_weights[m] += (stays ? left : holding) * corrector;
    if (stays)
        return;
    a.remaining[m] = left - holding;
    int chosen = choose(g, 0, outputs, 1, next_double(stream) * rates.outgoing), site = chosen % target.sites;
    state[site] = successor(target, state[site], chosen / target.sites);
    a.positions[m] = stream.position;
    a.next[add_atomically(a.next_count, 1)] = m;
    add_atomically(a.totals + 1, 1);
}

// The weight at the time before, then every site by itself: it stays with probability exp(-h λ_i).
KERNEL(euler_step, JumpArguments, 64)
{
    int m = block_index() * block_size() + thread_index();
    if (m >= a.walkers)
        return;
    const Target &target = a.target;
    const Couplings c = a.couplings[0];
    int values = target.potts ? target.states : 1;
    u8 *state = a.states + (u64)m * target.sites;
    const float *g = a.outputs + (u64)m * values * target.sites;
    double factors[MOST_LEVELS];
    for (int level = 0; level < (target.potts ? 9 : 10); level++)
        factors[level] = boltzmann_factor(target, c, level);
    Statistics s = statistics_of(target, state);
    Rates rates = rates_of(target, state, g, factors);
    double derivative = -(c.bond_derivative * s.bonds + c.site_derivative * s.field);
    double growth = -derivative + (rates.outgoing - rates.incoming);
    if (!is_finite(growth))
    {
        min_atomically(a.failed, m);
        return;
    }
    a.log_weights[m] += a.length * growth;
    Stream stream = open_stream(a.seed, PURPOSE_JUMP, a.first_slot + (u32)m, a.window, 0);
    int jumps = 0;
    for (int site = 0; site < target.sites; site++)
    {
        double rate = 0;
        for (int v = 0; v < values; v++)
        {
            double output = g[v * target.sites + site];
            rate += output > 0 ? output : 0;
        }
        if (next_double(stream) < exponential(-a.length * rate) || rate == 0)
            continue;
        int chosen = choose(g, site, values, target.sites, next_double(stream) * rate) / target.sites;
        state[site] = successor(target, state[site], chosen);
        jumps++;
    }
    add_atomically(a.totals, 1);
    add_atomically(a.totals + 1, (u64)jumps);
}
