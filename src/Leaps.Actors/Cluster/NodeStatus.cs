namespace Leaps.Actors.Cluster;

/// <summary>What a node says of itself, for whoever looks after it.</summary>
public sealed record NodeStatus
{
    /// <summary>The node's name.</summary>
    public required string Node { get; init; }

    /// <summary>This life of the node, 32 hexadecimal digits.</summary>
    public required string Session { get; init; }

    /// <summary>Of the scheduler whose assignment the node follows; 0: none yet.</summary>
    public long SchedulerEpoch { get; init; }

    /// <summary>Version of that assignment.</summary>
    public long Assignment { get; init; }

    /// <summary>The node was told to go.</summary>
    public bool IsLeaving { get; init; }

    /// <summary>What lives on it.</summary>
    public IReadOnlyList<ActorKey> Hosted { get; init; } = [];

    /// <summary>When it told the scheduler last that it lives; null: not yet.</summary>
    public DateTimeOffset? LastHeartbeat { get; init; }

    /// <summary>When broker and database both answered last; null: not yet.</summary>
    public DateTimeOffset? LastHealthy { get; init; }

    /// <summary>Which of them did not answer when it was asked last; null: both did.</summary>
    public string? Trouble { get; init; }

    /// <summary>Why the node can't go on; null: it can.</summary>
    public string? Failure { get; init; }

    /// <summary>Of the cluster: whoever is silent for so long is gone.</summary>
    public required TimeSpan Lease { get; init; }
}
