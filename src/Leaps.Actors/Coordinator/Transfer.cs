namespace Leaps.Actors.Coordinator;

/// <summary>
/// Walkers that one group hands to another, or keeps, at a resampling: a contiguous run of new slots.
/// </summary>
/// <param name="Source">group of the ancestors</param>
/// <param name="Destination">group that holds the new slots</param>
/// <param name="FirstSlot">first new slot, in the population</param>
/// <param name="Count">slots, at least 1</param>
public readonly record struct Transfer(int Source, int Destination, int FirstSlot, int Count);
