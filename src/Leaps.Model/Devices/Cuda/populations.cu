// Weights of groups of walkers, and resampling.
//
// group_weights: max a, Σ e^{a - max}, Σ e^{2(a - max)} of every group. Must equal Sampling/GroupWeight.cs within
// rounding: 256 partial sums, each in order, then a tree, the same on every GPU. A NaN or +∞ gives a NaN maximum.
// Launch: a block of 256 threads a group; 256 · 8 bytes of shared memory.
//
// gather: slot m takes over state and family of its ancestor; log-weights become 0. Must equal Walkers.TakeAncestors.
// Launch: a warp a slot, 256 threads a block. Bound by memory: each state is read and written once.
#include "real.cuh"

struct GroupArguments
{
    const double *log_weights;
    const int *starts;          // (groups + 1)
    double *results;            // (groups, 3)
};

DEVICE double combined(double x, double y, bool maximum)
{
    if (!maximum)
        return x + y;
    return x != x ? x : y != y ? y : x > y ? x : y;
}

DEVICE double over_block(double value, bool maximum)
{
    double *shared = (double *)shared_memory();
    int me = thread_index();
    block_barrier();
    shared[me] = value;
    for (int half = block_size() / 2; half > 0; half /= 2)
    {
        block_barrier();
        if (me < half)
            shared[me] = combined(shared[me], shared[me + half], maximum);
    }
    block_barrier();
    return shared[0];
}

KERNEL(group_weights, GroupArguments, 256)
{
    int group = block_index(), from = a.starts[group], to = a.starts[group + 1];
    const double infinity = double_of(0x7ff0000000000000ull), nan = double_of(0x7ff8000000000000ull);
    double max = -infinity, sum = 0, squares = 0;
    for (int m = from + thread_index(); m < to; m += block_size())
    {
        double w = a.log_weights[m];
        max = combined(max, w == infinity ? nan : w, true);
    }
    max = over_block(max, true);
    for (int m = from + thread_index(); max > -infinity && m < to; m += block_size())
    {
        double w = exponential(a.log_weights[m] - max);
        sum += w;
        squares += w * w;
    }
    sum = over_block(sum, false);
    squares = over_block(squares, false);
    if (thread_index() == 0)
    {
        a.results[3 * group] = max;
        a.results[3 * group + 1] = sum;
        a.results[3 * group + 2] = squares;
    }
}

struct GatherArguments
{
    const u8 *from;
    const int *from_families, *ancestors;
    u8 *to;
    int *to_families;
    double *log_weights;
    int walkers, sites;
};

KERNEL(gather, GatherArguments, 256)
{
    int m = (block_index() * block_size() + thread_index()) / WARP, lane = thread_index() % WARP;
    if (m >= a.walkers)
        return;
    const u8 *from = a.from + (u64)a.ancestors[m] * a.sites;
    u8 *to = a.to + (u64)m * a.sites;
    for (int i = lane; i < a.sites; i += WARP)
        to[i] = from[i];
    if (lane == 0)
    {
        a.to_families[m] = a.from_families[a.ancestors[m]];
        a.log_weights[m] = 0;
    }
}
