// MCMC between windows: heat bath and Metropolis, at random sites and over the colour classes.
//
// Must equal, bit for bit: Sampling/Mcmc/{HeatBath, HeatBathSweep, Metropolis, MetropolisSweep}.cs and the
// loop of Sampling/PopulationMover.cs around them. The tables of probabilities are made there and handed over.
// Shapes: states (walkers, sites); thresholds: of HeatBathTable (configurations, q - 1), or the 18 of
// MetropolisUpdate; order: the sites of a sweep over the classes.
// Launch: a thread a walker, `block` walkers a block; shared memory (sites, block) bytes where they fit,
// so that the threads of a warp read neighbouring banks; else the states stay where they are.
//
// Estimate (H100): some 60 instructions an update, a quarter of them Philox: 132 · 128 · 1.7 GHz / 60 = 480
// updates/ns; the states are read and written once a call.
#include "random.cuh"
#include "target.cuh"

enum Kind { RANDOM_METROPOLIS, RANDOM_HEAT_BATH, METROPOLIS_SWEEP, HEAT_BATH_SWEEP };

struct SweepArguments
{
    Target target;
    u8 *states;
    const u64 *thresholds;
    const int *order;
    u64 seed;
    double probability;         // of doing the sweeps at all; below 1 it costs a number
    u32 first_slot, window;
    int walkers, kind, sweeps, moves;
    int shared;                 // whether the states go through shared memory
    int unused;
};

struct State
{
    u8 *at;
    int stride;
};

DEVICE int get(const State &s, int site) { return s.at[(u64)site * s.stride]; }
DEVICE void set(const State &s, int site, int value) { s.at[(u64)site * s.stride] = (u8)value; }

DEVICE Neighbours neighbours_of(const Target &target, const State &s, int site)
{
    int row = site / target.columns, column = site - row * target.columns, line = site - column;
    Neighbours n;
    n.x[0] = get(s, column + 1 < target.columns ? site + 1 : line);
    n.x[1] = get(s, row + 1 < target.rows ? site + target.columns : column);
    n.x[2] = get(s, column > 0 ? site - 1 : line + target.columns - 1);
    n.x[3] = get(s, row > 0 ? site - target.columns : target.sites - target.columns + column);
    return n;
}

// Whether a word is below a probability of 64 bits; a tie takes a second word.
DEVICE bool occurs(u64 fraction, Stream &stream)
{
    u32 word = next_word(stream), high = (u32)(fraction >> 32);
    return word < high || (word == high && next_word(stream) < (u32)fraction);
}

DEVICE void metropolis(const SweepArguments &a, const State &s, int site, Stream &stream)
{
    int q = a.target.states, own = get(s, site), value, gain, table = 0;
    Neighbours n = neighbours_of(a.target, s, site);
    if (q == 2)
    {
        value = 1 - own;
        int ones = n.x[0] + n.x[1] + n.x[2] + n.x[3];
        gain = value == 1 ? 2 * ones - 4 : 4 - 2 * ones;
        table = 9 * value;
    }
    else
    {
        value = own + 1 + next_int(stream, (u32)(q - 1));
        value = value >= q ? value - q : value;
        gain = count_of(n, value) - count_of(n, own);
    }
    if (occurs(a.thresholds[table + 4 + gain], stream))
        set(s, site, value);
}

// `ties` is where the second word of a tie comes from.
DEVICE void heat_bath(const SweepArguments &a, const State &s, int site, u32 word, Stream &ties)
{
    int q = a.target.states;
    Neighbours n = neighbours_of(a.target, s, site);
    int configuration = ((n.x[0] * q + n.x[1]) * q + n.x[2]) * q + n.x[3];
    if (q == 2)
        configuration = n.x[0] + n.x[1] + n.x[2] + n.x[3];
    const u64 *thresholds = a.thresholds + configuration * (q - 1);
    int value = 0;
    bool tie = false;
    for (int v = 0; v < q - 1; v++)
    {
        u32 high = (u32)(thresholds[v] >> 32);
        value += word > high;
        tie |= word == high;
    }
    if (tie)
    {
        u64 fraction = (u64)word << 32 | next_word(ties);
        value = 0;
        for (int v = 0; v < q - 1; v++)
            value += fraction >= thresholds[v];
    }
    set(s, site, value);
}

DEVICE void sweep(const SweepArguments &a, const State &s, Stream &stream)
{
    int sites = a.target.sites;
    if (a.kind == HEAT_BATH_SWEEP)
    {
        // First a word for every site, then those that break ties.
        Stream ties = stream;
        ties.position += sites;
        ties.block = 0xffffffffu;
        for (int k = 0; k < sites; k++)
            heat_bath(a, s, a.order[k], next_word(stream), ties);
        stream = ties;
    }
    else if (a.kind == METROPOLIS_SWEEP)
    {
        for (int k = 0; k < sites; k++)
            metropolis(a, s, a.order[k], stream);
    }
    else
    {
        for (int move = 0; move < a.moves; move++)
        {
            int site = next_int(stream, (u32)sites);
            if (a.kind == RANDOM_METROPOLIS)
                metropolis(a, s, site, stream);
            else
            {
                // The tie's word is the next one of the same stream.
                u32 word = next_word(stream);
                heat_bath(a, s, site, word, stream);
            }
        }
    }
}

KERNEL(sweeps, SweepArguments, 128)
{
    int sites = a.target.sites, first = block_index() * block_size();
    int count = a.walkers - first < block_size() ? a.walkers - first : block_size();
    u8 *shared = shared_memory();
    for (int n = thread_index(); a.shared && n < count * sites; n += block_size())
        shared[n % sites * block_size() + n / sites] = a.states[(u64)first * sites + n];
    block_barrier();
    if (thread_index() < count)
    {
        int m = first + thread_index();
        State s = {a.states + (u64)m * sites, 1};
        if (a.shared)
            s = {shared + thread_index(), block_size()};
        Stream stream = open_stream(a.seed, PURPOSE_MCMC, a.first_slot + (u32)m, a.window, 0);
        if (!(a.probability < 1) || next_double(stream) < a.probability)
            for (int k = 0; k < a.sweeps; k++)
                sweep(a, s, stream);
    }
    block_barrier();
    for (int n = thread_index(); a.shared && n < count * sites; n += block_size())
        a.states[(u64)first * sites + n] = shared[n % sites * block_size() + n / sites];
}
