namespace Leaps.Simulation.Tests;

/// <summary>Faults that no actor can bear, to prove that the checkers see them.</summary>
internal enum Sabotage
{
    None,

    /// <summary>All walkers that one group hands to another at one resampling are lost for good.</summary>
    LoseTransfer,

    /// <summary>A transfer comes twice, the second time with another walker.</summary>
    AlterTransfer,

    /// <summary>An event is not written, and its effects leave all the same.</summary>
    SkipEvent,

    /// <summary>Effects leave before their events are durable.</summary>
    HurryEffects,

    /// <summary>A group is told another window than that of its snapshot.</summary>
    MislabelSnapshot,

    /// <summary>Two walkers of a snapshot change places.</summary>
    SwapWalkers,

    /// <summary>Weights told by a group change on the way.</summary>
    AlterSummary,
}
