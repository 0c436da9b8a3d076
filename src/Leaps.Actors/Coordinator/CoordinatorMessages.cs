using Leaps.Actors.Protocol;

namespace Leaps.Actors.Coordinator;

/// <summary>First message to a coordinator that has come to life, new or from its journal.</summary>
public sealed record Begin;

/// <summary>Now and then: the groups store their walkers, so that a crash costs no more than the time
/// since.</summary>
public sealed record SnapshotsDue;

/// <summary>As <see cref="SnapshotsDue"/>, answered by <see cref="SnapshotsTaken"/> once all are
/// durable.</summary>
public sealed record SnapshotsWanted;

/// <summary>The time that the user gave the run is over.</summary>
public sealed record TimeIsUp;

/// <summary>Whatever groups told may be lost: they are placed anew, and so tell all that is not
/// settled.</summary>
public sealed record MessagesLost;

/// <summary>So many replicas may move at the same time from now on. No result depends on it.</summary>
public sealed record CapacityChanged(int MostActive);

/// <summary>A command of the user, with the address that waits for the reply.</summary>
public sealed record ControlAsked(string Asker, ControlRequest Request);

/// <summary>The answer to <see cref="SnapshotsWanted"/>.</summary>
public sealed record SnapshotsTaken : Effect;

/// <summary>A window is settled, for whoever watches.</summary>
/// <param name="Replica">the replica</param>
/// <param name="Window">what it brought</param>
public sealed record Settled(int Replica, Model.Sampling.WindowSummary Window) : Effect;

/// <summary>The groups of the replica are needed from now on.</summary>
public sealed record EngageReplica(int Replica) : Effect;

/// <summary>No group of the replica is needed any more.</summary>
public sealed record ReleaseReplica(int Replica) : Effect;

/// <summary>The run is over: its journal says so.</summary>
/// <param name="Replicas">the first ones, complete, which are its result</param>
/// <param name="Cause">why it ended before all was done; empty where all is</param>
public sealed record EndRun(int Replicas, string Cause) : Effect;

/// <summary>The run can't go on, and its journal stays as it is: once the cause is mended, it can be
/// resumed.</summary>
public sealed record StopRun(string Cause) : Effect;
