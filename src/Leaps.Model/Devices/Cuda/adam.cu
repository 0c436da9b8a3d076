// One step of Adam with bias correction, and what precedes it: the norm of the gradient, clipping.
//
// Must equal, bit for bit: Training/Adam.cs, Step, given the gradient; ClipNorm within rounding (its sum is one
// running sum, here 1024 partial sums and a tree, the same on every GPU).
// Shapes: all (parameters). Launch: norm: one block of 1024 threads, 8 KB of shared memory; adam: a thread a parameter.
// Estimate: 0.33 M parameters at 44 bytes: 5 µs; the norm as much.
#include "real.cuh"

struct AdamArguments
{
    const double *gradient;
    float *values;
    double *first_moment, *second_moment;
    const double *norm;             // or null: not clipped
    double limit;                   // of the norm; 0: none
    double rate, root;              // learning rate / (1 - β1^n), 1 / √(1 - β2^n)
    double one_minus_beta1, one_minus_beta2, epsilon;
    int count, unused;
};

KERNEL(adam, AdamArguments, 256)
{
    int i = block_index() * block_size() + thread_index();
    if (i >= a.count)
        return;
    double g = a.gradient[i];
    if (a.norm && a.limit > 0 && *a.norm > a.limit)
        g *= a.limit / *a.norm;
    double first = a.first_moment[i], second = a.second_moment[i];
    first += a.one_minus_beta1 * (g - first);
    second += a.one_minus_beta2 * (g * g - second);
    a.first_moment[i] = first;
    a.second_moment[i] = second;
    a.values[i] = (float)(a.values[i] - a.rate * first / (a.root * square_root(second) + a.epsilon));
}

struct NormArguments
{
    const double *gradient;
    double *norm;
    int count, unused;
};

KERNEL(norm, NormArguments, 1024)
{
    double *shared = (double *)shared_memory(), sum = 0;
    int me = thread_index();
    for (int i = me; i < a.count; i += block_size())
        sum += a.gradient[i] * a.gradient[i];
    shared[me] = sum;
    for (int half = block_size() / 2; half > 0; half /= 2)
    {
        block_barrier();
        if (me < half)
            shared[me] += shared[me + half];
    }
    if (me == 0)
        *a.norm = square_root(shared[0]);
}
