// The rest of the gradient, and the adding up of partial sums in one fixed order, in double.
//
//     dω[v,c]            = Σ_columns dD_v P^n[c]       Ising: dD = (1+t) s u;  Potts: dD_v = u_v, own value -Σ u
//     dT[tap,v,c]        = Σ_{x_j = v} (1+t) dP^0[c]   of the first convolution's table T of pack.cu, whence
//     dW[c,a,tap]        = Σ_v dT[tap,v,c] e_a(v)      de_a(v) += Σ_{tap,c} dT[tap,v,c] W[c,a,tap]
//     dτ[time,tap]       = Σ_{columns of the time} Σ_c dP^{l+1}[c] e_c(x_j)
//
// Must equal: Reference/ReferenceWalker.cs, OutputsBackward, FirstConvolutionBackward and the sums over walkers.
// Launch: see each kernel. A split is a fixed part of the columns, whatever the GPU.
#include "network.cuh"

struct SumArguments
{
    Network net;
    const u8 *states;
    const int *runs;                // (walkers) or null
    const int *run_starts;          // (times + 1): first walker of each
    const float *scale;             // (times)
    const float *output_gradient, *activations, *gradients;
    const float *parameters;
    const int *offsets;             // of pack.cu
    float *partial;                 // as each kernel says
    float *projected;               // (layers, columns, values)
    double *tau_gradient;           // (times, layer taps)
    double *gradient;               // (parameters), added to
    int walkers, nt, splits, layer, inputs, unused;
};

DEVICE void split_of(const SumArguments &a, int &from, int &to)
{
    u64 total = (u64)a.walkers * a.net.sites;
    from = (int)(total * block_index_y() / grid_size_y());
    to = (int)(total * (block_index_y() + 1) / grid_size_y());
}

// partial (splits, outputs, CP). A thread a (v, c); grid (any, splits).
KERNEL(omega_partial, SumArguments, 64)
{
    const Network &net = a.net;
    int padded = 8 * a.nt, n = block_index() * block_size() + thread_index(), from, to;
    if (n >= net.outputs * padded)
        return;
    int v = n / padded, c = n % padded;
    split_of(a, from, to);
    const float *p = a.activations + (u64)net.layer_count * a.walkers * net.sites * padded;
    float sum = 0;
    for (int column = from; column < to; column++)
    {
        int walker = column / net.sites, site = column % net.sites, own = a.states[column];
        const float *u = a.output_gradient + (u64)walker * net.outputs * net.sites + site;
        float d = 0;
        if (net.outputs == 1)
            d = (own ? 1.0f : -1.0f) * a.scale[a.runs ? a.runs[walker] : 0] * u[0];
        else if (v != own)
            d = u[(u64)v * net.sites];
        else
            for (int w = 0; w < net.values; w++)
                d -= w == own ? 0.0f : u[(u64)w * net.sites];
        sum = fused(d, p[(u64)column * padded + c], sum);
    }
    a.partial[(u64)block_index_y() * net.outputs * padded + n] = sum;
}

KERNEL(omega_sum, SumArguments, 64)
{
    const Network &net = a.net;
    int padded = 8 * a.nt, n = block_index() * block_size() + thread_index();
    if (n >= net.outputs * net.channels)
        return;
    double sum = 0;
    for (int split = 0; split < a.splits; split++)
        sum += a.partial[((u64)split * net.outputs + n / net.channels) * padded + n % net.channels];
    a.gradient[a.offsets[0] + n] += sum;
}

// partial (splits, taps of window 0, values, CP). A thread a (tap, c), with a sum for every value in shared memory,
// (values, 64) floats; grid (any, splits).
KERNEL(first_partial, SumArguments, 64)
{
    const Network &net = a.net;
    int padded = 8 * a.nt, n = block_index() * block_size() + thread_index(), from, to;
    float *sums = (float *)shared_memory() + thread_index();
    if (n >= net.first_taps * padded)
        return;
    int tap = n / padded, c = n % padded, row_step = net.row_steps[tap], column_step = net.column_steps[tap];
    split_of(a, from, to);
    for (int v = 0; v < net.values; v++)
        sums[v * 64] = 0;
    for (int column = from; column < to; column++)
    {
        int walker = column / net.sites, site = column % net.sites;
        int row = site / net.columns + row_step, at = site % net.columns + column_step;
        if (net.zeros && (row < 0 || row >= net.rows || at < 0 || at >= net.columns))
            continue;
        int value = a.states[(u64)walker * net.sites + wrapped(row, net.rows) * net.columns + wrapped(at, net.columns)];
        sums[value * 64] += a.gradients[(u64)column * padded + c];
    }
    for (int v = 0; v < net.values; v++)
        a.partial[(((u64)block_index_y() * net.first_taps + tap) * net.values + v) * padded + c] = sums[v * 64];
}

// The table's gradient at (tap, v, c), over the splits in order.
DEVICE double table_gradient(const SumArguments &a, int tap, int v, int c)
{
    double sum = 0;
    for (int split = 0; split < a.splits; split++)
        sum += a.partial[(((u64)split * a.net.first_taps + tap) * a.net.values + v) * 8 * a.nt + c];
    return sum;
}

// A thread an element of W.
KERNEL(first_sum, SumArguments, 64)
{
    const Network &net = a.net;
    int n = block_index() * block_size() + thread_index();
    if (n >= net.channels * a.inputs * net.first_taps)
        return;
    int tap = n % net.first_taps, i = n / net.first_taps % a.inputs, c = n / net.first_taps / a.inputs;
    double sum = 0;
    for (int v = 0; v < net.values; v++)
        sum += table_gradient(a, tap, v, c) * net.embedding[v * 8 * a.nt + i];
    int p = tap < a.offsets[4] ? tap : tap + 1;
    a.gradient[a.offsets[2] + (c * a.inputs + i) * a.offsets[3] + p] += sum;
}

// Potts: a thread an element of the embedding.
KERNEL(first_embedding_sum, SumArguments, 64)
{
    const Network &net = a.net;
    int n = block_index() * block_size() + thread_index();
    if (n >= net.values * net.channels)
        return;
    int i = n % net.channels, v = n / net.channels;
    double sum = 0;
    for (int tap = 0; tap < net.first_taps; tap++)
    {
        int p = tap < a.offsets[4] ? tap : tap + 1;
        for (int c = 0; c < net.channels; c++)
            sum += table_gradient(a, tap, v, c)
                * a.parameters[a.offsets[2] + (c * a.inputs + i) * a.offsets[3] + p];
    }
    a.gradient[a.offsets[1] + n] += sum;
}

// One layer's weights: partial of lec_weights.cu. A thread an element of A, b1 or b2 of a tap.
KERNEL(weights_sum, SumArguments, 256)
{
    const Network &net = a.net;
    int padded = 8 * a.nt, record = padded * padded + 2 * padded, channels = net.channels;
    int taps = net.first_tap[a.layer + 1] - net.first_tap[a.layer], each = channels * (channels + 2);
    const int *layer = a.offsets + 5 * (a.layer + 1);
    for (int n = block_index() * block_size() + thread_index(); n < taps * each; n += grid_size() * block_size())
    {
        int tap = n / each, e = n % each, c = e / (channels + 2), from = e % (channels + 2);
        int at = from < channels ? c * padded + from : padded * padded + (from - channels) * padded + c;
        double sum = 0;
        for (int split = 0; split < a.splits; split++)
            sum += a.partial[((u64)split * taps + tap) * record + at];
        int p = tap < layer[4] ? tap : tap + 1, place = c * layer[3] + p;
        a.gradient[from < channels ? layer[0] + place * channels + from : layer[1 + from - channels] + place] += sum;
    }
}

// Potts: the embedding's part of one layer; partial (splits, taps, values, CP). A thread an element.
KERNEL(embedding_sum, SumArguments, 64)
{
    const Network &net = a.net;
    int taps = net.first_tap[a.layer + 1] - net.first_tap[a.layer];
    int n = block_index() * block_size() + thread_index();
    if (n >= net.values * net.channels)
        return;
    int c = n % net.channels, v = n / net.channels;
    double sum = 0;
    for (int k = 0; k < a.splits * taps; k++)
        sum += a.partial[((u64)k * net.values + v) * 8 * a.nt + c];
    a.gradient[a.offsets[1] + n] += sum;
}

// projected[l, column, v] = Σ_c dP^{l+1}[c] e_c(v). A thread an element.
KERNEL(project, SumArguments, 256)
{
    const Network &net = a.net;
    int padded = 8 * a.nt;
    u64 columns = (u64)a.walkers * net.sites, total = net.layer_count * columns * net.values;
    for (u64 n = (u64)block_index() * block_size() + thread_index(); n < total; n += (u64)grid_size() * block_size())
    {
        int v = (int)(n % net.values);
        u64 line = n / net.values + columns;        // layer l + 1
        float sum = 0;
        for (int c = 0; c < net.channels; c++)
            sum = fused(a.gradients[line * padded + c], net.embedding[v * padded + c], sum);
        a.projected[n] = sum;
    }
}

// partial (walkers, layer taps). A block a walker, a thread a tap at a time.
KERNEL(tau_partial, SumArguments, 128)
{
    const Network &net = a.net;
    int walker = block_index(), taps = net.first_tap[net.layer_count];
    u64 columns = (u64)a.walkers * net.sites;
    const u8 *state = a.states + (u64)walker * net.sites;
    for (int tap = thread_index(); tap < taps; tap += block_size())
    {
        int l = 0;
        while (tap >= net.first_tap[l + 1])
            l++;
        int row_step = net.row_steps[net.first_taps + tap], column_step = net.column_steps[net.first_taps + tap];
        const float *projected = a.projected + (l * columns + (u64)walker * net.sites) * net.values;
        float sum = 0;
        int site = 0;
        for (int row = 0; row < net.rows; row++)
        {
            int line = wrapped(row + row_step, net.rows) * net.columns;
            for (int column = 0; column < net.columns; column++, site++)
                sum += projected[site * net.values + state[line + wrapped(column + column_step, net.columns)]];
        }
        a.partial[(u64)walker * taps + tap] = sum;
    }
}

// The sum over the walkers of a time. A block a time.
KERNEL(tau_sum, SumArguments, 128)
{
    int time = block_index(), taps = a.net.first_tap[a.net.layer_count];
    for (int tap = thread_index(); tap < taps; tap += block_size())
    {
        double sum = 0;
        for (int walker = a.run_starts[time]; walker < a.run_starts[time + 1]; walker++)
            sum += a.partial[(u64)walker * taps + tap];
        a.tau_gradient[(u64)time * taps + tap] = sum;
    }
}
