using Leaps.Model.Networks;

namespace Leaps.Model.Devices;

/// <summary>
/// A locally equivariant network made ready on one device: it holds the parameters in the device's own
/// form, and hands out evaluators, one a thread.
/// </summary>
public abstract class RateNetwork(LocallyEquivariantConv architecture)
{
    public LocallyEquivariantConv Architecture { get; } = architecture;

    /// <summary>
    /// The kind of device, e.g. "simd-avx2". Runs are bit-identical only on devices of one kind.
    /// </summary>
    public abstract string DeviceKind { get; }

    /// <summary>Takes over new parameter values. No evaluator may be at work meanwhile.</summary>
    public abstract void Load(ParameterSet parameters);

    public abstract RateEvaluator CreateEvaluator();
}

/// <summary>
/// Evaluates a network for one thread, with scratch memory of its own. After warm-up at a batch size
/// nothing is allocated. The result for a walker never depends on the others of its batch.
/// </summary>
public abstract class RateEvaluator
{
    /// <summary>G_t(x; i→v) of every walker, all at one time.</summary>
    /// <param name="states">(walkers, sites)</param>
    /// <param name="walkers">batch size</param>
    /// <param name="time">annealing time</param>
    /// <param name="output">(walkers, outputs per site, sites): signed; zero for null jumps</param>
    public abstract void Evaluate(ReadOnlySpan<byte> states, int walkers, double time, Span<float> output);

    /// <summary>As <see cref="Evaluate"/>, a time for each walker; kept for <see cref="Backward"/>.</summary>
    /// <param name="states">(walkers, sites)</param>
    /// <param name="times">(walkers); equal neighbours share the work of the time network</param>
    /// <param name="output">(walkers, outputs per site, sites)</param>
    public abstract void Forward(ReadOnlySpan<byte> states, ReadOnlySpan<double> times, Span<float> output);

    /// <summary>
    /// Adds to <paramref name="gradient"/> the gradient of Σ u·G over the batch of the last
    /// <see cref="Forward"/> with respect to every parameter of the architecture's layout.
    /// </summary>
    /// <param name="outputGradient">u, (walkers, outputs per site, sites)</param>
    /// <param name="gradient">flat vector of the parameters given to <see cref="RateNetwork.Load"/></param>
    public abstract void Backward(ReadOnlySpan<float> outputGradient, Span<double> gradient);
}
