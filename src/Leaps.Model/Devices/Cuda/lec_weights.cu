// The gradients of one layer's weights, given h^l and dP^{l+1} of lec_backward.cu:
//
//     z[c,j]    = Σ_a A[c,j,a] h[a] + b1[c,j]           dz = dP[c] e_c(x_j) silu'(z)
//     dA[c,j,a] = Σ dz[c,j] h[a]     db1[c,j] = Σ dz[c,j]     db2[c,j] = Σ dP[c] e_c(x_j)
//     Potts: de_c(v) = Σ_{x_j = v} dP[c] (silu(z) + b2 + τ)
//
// sums over the columns of the batch. Must equal: Reference/ReferenceWalker.cs, LayerBackward.
// Shapes: partial sums (splits, taps of the layer, CP · CP + 2 CP) and, for Potts, (splits, taps, values, CP); they
// are added in order by sums.cu, so that no result depends on which block came first.
// Launch: 128 threads, a warp a tap: ceil(taps / 4) × splits blocks. A split is a fixed part of the columns.
//
// Here the tiles lie the other way, channels by columns: z^T (16 channels, 8 columns) = A (16, 8 inner) h^T. Then
// what mma leaves of dz is, without a shuffle, the left operand of dz^T h over the columns (and the right
// operand of the sum over columns of one value): the order of the columns is free as well.
//
// Estimate: one special-function instruction for silu and silu' together, 1.7 to 2.1 M a sample; but each tap loads
// h and dP anew from L1, about two loads for each of them: expected at twice the forward pass's time.
#include "network.cuh"

struct WeightArguments
{
    Network net;
    const u8 *states;
    const int *runs;            // (walkers) or null
    const float *tau;           // (times, layer taps)
    const float *hidden;        // h^l, (columns, CP)
    const float *gradient;      // dP^{l+1}, (columns, CP)
    float *partial;
    float *embedding_partial;   // Potts
    int walkers, layer;
};

// Of eight columns: h as right operand of z^T, (a, column g), and of dA, (columns 2t and 2t+1, a = g).
template <int NT> struct Hidden { Pair of_column[NT], of_channel[NT]; };

template <int NT>
DEVICE Hidden<NT> read_hidden(const float *h, int first, int end)
{
    int lane = thread_index() % WARP, g = lane / 4, t = lane % 4;
    Hidden<NT> out;
    UNROLL(NT)
    for (int n = 0; n < NT; n++)
    {
        out.of_column[n] = {0, 0};
        out.of_channel[n] = {0, 0};
        if (first + g < end)
            out.of_column[n] = ((const Pair *)(h + (u64)(first + g) * 8 * NT))[4 * n + t];
        if (first + 2 * t < end)
            out.of_channel[n].x = h[(u64)(first + 2 * t) * 8 * NT + 8 * n + g];
        if (first + 2 * t + 1 < end)
            out.of_channel[n].y = h[(u64)(first + 2 * t + 1) * 8 * NT + 8 * n + g];
    }
    return out;
}

// Adds y, (8 channels, 8 columns) as mma leaves it, to the rows of the values that the columns see.
template <int NT, bool FAST>
DEVICE void add_by_value(float (&sum)[4][NT][4], int n, int values, const int (&value)[2], float y0, float y1)
{
    int g = thread_index() % WARP / 4;
    Pair y = {y0, y1};
    UNROLL(4)
    for (int tile = 0; tile < 4; tile++)
    {
        if (16 * tile >= values)
            break;
        int v = 16 * tile + g;
        LeftTile<FAST> chosen;
        const float d[4] = {v == value[0] ? 1.0f : 0.0f, v == value[1] ? 1.0f : 0.0f,
            v + 8 == value[0] ? 1.0f : 0.0f, v + 8 == value[1] ? 1.0f : 0.0f};
        set_tile(chosen, d);
        multiply(sum[tile][n], chosen, y);
    }
}

template <int NT, bool POTTS, bool FAST> DEVICE void weights(const WeightArguments &a)
{
    constexpr int MT = (NT + 1) / 2;        // tiles of 16 channels
    const Network &net = a.net;
    int lane = thread_index() % WARP, g = lane / 4, t = lane % 4;
    int first_tap = net.first_tap[a.layer], taps = net.first_tap[a.layer + 1] - first_tap;
    int tap = block_index() * 4 + thread_index() / WARP, split = block_index_y();
    if (tap >= taps)
        return;
    int total = a.walkers * net.sites, tiles = (total + 7) / 8;
    int from = (int)((u64)tiles * split / grid_size_y()), to = (int)((u64)tiles * (split + 1) / grid_size_y());
    const float *packed = net.layers + (u64)(first_tap + tap) * tap_floats(NT);
    const float *bias = packed + NT * NT * 64;
    int row_step = net.row_steps[net.first_taps + first_tap + tap];
    int column_step = net.column_steps[net.first_taps + first_tap + tap];
    float sum[MT][NT][4], first_bias[NT], second_bias[NT], by_value[4][NT][4];
    UNROLL(NT)
    for (int n = 0; n < NT; n++)
    {
        first_bias[n] = second_bias[n] = 0;
        UNROLL(4)
        for (int i = 0; i < 4; i++)
        {
            UNROLL(MT)
            for (int m = 0; m < MT; m++)
                sum[m][n][i] = 0;
            UNROLL(4)
            for (int m = 0; m < 4; m++)
                by_value[m][n][i] = 0;
        }
    }
    for (int tile = from; tile < to; tile++)
    {
        Hidden<NT> h = read_hidden<NT>(a.hidden, 8 * tile, total);
        int value[2];
        Column at[2];
        float tau[2];
        UNROLL(2)
        for (int i = 0; i < 2; i++)
        {
            at[i] = column_at(net, 8 * tile + 2 * t + i, total);
            value[i] = seen(net, a.states + (u64)at[i].place * net.sites, at[i], row_step, column_step);
            tau[i] = POTTS ? a.tau[(u64)(a.runs ? a.runs[at[i].place] : 0) * net.first_tap[net.layer_count]
                + first_tap + tap] : 0.0f;
        }
        UNROLL_OUTER(MT)
        for (int m = 0; m < MT; m++)
        {
            float z[4], dz[4] = {0, 0, 0, 0};
            UNROLL(4)
            for (int i = 0; i < 4; i++)
                z[i] = 2 * m + i / 2 < NT ? bias[(2 * m + i / 2) * 8 + g] : 0.0f;
            UNROLL(NT)
            for (int k = 0; k < NT; k++)
            {
                Pair upper = load((const Pair *)packed + (k * NT + 2 * m) * WARP + lane), lower = {0, 0};
                if (2 * m + 1 < NT)
                    lower = load((const Pair *)packed + (k * NT + 2 * m + 1) * WARP + lane);
                const float d[4] = {upper.x, upper.y, lower.x, lower.y};
                LeftTile<FAST> w;
                set_tile(w, d);
                multiply(z, w, h.of_column[k]);
            }
            UNROLL(4)
            for (int i = 0; i < 4; i++)
            {
                int n = 2 * m + i / 2, column = i % 2;      // rows g and g + 8 are two tiles of eight channels
                if (n >= NT)
                    continue;
                float dp = at[column].used
                    ? a.gradient[(u64)(8 * tile + 2 * t + column) * 8 * NT + 8 * n + g] : 0.0f;
                float e = POTTS ? load(net.embedding + (value[column] * NT + n) * 8 + g)
                    : (float)(2 * value[column] - 1);
                float sigmoid = sigmoid_of_half<FAST>(z[i]);
                dz[i] = dp * e * silu_derivative(2.0f * z[i], sigmoid);
                first_bias[n] += dz[i];
                second_bias[n] += dp * e;
                if (POTTS)
                    z[i] = dp * (2.0f * z[i] * sigmoid + bias[8 * NT + 8 * n + g] + tau[column]);
            }
            LeftTile<FAST> left;
            set_tile(left, dz);
            UNROLL(NT)
            for (int n = 0; n < NT; n++)
                multiply(sum[m][n], left, h.of_channel[n]);
            if (POTTS)
            {
                add_by_value<NT, FAST>(by_value, 2 * m, net.values, value, z[0], z[1]);
                if (2 * m + 1 < NT)
                    add_by_value<NT, FAST>(by_value, 2 * m + 1 < NT ? 2 * m + 1 : 0, net.values, value, z[2], z[3]);
            }
        }
    }
    constexpr int CP = 8 * NT;
    float *out = a.partial + ((u64)split * taps + tap) * (CP * CP + 2 * CP);
    UNROLL(NT)
    for (int n = 0; n < NT; n++)
    {
        UNROLL(MT)
        for (int m = 0; m < MT; m++)
            UNROLL(4)
            for (int i = 0; i < 4; i++)
                if (2 * m + i / 2 < NT)
                    out[((2 * m + i / 2) * 8 + g) * CP + 8 * n + 2 * t + i % 2] = sum[m][n][i];
        float b1 = sum_of_four(first_bias[n]), b2 = sum_of_four(second_bias[n]);
        if (t == 0)
        {
            out[CP * CP + 8 * n + g] = b1;
            out[CP * CP + CP + 8 * n + g] = b2;
        }
        UNROLL(4)
        for (int m = 0; POTTS && m < 4; m++)
            UNROLL(4)
            for (int i = 0; i < 4; i++)
            {
                int v = 16 * m + g + 8 * (i / 2);
                if (v < net.values)
                    a.embedding_partial[(((u64)split * taps + tap) * net.values + v) * CP + 8 * n + 2 * t + i % 2] =
                        by_value[m][n][i];
            }
    }
}

#define WEIGHTS(NT) \
    KERNEL(weights_ising_fast_##NT, WeightArguments, 128) { weights<NT, false, true>(a); } \
    KERNEL(weights_ising_##NT, WeightArguments, 128) { weights<NT, false, false>(a); } \
    KERNEL(weights_potts_fast_##NT, WeightArguments, 128) { weights<NT, true, true>(a); } \
    KERNEL(weights_potts_##NT, WeightArguments, 128) { weights<NT, true, false>(a); }

WEIGHTS(3)
WEIGHTS(8)
KERNEL(weights_ising_32, WeightArguments, 128) { weights<32, false, false>(a); }
KERNEL(weights_potts_32, WeightArguments, 128) { weights<32, true, false>(a); }
