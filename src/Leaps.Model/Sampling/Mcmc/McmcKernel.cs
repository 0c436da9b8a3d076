using Leaps.Model.Random;
using Leaps.Model.Targets;

namespace Leaps.Model.Sampling.Mcmc;

/// <summary>
/// A Markov kernel on the states of one walker that leaves ρ_t invariant. An instance serves one thread:
/// it holds the tables of the time last prepared and scratch memory; a sweep allocates nothing.
/// </summary>
/// <remarks>
/// Probabilities are compared with random words exactly (to 2^-64): one 32-bit word decides, and only
/// when it ties with the threshold, once in 2^32, a second one is drawn. Each kernel documents the order
/// in which it takes words from the stream.
/// </remarks>
public abstract class McmcKernel(Target target)
{
    public Target Target { get; } = target;

    /// <summary>Makes the tables for annealing time t; to be called before the sweeps at that time.</summary>
    public abstract void Prepare(double time);

    /// <summary>One sweep over the state (sites), in place.</summary>
    public abstract void Sweep(Span<byte> state, ref RandomStream stream);

    /// <summary>The kernel that the options name, or null for <see cref="McmcKernelKind.None"/>.</summary>
    /// <exception cref="LeapsException">The kernel does not know this kind of target.</exception>
    public static McmcKernel? Create(McmcOptions options, Target target) => options.Kernel switch
    {
        McmcKernelKind.Metropolis => new Metropolis(target, options.Moves),
        McmcKernelKind.HeatBath => new HeatBath(target, options.Moves),
        McmcKernelKind.MetropolisSweep => new MetropolisSweep(target),
        McmcKernelKind.HeatBathSweep => new HeatBathSweep(target),
        McmcKernelKind.SwendsenWang => new SwendsenWang(target),
        McmcKernelKind.Wolff => new Wolff(target),
        _ => null,
    };
}
