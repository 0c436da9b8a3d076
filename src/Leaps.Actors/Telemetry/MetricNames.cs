namespace Leaps.Actors.Telemetry;

/// <summary>
/// What a node tells of itself, by the names under which it arrives. Every measurement has the attributes
/// <see cref="Node"/> and, unless it is the node's own, <see cref="Run"/>.
/// </summary>
public static class MetricNames
{
    /// <summary>Of the meter and of the source of traces.</summary>
    public const string Source = "Leaps";

    public const string Windows = "leaps.windows";
    public const string Evaluations = "leaps.evaluations";
    public const string Jumps = "leaps.jumps";
    public const string Rewinds = "leaps.rewinds";
    public const string Resamplings = "leaps.resamplings";
    public const string RelativeEss = "leaps.relative_ess";
    public const string LogZ = "leaps.log_z";
    public const string LogZError = "leaps.log_z_standard_error";
    public const string Messages = "leaps.messages";
    public const string MessageBytes = "leaps.message_bytes";
    public const string TransferBytes = "leaps.transfer_bytes";
    public const string OutboxBytes = "leaps.outbox_bytes";
    public const string OutboxAge = "leaps.outbox_age";
    public const string JournalWriteSeconds = "leaps.journal_write_seconds";
    public const string JournalBytes = "leaps.journal_bytes";
    public const string HostedActors = "leaps.hosted_actors";
    public const string Restarts = "leaps.restarts";
    public const string DeadLetters = "leaps.dead_letters";
    public const string DeviceMemory = "leaps.device_memory";

    /// <summary>Attribute: the node's name.</summary>
    public const string Node = "leaps.node";

    /// <summary>Attribute: the first eight digits of the run's id.</summary>
    public const string Run = "leaps.run";

    /// <summary>Attribute: number of a replica, from 0.</summary>
    public const string Replica = "leaps.replica";

    /// <summary>Attribute: number of a walker group, from 0.</summary>
    public const string Group = "leaps.group";

    /// <summary>Attribute: number of a window, from 1.</summary>
    public const string Window = "leaps.window";

    /// <summary>Attribute: number of a resampling of its replica, from 1.</summary>
    public const string Resampling = "leaps.resampling";

    /// <summary>Attribute: "sent" or "received".</summary>
    public const string Direction = "leaps.direction";

    /// <summary>Attribute: of a message, as leaps.proto names it; of an actor, "group", "home" or
    /// "rollouts".</summary>
    public const string Kind = "leaps.kind";

    /// <summary>Span: a walker group is moved through a window. One in many is kept.</summary>
    public const string WindowSpan = "window";

    /// <summary>Span: from a group's plan of a resampling until all of its slots are filled.</summary>
    public const string ExchangeSpan = "exchange";

    /// <summary>Span: from the order to store a group's walkers until they are durable.</summary>
    public const string SnapshotSpan = "snapshot";

    /// <summary>Span: from the claim of a group by this node to the first window that it moves
    /// here.</summary>
    public const string TakeOverSpan = "take-over";
}
