using Leaps.Actors.Protocol;
using Leaps.Model;

namespace Leaps.Actors.Cluster;

/// <summary>What the command line has of a cluster: questions to its scheduler.</summary>
public interface IClusterClient : IAsyncDisposable
{
    /// <summary>
    /// Asks, and asks again until somebody answers: every request may be repeated without harm.
    /// </summary>
    /// <param name="request">its number is set here</param>
    /// <param name="cancellation">ends the wait</param>
    /// <exception cref="LeapsException">No node of the cluster answers in time.</exception>
    Task<ClusterReply> Ask(ClusterRequest request, CancellationToken cancellation);
}
