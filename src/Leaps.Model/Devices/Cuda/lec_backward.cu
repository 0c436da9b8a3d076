// The gradient of Σ u·G with respect to every P^l, from the last layer down. What the weights' gradients need,
// h^l and dP^l, is left in memory; of every layer z is computed again, so that no tensor over
// (columns × channels × window positions) ever exists.
//
//     Ising: dP^n[c] = (1+t) s u ω[c]                    Potts: dP^n[c] = Σ_v u_v (ω[v,c] - ω[x_i,c])
//     dz[c,j] = dP^{l+1}[c] e_c(x_j) silu'(z[c,j])       dh[a] = Σ_{c,j} A[c,j,a] dz[c,j]
//     dP^l = dh · silu'(P^l)                             and for the first convolution (1+t) dP^0
//
// Must equal: Reference/ReferenceWalker.cs, OutputsBackward and LayerBackward (what they do to P and h).
// Shapes: activations and gradients (layers + 1, columns, CP), hidden (layers, columns, CP), column_gradient
// (walkers, outputs per site, sites).
// Launch: 256 threads, 8 warps of a tile of 16 columns each; ceil(columns / 128) blocks; no shared memory.
//
// Estimate (H100, paper's Ising network): one silu and one silu' of the same argument share one special-function
// instruction, so 1.7 to 2.1 M of them a sample and twice the products of the forward pass.
#include "network.cuh"

struct BackwardArguments
{
    Network net;
    const u8 *states;
    const int *runs;                // (walkers) or null
    const float *scale;             // (times)
    const float *output_gradient;   // u
    const float *activations;
    float *hidden;
    float *gradients;
    int walkers, unused;
};

template <int NT> struct Line { float d[NT][4]; };      // a tile of 16 columns

template <int NT>
DEVICE void read_line(const float *from, const Column (&at)[2], int sites, Line<NT> &line)
{
    int t = thread_index() % 4;
    UNROLL(NT)
    for (int n = 0; n < NT; n++)
        UNROLL(2)
        for (int half = 0; half < 2; half++)
        {
            Pair p = {0, 0};
            if (at[half].used)
                p = ((const Pair *)(from + (u64)(at[half].place * sites + at[half].site) * 8 * NT))[4 * n + t];
            line.d[n][2 * half] = p.x;
            line.d[n][2 * half + 1] = p.y;
        }
}

template <int NT>
DEVICE void write_line(float *to, const Column (&at)[2], int sites, const Line<NT> &line)
{
    int t = thread_index() % 4;
    UNROLL(NT)
    for (int n = 0; n < NT; n++)
        UNROLL(2)
        for (int half = 0; half < 2; half++)
            if (at[half].used)
                ((Pair *)(to + (u64)(at[half].place * sites + at[half].site) * 8 * NT))[4 * n + t] =
                    {line.d[n][2 * half], line.d[n][2 * half + 1]};
}

template <int NT, bool POTTS>
DEVICE void outputs_backward(const BackwardArguments &a, const Column (&at)[2], Line<NT> &g)
{
    const Network &net = a.net;
    int t = thread_index() % 4;
    UNROLL(2)
    for (int half = 0; half < 2; half++)
    {
        const Column &c = at[half];
        int own = a.states[(u64)c.place * net.sites + c.site];
        const float *u = a.output_gradient + (u64)c.place * net.outputs * net.sites + c.site;
        float sign = (own ? 1.0f : -1.0f) * a.scale[a.runs ? a.runs[c.place] : 0];
        float others = 0;
        for (int v = 0; POTTS && v < net.values; v++)
            others += v == own ? 0.0f : u[(u64)v * net.sites];
        UNROLL_OUTER(NT)
        for (int n = 0; n < NT; n++)
        {
            float x = 0, y = 0;
            for (int v = 0; v < net.outputs; v++)
            {
                Pair w = load((const Pair *)net.omega + (v * NT + n) * 4 + t);
                float d = !POTTS ? sign * u[0] : v == own ? -others : u[(u64)v * net.sites];
                x = fused(d, w.x, x);
                y = fused(d, w.y, y);
            }
            g.d[n][2 * half] = c.used ? x : 0.0f;
            g.d[n][2 * half + 1] = c.used ? y : 0.0f;
        }
    }
}

template <int NT, bool POTTS, bool FAST>
DEVICE void layer_backward(const BackwardArguments &a, const Column (&at)[2], int l, int total, Line<NT> &g)
{
    const Network &net = a.net;
    int lane = thread_index() % WARP, t = lane % 4;
    u64 level = (u64)total * 8 * NT;
    Line<NT> p, sum;
    read_line<NT>(a.activations + l * level, at, net.sites, p);
    LeftTile<FAST> h[NT];
    UNROLL(NT)
    for (int n = 0; n < NT; n++)
    {
        UNROLL(4)
        for (int i = 0; i < 4; i++)
        {
            sum.d[n][i] = silu_of_half<FAST>(0.5f * p.d[n][i]);
        }
        set_tile(h[n], sum.d[n]);
    }
    write_line<NT>(a.hidden + l * level, at, net.sites, sum);
    UNROLL(NT)
    for (int n = 0; n < NT; n++)
        UNROLL(4)
        for (int i = 0; i < 4; i++)
            sum.d[n][i] = 0;
    for (int tap = net.first_tap[l]; tap < net.first_tap[l + 1]; tap++)
    {
        const float *weights = net.layers + (u64)tap * tap_floats(NT);
        const Pair *bias = (const Pair *)(weights + NT * NT * 64);
        const Pair *back = (const Pair *)(net.transposed + (u64)tap * NT * NT * 64);
        int row_step = net.row_steps[net.first_taps + tap], column_step = net.column_steps[net.first_taps + tap];
        int value[2];
        UNROLL(2)
        for (int half = 0; half < 2; half++)
            value[half] = seen(net, a.states + (u64)at[half].place * net.sites, at[half], row_step, column_step);
        UNROLL_OUTER(NT)
        for (int n = 0; n < NT; n++)
        {
            Pair b1 = load(bias + 4 * n + t);
            float z[4] = {b1.x, b1.y, b1.x, b1.y};
            UNROLL(NT)
            for (int k = 0; k < NT; k++)
                multiply(z, h[k], load((const Pair *)weights + (k * NT + n) * WARP + lane));
            UNROLL(4)
            for (int i = 0; i < 4; i++)
            {
                float e = (float)(2 * value[i / 2] - 1);
                if (POTTS)
                    e = load(net.embedding + (value[i / 2] * NT + n) * 8 + 2 * t + i % 2);
                z[i] = g.d[n][i] * e * silu_derivative(2.0f * z[i], sigmoid_of_half<FAST>(z[i]));
            }
            LeftTile<FAST> dz;
            set_tile(dz, z);
            UNROLL(NT)
            for (int k = 0; k < NT; k++)
                multiply(sum.d[k], dz, load(back + (n * NT + k) * WARP + lane));
        }
    }
    UNROLL(NT)
    for (int n = 0; n < NT; n++)
        UNROLL(4)
        for (int i = 0; i < 4; i++)
        {
            float z = p.d[n][i];
            g.d[n][i] = sum.d[n][i] * silu_derivative(z, sigmoid_of_half<FAST>(0.5f * z));
        }
}

template <int NT, bool POTTS, bool FAST> DEVICE void backward(const BackwardArguments &a)
{
    int total = a.walkers * a.net.sites, lane = thread_index() % WARP;
    int tile = (block_index() * 8 + thread_index() / WARP) * 16;
    if (tile >= total)
        return;
    u64 level = (u64)total * 8 * NT;
    Column at[2] = {column_at(a.net, tile + lane / 4, total), column_at(a.net, tile + lane / 4 + 8, total)};
    Line<NT> g;
    outputs_backward<NT, POTTS>(a, at, g);
    write_line<NT>(a.gradients + a.net.layer_count * level, at, a.net.sites, g);
    for (int l = a.net.layer_count - 1; l >= 0; l--)
    {
        layer_backward<NT, POTTS, FAST>(a, at, l, total, g);
        if (l == 0)
        {
            UNROLL(NT)
            for (int n = 0; n < NT; n++)
                UNROLL(4)
                for (int i = 0; i < 4; i++)
                    g.d[n][i] *= a.scale[a.runs ? a.runs[at[i / 2].place] : 0];
        }
        write_line<NT>(a.gradients + l * level, at, a.net.sites, g);
    }
}

#define BACKWARD(NT) \
    KERNEL(backward_ising_fast_##NT, BackwardArguments, 256) { backward<NT, false, true>(a); } \
    KERNEL(backward_ising_##NT, BackwardArguments, 256) { backward<NT, false, false>(a); } \
    KERNEL(backward_potts_fast_##NT, BackwardArguments, 256) { backward<NT, true, true>(a); } \
    KERNEL(backward_potts_##NT, BackwardArguments, 256) { backward<NT, true, false>(a); }

BACKWARD(3)
BACKWARD(8)
KERNEL(backward_ising_32, BackwardArguments, 256) { backward<32, false, false>(a); }
KERNEL(backward_potts_32, BackwardArguments, 256) { backward<32, true, false>(a); }
