using Leaps.Actors.Protocol;

namespace Leaps.Simulation.Tests;

/// <summary>What the user does after a while; the next step comes once this one is answered.</summary>
/// <param name="Delay">microseconds after the step before</param>
/// <param name="Request">the command; null: snapshots are wanted</param>
internal sealed record UserStep(long Delay, ControlRequest? Request);
