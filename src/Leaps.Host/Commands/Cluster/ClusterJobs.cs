namespace Leaps.Host.Commands.Cluster;

/// <summary>The work behind the commands for clusters. A command whose job is null is not there.</summary>
public sealed record ClusterJobs
{
    /// <summary>Takes part in a cluster until it is told to end.</summary>
    public Job<NodeRequest>? Node { get; init; }

    /// <summary>Gives a run to a cluster, and may wait for its end.</summary>
    public Job<SubmitRequest>? Submit { get; init; }

    /// <summary>One question to the scheduler or to the home of a run.</summary>
    public Job<AskRequest>? Ask { get; init; }

    /// <summary>Shows what goes on, until the run ends.</summary>
    public Job<WatchRequest>? Watch { get; init; }

    /// <summary>Brings files of a run here.</summary>
    public Job<FetchRequest>? Fetch { get; init; }

    /// <summary>Lists, delivers again or throws away messages that nobody could handle.</summary>
    public Job<DeadLettersRequest>? DeadLetters { get; init; }
}
