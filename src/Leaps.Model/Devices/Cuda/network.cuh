// The network as the kernels read it: Networks/LocallyEquivariantConv.cs, packed by pack.cu.
//
// C channels are padded to CP = 8 NT with zeros. A tap is a position of a window other than the centre; taps
// are numbered through all windows, those of the first convolution first. A site has `values` values; the
// value `values` stands for "outside the lattice", whose embedding is zero.
#pragma once
#include "fragments.cuh"

struct Network
{
    const int *row_steps, *column_steps;    // (taps): from a site to what it sees
    const int *first_tap;                   // (layers + 1): of each layer, counted without the first convolution
    const float *first;                     // (taps of window 0, values + 1, CP): Σ_a W[c,a,tap] e_a(value)
    const float *embedding;                 // (values + 1, CP): e_c(value)
    const float *layers;                    // (layer taps, tap_floats(NT)): see pack.cu
    const float *transposed;                // (layer taps, NT, NT, 32 lanes, 2): the same weights the other way
    const float *omega;                     // (outputs per site, CP)
    int rows, columns, sites, values;
    int outputs;                            // per site: 1 (Ising) or q (Potts)
    int first_taps, layer_count;
    int zeros;                              // the first convolution sees zeros outside the lattice
    int channels, unused;
};

// Weights in the order of the right operand, (NT, NT, 32 lanes, 2); then b1/2 and b2, (CP) each.
DEVICE constexpr int tap_floats(int nt) { return nt * nt * 64 + 16 * nt; }

DEVICE int wrapped(int x, int side)
{
    x %= side;
    return x < 0 ? x + side : x;
}

// A column of the batch: which walker's which site. Columns beyond the last stand for column 0, with used = 0.
struct Column { int place, site, row, column, used; };

DEVICE Column column_at(const Network &net, int index, int total)
{
    Column c;
    c.used = index < total;
    index = c.used ? index : 0;
    c.place = index / net.sites;
    c.site = index - c.place * net.sites;
    c.row = c.site / net.columns;
    c.column = c.site - c.row * net.columns;
    return c;
}

// The value that a column sees through a tap of a periodic window.
DEVICE int seen(const Network &net, const u8 *state, const Column &c, int row_step, int column_step)
{
    return state[wrapped(c.row + row_step, net.rows) * net.columns + wrapped(c.column + column_step, net.columns)];
}
