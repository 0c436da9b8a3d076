// Parameters in the order in which the other kernels read them; run after every change of the parameters.
//
// Must equal: what Reference/ReferenceNetwork.cs does to the embedding (rows longer than 1 with max-norm), and
// the places of the tensors in Networks/LocallyEquivariantConv.cs.
// Launch: any number of threads; elements are dealt out. pack_embedding before pack_first.
//
// Where a tensor begins: offsets[0] ω, [1] embedding, [2] first convolution, [3] its positions, [4] its
// centre; then for every layer A, b1, b2, positions, centre.
#include "network.cuh"

struct PackArguments
{
    Network net;                // whose arrays are written
    const float *parameters;
    const int *offsets;
    int nt, inputs, max_norm, unused;
};

DEVICE int position_of(int tap, int centre) { return tap < centre ? tap : tap + 1; }

// Layer weights: element (k, n, lane, i) is A[c = 8n + g, tap, a = 8k + 2t + i] / 2 in `layers` and
// A[c = 8k + 2t + i, tap, a = 8n + g] in `transposed`; then b1/2 and b2.
KERNEL(pack_layers, PackArguments, 256)
{
    const Network &net = a.net;
    int nt = a.nt, weights = nt * nt * 64, record = tap_floats(nt), each = record + weights;
    int taps = net.first_tap[net.layer_count];
    u64 total = (u64)taps * each;
    for (u64 e = (u64)block_index() * block_size() + thread_index(); e < total; e += (u64)grid_size() * block_size())
    {
        int tap = (int)(e / each), at = (int)(e % each), l = 0;
        while (tap >= net.first_tap[l + 1])
            l++;
        const int *layer = a.offsets + 5 * (l + 1);
        int positions = layer[3], p = position_of(tap - net.first_tap[l], layer[4]);
        bool forward = at < record;
        float value = 0;
        if (forward && at >= weights)
        {
            int c = (at - weights) % (8 * nt), second = (at - weights) / (8 * nt);
            if (c < net.channels)
                value = a.parameters[layer[1 + second] + c * positions + p] * (second ? 1.0f : 0.5f);
        }
        else
        {
            int w = forward ? at : at - record;
            int i = w % 2, lane = w / 2 % WARP, n = w / 64 % nt, k = w / 64 / nt;
            int outer = 8 * n + lane / 4, inner = 8 * k + 2 * (lane % 4) + i;
            int c = forward ? outer : inner, from = forward ? inner : outer;
            if (c < net.channels && from < net.channels)
                value = a.parameters[layer[0] + (c * positions + p) * net.channels + from] * (forward ? 0.5f : 1.0f);
        }
        if (forward)
            ((float *)net.layers)[(u64)tap * record + at] = value;
        else
            ((float *)net.transposed)[(u64)tap * weights + at - record] = value;
    }
}

// Embedding and ω. A thread a row, the values first.
KERNEL(pack_embedding, PackArguments, 64)
{
    const Network &net = a.net;
    int row = block_index() * block_size() + thread_index(), padded = 8 * a.nt;
    bool potts = net.outputs > 1;
    if (row >= net.values + 1 + net.outputs)
        return;
    if (row > net.values)
    {
        int o = row - net.values - 1;
        for (int c = 0; c < padded; c++)
            ((float *)net.omega)[o * padded + c] =
                c < net.channels ? a.parameters[a.offsets[0] + o * net.channels + c] : 0.0f;
        return;
    }
    double squares = 0, divisor = 1;
    for (int c = 0; potts && a.max_norm && row < net.values && c < net.channels; c++)
    {
        double e = a.parameters[a.offsets[1] + row * net.channels + c];
        squares += e * e;
    }
    if (squares > 1)
        divisor = square_root(squares) + 1e-7;
    for (int c = 0; c < padded; c++)
    {
        double e = 0;
        if (row < net.values && c < net.channels)
            e = potts ? a.parameters[a.offsets[1] + row * net.channels + c] / divisor : 2.0 * row - 1;
        ((float *)net.embedding)[row * padded + c] = (float)e;
    }
}

// (taps of window 0, values + 1, CP): Σ_a W[c,a,tap] e_a(value).
KERNEL(pack_first, PackArguments, 256)
{
    const Network &net = a.net;
    int padded = 8 * a.nt;
    u64 total = (u64)net.first_taps * (net.values + 1) * padded;
    for (u64 e = (u64)block_index() * block_size() + thread_index(); e < total; e += (u64)grid_size() * block_size())
    {
        int c = (int)(e % padded), value = (int)(e / padded % (net.values + 1));
        int p = position_of((int)(e / padded / (net.values + 1)), a.offsets[4]);
        double sum = 0;
        for (int i = 0; c < net.channels && i < a.inputs; i++)
            sum += (double)a.parameters[a.offsets[2] + (c * a.inputs + i) * a.offsets[3] + p]
                * net.embedding[value * padded + i];
        ((float *)net.first)[e] = (float)sum;
    }
}
