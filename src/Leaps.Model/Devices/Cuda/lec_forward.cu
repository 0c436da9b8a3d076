// The locally equivariant convolution: signed outputs G of every site of every walker, all layers in one kernel.
//
//     P^0_i[c]     = (1+t) Σ_{j≠i} Σ_a W[c,a,j-i] e_a(x_j)
//     K^l_i[c,j]   = silu( Σ_a A^l[c,j-i,a] silu(P^l_i[a]) + b1^l[c,j-i] ) + b2^l[c,j-i] + τ^l_t[j-i]
//     P^{l+1}_i[c] = Σ_{j≠i} K^l_i[c,j] e_c(x_j)
//     Ising: G_i = (1+t) s_i Σ_c ω[c] P^n_i[c]          Potts: G_iv = Σ_c (ω[v,c] - ω[x_i,c]) P^n_i[c]
//
// Must equal: Reference/ReferenceWalker.cs, Forward.
// Shapes: states (walkers, sites), outputs (walkers, outputs per site, sites), and, where asked for,
// activations P^0 … P^n as (layers + 1, columns, CP), column = place · sites + site.
// Launch: 256 threads a block, 8 warps of M tiles of 16 columns: ceil(columns / columns_of_block) blocks; dynamic
// shared memory for the slab of states.
//
// A column needs nothing of its neighbours but their values, so a warp takes its columns through all layers in
// registers: P^l, h^l and z never leave them. The values lie in shared memory as a slab that repeats the torus
// around what the block's columns see, so that a tap is one addition away. Weights come through L1, the same for
// all warps of a block, which pass the taps together.
//
// Estimates, not measurements (H100, L = 15, C = 20, depth five): 1.7 M silu an evaluation (2.1 M with padding to
// 24 channels) at 16 a cycle and multiprocessor give 0.5 to 0.6 µs; 53 M multiply-adds of the padded tiles at 1024 a
// cycle 0.25 µs, thrice that without FAST; weights 0.87 MB a block of 256 columns from L2. So the special-function
// unit is the expected ceiling of FAST, the tensor cores come close to it otherwise.
#include "network.cuh"

struct ForwardArguments
{
    Network net;
    const u8 *states;
    const int *places;          // (places) → walker; null: place = walker
    const int *count;           // number of places, known on the device; null: `walkers`
    const int *runs;            // (places): which of the times; null: all the first
    const float *scale;         // (times): 1 + t
    const float *tau;           // (times, layer taps)
    float *outputs;
    float *activations;         // or null
    int walkers;
    int slab_rows, slab_width;  // of one walker's part of a block
    int up, left;               // how far windows reach up and left
    int unused;
};

template <int NT, int M> struct Tiles
{
    float d[M][NT][4];
};

// Where a lane's rows of a tile (g and g + 8) find what they need.
struct Row
{
    Column at;
    int cell;                   // of the slab
    int run, walker;
};

template <int M, int ROWS_OF_BLOCK>
DEVICE void fill_slab(const ForwardArguments &a, u8 *slab, int first, int total)
{
    const Network &net = a.net;
    int last = first + ROWS_OF_BLOCK < total ? first + ROWS_OF_BLOCK : total;
    int first_place = first / net.sites, places = (last - 1) / net.sites - first_place + 1;
    int first_row = (first - first_place * net.sites) / net.columns;
    int size = a.slab_rows * a.slab_width;
    for (int n = thread_index(); n < places * size; n += block_size())
    {
        int part = n / size, row = (n - part * size) / a.slab_width, column = n % a.slab_width;
        int walker = a.places ? a.places[first_place + part] : first_place + part;
        int lattice_row = wrapped((part == 0 ? first_row : 0) + row - a.up, net.rows);
        int lattice_column = wrapped(column - a.left, net.columns);
        slab[n] = a.states[(u64)walker * net.sites + lattice_row * net.columns + lattice_column];
    }
}

DEVICE Row row_at(const ForwardArguments &a, int first, int index, int total)
{
    Row r;
    r.at = column_at(a.net, index < total ? index : first, total);
    r.at.used = index < total;
    int first_place = first / a.net.sites, part = r.at.place - first_place;
    int first_row = part == 0 ? (first - first_place * a.net.sites) / a.net.columns : 0;
    r.cell = (part * a.slab_rows + r.at.row - first_row + a.up) * a.slab_width + r.at.column + a.left;
    r.run = a.runs ? a.runs[r.at.place] : 0;
    r.walker = a.places ? a.places[r.at.place] : r.at.place;
    return r;
}

// P^0 by table: what a value contributes through a tap.
template <int NT, int M>
DEVICE void first_convolution(const ForwardArguments &a, const u8 *slab, const Row (&rows)[M][2], Tiles<NT, M> &p)
{
    const Network &net = a.net;
    int t = thread_index() % 4;
    UNROLL(M)
    for (int m = 0; m < M; m++)
        UNROLL(NT)
        for (int n = 0; n < NT; n++)
            UNROLL(4)
            for (int i = 0; i < 4; i++)
                p.d[m][n][i] = 0;
    for (int tap = 0; tap < net.first_taps; tap++)
    {
        int row_step = net.row_steps[tap], column_step = net.column_steps[tap];
        UNROLL(M)
        for (int m = 0; m < M; m++)
            UNROLL(2)
            for (int half = 0; half < 2; half++)
            {
                const Row &r = rows[m][half];
                int value = slab[r.cell + row_step * a.slab_width + column_step];
                int row = r.at.row + row_step, column = r.at.column + column_step;
                if (net.zeros && (row < 0 || row >= net.rows || column < 0 || column >= net.columns))
                    value = net.values;
                const Pair *table = (const Pair *)(net.first + ((u64)tap * (net.values + 1) + value) * 8 * NT);
                UNROLL(NT)
                for (int n = 0; n < NT; n++)
                {
                    Pair w = load(table + 4 * n + t);
                    p.d[m][n][2 * half] += w.x;
                    p.d[m][n][2 * half + 1] += w.y;
                }
            }
    }
    UNROLL(M)
    for (int m = 0; m < M; m++)
        UNROLL(NT)
        for (int n = 0; n < NT; n++)
            UNROLL(4)
            for (int i = 0; i < 4; i++)
                p.d[m][n][i] *= a.scale[rows[m][i / 2].run];
}

// P^l → P^{l+1}.
template <int NT, int M, bool POTTS, bool FAST>
DEVICE void layer(const ForwardArguments &a, const u8 *slab, const Row (&rows)[M][2], int l, Tiles<NT, M> &p)
{
    const Network &net = a.net;
    int lane = thread_index() % WARP, t = lane % 4;
    LeftTile<FAST> h[M][NT];
    UNROLL(M)
    for (int m = 0; m < M; m++)
        UNROLL(NT)
        for (int n = 0; n < NT; n++)
        {
            float silu[4];
            UNROLL(4)
            for (int i = 0; i < 4; i++)
                silu[i] = silu_of_half<FAST>(0.5f * p.d[m][n][i]);
            set_tile(h[m][n], silu);
            UNROLL(4)
            for (int i = 0; i < 4; i++)
                p.d[m][n][i] = 0;
        }
    int taps = net.first_tap[net.layer_count];
    for (int tap = net.first_tap[l]; tap < net.first_tap[l + 1]; tap++)
    {
        const float *weights = net.layers + (u64)tap * tap_floats(NT);
        const Pair *bias = (const Pair *)(weights + NT * NT * 64);
        int step = net.row_steps[net.first_taps + tap] * a.slab_width + net.column_steps[net.first_taps + tap];
        int value[M][2];
        float tau[M][2];
        UNROLL(M)
        for (int m = 0; m < M; m++)
            UNROLL(2)
            for (int half = 0; half < 2; half++)
            {
                value[m][half] = slab[rows[m][half].cell + step];
                tau[m][half] = load(a.tau + (u64)rows[m][half].run * taps + tap);
            }
        UNROLL_OUTER(NT)
        for (int n = 0; n < NT; n++)
        {
            Pair b1 = load(bias + 4 * n + t), b2 = load(bias + 4 * NT + 4 * n + t);
            Pair w[NT];
            UNROLL(NT)
            for (int k = 0; k < NT; k++)
                w[k] = load((const Pair *)weights + (k * NT + n) * WARP + lane);
            UNROLL(M)
            for (int m = 0; m < M; m++)
            {
                float z[4] = {b1.x, b1.y, b1.x, b1.y};
                UNROLL(NT)
                for (int k = 0; k < NT; k++)
                    multiply(z, h[m][k], w[k]);
                UNROLL(2)
                for (int half = 0; half < 2; half++)
                {
                    Pair e;
                    if (POTTS)
                        e = load((const Pair *)net.embedding + (value[m][half] * NT + n) * 4 + t);
                    else
                        e.x = e.y = (float)(2 * value[m][half] - 1);
                    float k0 = silu_of_half<FAST>(z[2 * half]) + (b2.x + tau[m][half]);
                    float k1 = silu_of_half<FAST>(z[2 * half + 1]) + (b2.y + tau[m][half]);
                    p.d[m][n][2 * half] = fused(k0, e.x, p.d[m][n][2 * half]);
                    p.d[m][n][2 * half + 1] = fused(k1, e.y, p.d[m][n][2 * half + 1]);
                }
            }
        }
    }
}

template <int NT, int M>
DEVICE void keep(const ForwardArguments &a, const Row (&rows)[M][2], int first, int l, int total, const Tiles<NT, M> &p)
{
    if (!a.activations)
        return;
    int t = thread_index() % 4;
    UNROLL(M)
    for (int m = 0; m < M; m++)
        UNROLL(2)
        for (int half = 0; half < 2; half++)
        {
            if (!rows[m][half].at.used)
                continue;
            int column = rows[m][half].at.place * a.net.sites + rows[m][half].at.site;
            Pair *to = (Pair *)(a.activations + ((u64)l * total + column) * 8 * NT);
            UNROLL(NT)
            for (int n = 0; n < NT; n++)
                to[4 * n + t] = {p.d[m][n][2 * half], p.d[m][n][2 * half + 1]};
        }
}

// Σ_c ω[v,c] P[c] of a row: the same in its four lanes.
template <int NT> DEVICE float output_sum(const Network &net, const float (&p)[NT][4], int half, int v)
{
    int t = thread_index() % 4;
    float sum = 0;
    UNROLL(NT)
    for (int n = 0; n < NT; n++)
    {
        Pair w = load((const Pair *)net.omega + (v * NT + n) * 4 + t);
        sum = fused(p[n][2 * half], w.x, sum);
        sum = fused(p[n][2 * half + 1], w.y, sum);
    }
    return sum_of_four(sum);
}

template <int NT, int M, bool POTTS>
DEVICE void write_outputs(const ForwardArguments &a, const u8 *slab, const Row (&rows)[M][2], const Tiles<NT, M> &p)
{
    const Network &net = a.net;
    int t = thread_index() % 4;
    UNROLL(M)
    for (int m = 0; m < M; m++)
        UNROLL(2)
        for (int half = 0; half < 2; half++)
        {
            const Row &r = rows[m][half];
            int own = slab[r.cell];
            float *to = a.outputs + (u64)r.walker * net.outputs * net.sites + r.at.site;
            if (!POTTS)
            {
                float sum = output_sum<NT>(net, p.d[m], half, 0) * a.scale[r.run];
                if (r.at.used && t == 0)
                    *to = own ? sum : -sum;
                continue;
            }
            // Rows have different own values: v runs in step, so that every lane takes part in every sum.
            float own_sum = 0;
            for (int v = 0; v < net.values; v++)
            {
                float sum = output_sum<NT>(net, p.d[m], half, v);
                own_sum = v == own ? sum : own_sum;
            }
            for (int v = 0; v < net.values; v++)
            {
                float sum = output_sum<NT>(net, p.d[m], half, v);
                if (r.at.used && t == 0)
                    to[(u64)v * net.sites] = sum - own_sum;
            }
        }
}

template <int NT, int M, bool POTTS, bool FAST> DEVICE void forward(const ForwardArguments &a)
{
    constexpr int COLUMNS = 8 * M * 16;
    int walkers = a.count ? *a.count : a.walkers;
    int total = walkers * a.net.sites, first = block_index() * COLUMNS;
    if (first >= total)
        return;
    u8 *slab = shared_memory();
    fill_slab<M, COLUMNS>(a, slab, first, total);
    block_barrier();
    int tile = first + thread_index() / WARP * M * 16, g = thread_index() % WARP / 4;
    if (tile >= total)
        return;
    Row rows[M][2];
    UNROLL(M)
    for (int m = 0; m < M; m++)
        UNROLL(2)
        for (int half = 0; half < 2; half++)
            rows[m][half] = row_at(a, first, tile + 16 * m + 8 * half + g, total);
    Tiles<NT, M> p;
    first_convolution<NT, M>(a, slab, rows, p);
    keep<NT, M>(a, rows, first, 0, total, p);
    for (int l = 0; l < a.net.layer_count; l++)
    {
        layer<NT, M, POTTS, FAST>(a, slab, rows, l, p);
        keep<NT, M>(a, rows, first, l + 1, total, p);
    }
    write_outputs<NT, M, POTTS>(a, slab, rows, p);
}

#define FORWARD(NT, M) \
    KERNEL(forward_ising_fast_##NT, ForwardArguments, 256) { forward<NT, M, false, true>(a); } \
    KERNEL(forward_ising_##NT, ForwardArguments, 256) { forward<NT, M, false, false>(a); } \
    KERNEL(forward_potts_fast_##NT, ForwardArguments, 256) { forward<NT, M, true, true>(a); } \
    KERNEL(forward_potts_##NT, ForwardArguments, 256) { forward<NT, M, true, false>(a); }

FORWARD(3, 2)
FORWARD(8, 1)
KERNEL(forward_ising_32, ForwardArguments, 256) { forward<32, 1, false, false>(a); }
KERNEL(forward_potts_32, ForwardArguments, 256) { forward<32, 1, true, false>(a); }
