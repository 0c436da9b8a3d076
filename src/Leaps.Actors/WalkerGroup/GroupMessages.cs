using Leaps.Actors.Protocol;
using Leaps.Model.Sampling;

namespace Leaps.Actors.WalkerGroup;

/// <summary>A group's walkers when so many windows were complete.</summary>
/// <param name="Window">windows complete</param>
/// <param name="Walkers">the walkers</param>
/// <param name="Weights">what was told of the window that led here; null where none did</param>
public sealed record GroupMoment(int Window, GroupWalkers Walkers, GroupWeights? Weights);

/// <summary>
/// Asks for the walkers of a moment to be moved through the next window. The answer is
/// <see cref="WindowMoved"/> with the same ticket; an order of a newer ticket replaces it.
/// </summary>
public sealed record MoveWindow(long Ticket, SamplingTask Task, int Group, GroupMoment From) : Effect;

/// <summary>The last order is of no use any more.</summary>
public sealed record AbandonMove(long Ticket) : Effect;

/// <summary>Asks for a snapshot to be made durable. The answer is <see cref="SnapshotSaved"/>.</summary>
public sealed record SaveSnapshot(Snapshot Snapshot) : Effect;

/// <summary>To the group from its device.</summary>
public sealed record WindowMoved(
    long Ticket, GroupWalkers Walkers, GroupStatistics Statistics, IntegrationCost Cost);

/// <summary>To the group from its journal.</summary>
public sealed record SnapshotSaved(Snapshot Snapshot);

/// <summary>
/// To the group from its node: it is to live elsewhere. It begins no further window, stores its walkers once
/// the windows that it has done are settled, and is gone: nothing is done twice.
/// </summary>
public sealed record LeaveNode;

/// <summary>The group has stored all that it has done, and nobody needs it here any more.</summary>
public sealed record GroupLeft : Effect;

/// <summary>First message to a group that was lost and lives again: it asks for its place.</summary>
public sealed record GroupReborn;
