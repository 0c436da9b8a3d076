using Leaps.Model.Networks;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;
using Leaps.Model.Training;

namespace Leaps.Model.Devices;

/// <summary>
/// A locally equivariant network made ready on one device: it holds the parameters in the device's own
/// form, and hands out evaluators, one a thread. Disposed of after whatever it made: then its device has its
/// memory back.
/// </summary>
public abstract class RateNetwork(LocallyEquivariantConv architecture) : IDisposable
{
    public LocallyEquivariantConv Architecture { get; } = architecture;

    /// <summary>
    /// The kind of device, e.g. "simd-avx2". Runs are bit-identical only on devices of one kind.
    /// </summary>
    public abstract string DeviceKind { get; }

    /// <summary>
    /// Populations that the device moves at once by <see cref="CreateMover"/>; 0: the CPU's threads move
    /// them, block by block.
    /// </summary>
    public virtual int PopulationsAtOnce => 0;

    /// <summary>Takes over new parameter values. No evaluator may be at work meanwhile.</summary>
    public abstract void Load(ParameterSet parameters);

    public abstract RateEvaluator CreateEvaluator();

    /// <summary>
    /// What moves whole populations on this device; null where its evaluators serve the CPU's loops.
    /// </summary>
    /// <exception cref="LeapsException">The device failed.</exception>
    public virtual IWindowMover? CreateMover(Target target, AnnealerOptions options) => null;

    /// <summary>
    /// What does whole updates of training on this device; null where its evaluators serve the CPU's.
    /// </summary>
    /// <param name="target">what the network is to sample</param>
    /// <param name="model">whose network this is, its parameters loaded</param>
    /// <param name="batch">pairs of every batch</param>
    /// <param name="gradientClip">longest gradient; 0: any</param>
    /// <exception cref="LeapsException">The device failed, or can't train such a network.</exception>
    public virtual ITrainingStep? CreateTrainingStep(
        Target target, LeapsModel model, int batch, double gradientClip) => null;

    public virtual void Dispose() => GC.SuppressFinalize(this);
}

/// <summary>A site of a followed walker has changed its value.</summary>
/// <param name="Place">index of the walker in the followed batch</param>
/// <param name="Site">the site</param>
/// <param name="Previous">its value before</param>
public readonly record struct SiteJump(int Place, int Site, byte Previous);

/// <summary>
/// Evaluates a network for one thread, with scratch memory of its own. After warm-up at a batch size
/// nothing is allocated. The result for a walker never depends on the others of its batch.
/// </summary>
public abstract class RateEvaluator(LocallyEquivariantConv architecture) : IDisposable
{
    public LocallyEquivariantConv Architecture { get; } = architecture;

    /// <summary>G_t(x; i→v) of every walker, all at one time.</summary>
    /// <param name="states">(walkers, sites)</param>
    /// <param name="walkers">batch size</param>
    /// <param name="time">annealing time</param>
    /// <param name="output">(walkers, outputs per site, sites): signed; zero for null jumps</param>
    public abstract void Evaluate(ReadOnlySpan<byte> states, int walkers, double time, Span<float> output);

    private double _followedTime;

    /// <summary>
    /// As <see cref="Evaluate"/>, and stays with these walkers: <see cref="FollowJumps"/> then brings their
    /// outputs up to date after jumps, which may be much cheaper than evaluating them anew.
    /// </summary>
    /// <param name="states">(walkers, sites)</param>
    /// <param name="walkers">number of places</param>
    /// <param name="time">annealing time, the same until the next call</param>
    /// <param name="output">(walkers, outputs per site, sites)</param>
    public virtual void Follow(ReadOnlySpan<byte> states, int walkers, double time, Span<float> output)
    {
        _followedTime = time;
        Evaluate(states, walkers, time, output);
    }

    /// <summary>
    /// The outputs of the followed walkers that jumped, at most one jump each since the last call.
    /// </summary>
    /// <param name="states">(walkers, sites), after the jumps</param>
    /// <param name="jumps">who jumped where</param>
    /// <param name="output">(walkers, outputs per site, sites); the others' entries are left alone</param>
    /// <remarks>
    /// A device may carry rounding errors from jump to jump (of the order of single precision): the numbers
    /// are a function of the walker's states since <see cref="Follow"/>, not of the last state alone.
    /// </remarks>
    public virtual void FollowJumps(ReadOnlySpan<byte> states, ReadOnlySpan<SiteJump> jumps,
        Span<float> output)
    {
        int sites = Architecture.Lattice.Sites, outputs = Architecture.Outputs;
        foreach (var jump in jumps)
            Evaluate(states.Slice(jump.Place * sites, sites), 1, _followedTime,
                output.Slice(jump.Place * outputs, outputs));
    }

    /// <summary>
    /// As <see cref="Evaluate"/>, a time for each walker; kept for <see cref="Backward"/>, which has to come
    /// before any other evaluation and before new parameters.
    /// </summary>
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

    public virtual void Dispose() => GC.SuppressFinalize(this);
}
