// Multilayer perceptrons of time: the time networks τ^l and the free-energy network F with its derivative in t.
//
// Must equal: Networks/Mlp.cs. In double as there: the numbers are few (at most 0.3 G operations an update of 400
// distinct times) and F's residuals are differences. Estimate: 0.1 ms an update on a GPU with full double
// rate; on one with 1/64 of it some milliseconds.
// Shapes: kept (times, networks, kept_size): for every layer the inputs x and x' (width in) and the
// pre-activations z and z' (width out); deltas likewise dz and dz' (width out).
// Launch: mlp_forward and mlp_deltas: (times, networks) blocks of 128 threads; mlp_gradient: threads over the
// parameters of a network, grid (any, networks).
#include "real.cuh"

constexpr int MOST_LAYERS = 16;

struct Mlp
{
    int layers;
    int width[MOST_LAYERS + 1], weight[MOST_LAYERS], bias[MOST_LAYERS];     // offsets into the parameters
    int output;             // of `outputs` where this network's begin
    int centre;             // an output that is left out; -1: none
};

struct MlpArguments
{
    const Mlp *networks;
    const float *parameters;
    const double *times;            // (times)
    double *kept, *deltas;
    float *outputs;                 // (times, output_stride), or null
    double *value, *slope;          // (times): the last network's only output and its derivative, or null
    const double *output_gradient;  // (times, output_stride), or null: zero
    const double *slope_gradient;   // (times), or null: zero
    double *gradient;               // (parameters), added to
    int times_count, network_count, kept_size, output_stride;
};

DEVICE double *kept_of(const MlpArguments &a, double *buffer, int time, int network)
{
    return buffer + ((u64)time * a.network_count + network) * a.kept_size;
}
DEVICE double logistic(double z) { return 1 / (1 + exponential(-z)); }

KERNEL(mlp_forward, MlpArguments, 128)
{
    int time = block_index(), network = block_index_y();
    const Mlp &mlp = a.networks[network];
    double *x = kept_of(a, a.kept, time, network);
    if (thread_index() == 0)
    {
        x[0] = a.times[time];
        x[1] = 1;
    }
    block_barrier();
    for (int l = 0; l < mlp.layers; l++)
    {
        int in = mlp.width[l], out = mlp.width[l + 1];
        double *dx = x + in, *pre = dx + in, *dpre = pre + out, *next = dpre + out;
        bool last = l == mlp.layers - 1;
        for (int o = thread_index(); o < out; o += block_size())
        {
            double z = a.parameters[mlp.bias[l] + o], dz = 0;
            const float *row = a.parameters + mlp.weight[l] + o * in;
            for (int i = 0; i < in; i++)
            {
                z += row[i] * x[i];
                dz += row[i] * dx[i];
            }
            pre[o] = z;
            dpre[o] = dz;
            if (!last)
            {
                double s = logistic(z);
                next[o] = z * s;
                next[out + o] = s * (1 + z * (1 - s)) * dz;
                continue;
            }
            int place = o - (mlp.centre >= 0 && o > mlp.centre ? 1 : 0);
            if (a.outputs && o != mlp.centre)
                a.outputs[(u64)time * a.output_stride + mlp.output + place] = (float)z;
            if (a.value)
                a.value[time] = z;
            if (a.slope)
                a.slope[time] = dz;
        }
        block_barrier();
        x = next;
    }
}

// Backwards through one time: dz and dz' of every layer.
KERNEL(mlp_deltas, MlpArguments, 128)
{
    int time = block_index(), network = block_index_y();
    const Mlp &mlp = a.networks[network];
    int place = 0;
    for (int l = 0; l < mlp.layers - 1; l++)
        place += 2 * mlp.width[l] + 2 * mlp.width[l + 1];
    for (int l = mlp.layers - 1; l >= 0; l--)
    {
        int in = mlp.width[l], out = mlp.width[l + 1];
        const double *pre = kept_of(a, a.kept, time, network) + place + 2 * in;
        double *delta = kept_of(a, a.deltas, time, network) + place + 2 * in;
        // Of the layer above, whose inputs are this one's outputs.
        const double *above = delta + 2 * out + 2 * out;
        int above_out = l + 1 < mlp.layers ? mlp.width[l + 2] : 0;
        for (int o = thread_index(); o < out; o += block_size())
        {
            if (l == mlp.layers - 1)
            {
                int at = o - (mlp.centre >= 0 && o > mlp.centre ? 1 : 0);
                bool given = a.output_gradient && o != mlp.centre;
                delta[o] = given ? a.output_gradient[(u64)time * a.output_stride + mlp.output + at] : 0;
                delta[out + o] = a.slope_gradient ? a.slope_gradient[time] : 0;
                continue;
            }
            double gx = 0, gdx = 0;
            for (int i = 0; i < above_out; i++)
            {
                double w = a.parameters[mlp.weight[l + 1] + i * out + o];
                gx += above[i] * w;
                gdx += above[above_out + i] * w;
            }
            // x = z σ, x' = silu'(z) z'
            double z = pre[o], dz = pre[out + o], s = logistic(z);
            double first = s * (1 + z * (1 - s)), second = s * (1 - s) * (2 + z * (1 - 2 * s));
            delta[o] = gx * first + gdx * second * dz;
            delta[out + o] = gdx * first;
        }
        block_barrier();
        if (l > 0)
            place -= 2 * mlp.width[l - 1] + 2 * in;
    }
}

// A thread a weight or bias: the sum over times in their order.
KERNEL(mlp_gradient, MlpArguments, 128)
{
    int network = block_index_y();
    const Mlp &mlp = a.networks[network];
    int place = 0;
    for (int l = 0; l < mlp.layers; l++)
    {
        int in = mlp.width[l], out = mlp.width[l + 1];
        for (int n = block_index() * block_size() + thread_index(); n < out * (in + 1); n += grid_size() * block_size())
        {
            int o = n / (in + 1), i = n % (in + 1);
            double sum = 0;
            for (int time = 0; time < a.times_count; time++)
            {
                const double *x = kept_of(a, a.kept, time, network) + place;
                const double *delta = kept_of(a, a.deltas, time, network) + place + 2 * in;
                sum += i == in ? delta[o] : delta[o] * x[i] + delta[out + o] * x[in + i];
            }
            a.gradient[i == in ? mlp.bias[l] + o : mlp.weight[l] + o * in + i] += sum;
        }
        place += 2 * in + 2 * out;
    }
}
