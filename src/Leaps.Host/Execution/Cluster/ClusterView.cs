namespace Leaps.Host.Execution.Cluster;

/// <summary>What a look at a cluster shows.</summary>
public sealed record ClusterView
{
    public required string Cluster { get; init; }
    public required DateTimeOffset Time { get; init; }
    public IReadOnlyList<ListedNode> Nodes { get; init; } = [];
    public IReadOnlyList<ListedRun> Runs { get; init; } = [];

    /// <summary>The run that is followed; null: all are.</summary>
    public ListedRun? Run { get; init; }

    /// <summary>What its home tells; empty while it has none that can.</summary>
    public IReadOnlyList<ClusterEntry> Status { get; init; } = [];

    /// <summary>Its last events.</summary>
    public IReadOnlyList<ClusterEntry> Events { get; init; } = [];

    /// <summary>Why nothing newer is known; empty: this is how it stands.</summary>
    public string Problem { get; init; } = "";

    /// <summary>How fast the run goes on, and how long it still takes; may be empty.</summary>
    public string Rate { get; init; } = "";
}
