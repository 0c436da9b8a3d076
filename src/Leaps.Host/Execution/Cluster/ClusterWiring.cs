using Leaps.Actors.Cluster;
using Leaps.Host.Commands;
using Leaps.Host.Commands.Cluster;
using Leaps.Host.Configuration.Cluster;

namespace Leaps.Host.Execution.Cluster;

/// <summary>Connects to the scheduler of a cluster; the client is its owner's to dispose of.</summary>
/// <exception cref="Leaps.Model.LeapsException">The broker can't be reached or refuses us.</exception>
public delegate Task<IClusterClient> ClusterConnect(
    ClusterConfiguration cluster, CancellationToken cancellation);

/// <summary>Opens the dead letters of a cluster's broker; its owner's to dispose of.</summary>
/// <exception cref="Leaps.Model.LeapsException">The broker can't be reached or refuses us.</exception>
public delegate Task<IDeadLetters> DeadLettersOpen(
    ClusterConfiguration cluster, CancellationToken cancellation);

/// <summary>
/// How the commands reach real servers. What is null, the program does not have: its commands are absent.
/// </summary>
public sealed record ClusterWiring
{
    public ClusterConnect? Connect { get; init; }
    public DeadLettersOpen? OpenDeadLetters { get; init; }

    /// <summary>The node itself.</summary>
    public Job<NodeRequest>? Node { get; init; }

    internal ClusterJobs CreateJobs()
    {
        var jobs = new ClusterJobs { Node = Node };
        if (Connect is not { } connect)
            return jobs;
        jobs = jobs with
        {
            Ask = (request, context) => AskJob.Run(request, context, connect),
            Submit = (request, context) => SubmitJob.Run(request, context, connect),
            Watch = (request, context) => WatchJob.Run(request, context, connect),
            Fetch = (request, context) => FetchJob.Run(request, context, connect),
        };
        return OpenDeadLetters is not { } open ? jobs : jobs with
        {
            DeadLetters = (request, context) => DeadLettersJob.Run(request, context, connect, open),
        };
    }
}
