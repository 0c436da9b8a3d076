using Leaps.Model.Random;
using Leaps.Model.Targets;

namespace Leaps.Model.Sampling.Mcmc;

/// <summary>
/// A Markov kernel on the states of one walker that leaves ρ_t invariant. An instance serves one thread:
/// it holds the tables of the time last prepared and scratch memory; a sweep allocates nothing.
/// </summary>
public abstract class McmcKernel(Target target)
{
    public Target Target { get; } = target;

    /// <summary>Makes the tables for annealing time t; to be called before the sweeps at that time.</summary>
    public abstract void Prepare(double time);

    /// <summary>One sweep over the state (sites), in place.</summary>
    public abstract void Sweep(Span<byte> state, ref RandomStream stream);
}
