// How the channels lie in a warp. A warp takes tiles of 16 columns (a column is a site of a walker) through
// the layers. With g = lane / 4, t = lane % 4 a lane holds of a tile the columns g and g + 8 and of every
// eight channels the two 2t and 2t + 1:
//     d[0] = (g, 2t)   d[1] = (g, 2t+1)   d[2] = (g+8, 2t)   d[3] = (g+8, 2t+1)
// which is what mma leaves in its accumulators. As its left operand mma reads columns t and t + 4 of an inner
// dimension of eight; the order of an inner dimension is free, so t stands for channel 2t and t + 4 for 2t + 1:
// the accumulators of one layer are the operand of the next one, without a shuffle.
#pragma once
#include "device.cuh"

constexpr float LOG2_E = 1.4426950408889634f;

// silu and its derivative from half the argument: the packed weights are halved, since
// silu(z) = z/2 (1 + tanh(z/2)). FAST: tanh.approx, one special-function instruction. Otherwise two, of full
// single precision.
template <bool FAST> DEVICE float sigmoid_of_half(float half)
{
    if (FAST)
        return fused(0.5f, tanh_approximate(half), 0.5f);
    return reciprocal_approximate(1.0f + exp2_approximate(-2.0f * LOG2_E * half));
}
template <bool FAST> DEVICE float silu_of_half(float half)
{
    if (FAST)
        return fused(half, tanh_approximate(half), half);
    return 2.0f * half * sigmoid_of_half<FAST>(half);
}
DEVICE float silu_derivative(float z, float sigmoid) { return sigmoid * (1.0f + z * (1.0f - sigmoid)); }

// The left operand of an inner dimension of eight channels. Otherwise than FAST a number is the sum of two of
// ten bits, and three products make single precision of it (the fourth is below its last place).
template <bool FAST> struct LeftTile
{
    float high[4], low[4];
};
template <bool FAST> DEVICE void set_tile(LeftTile<FAST> &tile, const float (&d)[4])
{
    const float a[4] = {d[0], d[2], d[1], d[3]};
    UNROLL(4)
    for (int i = 0; i < 4; i++)
    {
        tile.high[i] = to_tf32(a[i]);
        tile.low[i] = FAST ? 0.0f : to_tf32(a[i] - tile.high[i]);
    }
}
template <bool FAST> DEVICE void multiply(float (&d)[4], const LeftTile<FAST> &a, Pair b)
{
    float b0 = to_tf32(b.x), b1 = to_tf32(b.y);
    if (!FAST)
    {
        multiply_tile(d, a.high, to_tf32(b.x - b0), to_tf32(b.y - b1));
        multiply_tile(d, a.low, b0, b1);
    }
    multiply_tile(d, a.high, b0, b1);
}

// Sums over the four lanes of equal g, in one order for all of them.
DEVICE float sum_of_four(float x)
{
    x += shuffle_xor(x, 1);
    return x + shuffle_xor(x, 2);
}
