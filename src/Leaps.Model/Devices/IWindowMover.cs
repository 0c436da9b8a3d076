using Leaps.Model.Sampling;

namespace Leaps.Model.Devices;

/// <summary>
/// A device that moves whole populations through a window by itself, without a round trip for every jump.
/// Several threads may call it; they take turns. Disposed of when none does any more.
/// </summary>
public interface IWindowMover : IDisposable
{
    /// <summary>The sweeps before a window. False, and nothing done: the device has no such kernel.</summary>
    bool TryApplyMcmc(Walkers walkers, TimeWindow window, CancellationToken cancellation);

    /// <summary>The window itself, by the integrator that the mover was made for.</summary>
    /// <exception cref="LeapsException">A rate is not finite, or the device failed.</exception>
    IntegrationCost Integrate(Walkers walkers, TimeWindow window, CancellationToken cancellation);
}
