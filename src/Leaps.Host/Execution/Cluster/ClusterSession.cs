using Leaps.Actors.Cluster;
using Leaps.Actors.Protocol;
using Leaps.Host.Commands;
using Leaps.Host.Commands.Cluster;
using Leaps.Model;

namespace Leaps.Host.Execution.Cluster;

/// <summary>A conversation with a cluster's scheduler. A command asks one thing after the other.</summary>
internal sealed class ClusterSession : IDisposable
{
    private readonly IClusterClient _client;
    private readonly CancellationToken _cancellation;

    private ClusterSession(IClusterClient client, ClusterReference cluster, CancellationToken cancellation)
    {
        _client = client;
        _cancellation = cancellation;
        Cluster = cluster;
    }

    public ClusterReference Cluster { get; }

    /// <exception cref="LeapsException">The broker can't be reached or refuses us.</exception>
    public static ClusterSession Open(ClusterConnect connect, ClusterReference cluster, JobContext context) =>
        new(connect(cluster.Configuration, context.Cancellation).GetAwaiter().GetResult(), cluster,
            context.Cancellation);

    /// <summary>The reply, which may be a refusal.</summary>
    /// <exception cref="LeapsException">No node answers.</exception>
    public ClusterReply Ask(ClusterRequest request) =>
        _client.Ask(request, _cancellation).GetAwaiter().GetResult();

    /// <summary>The reply to what is accepted.</summary>
    /// <exception cref="LeapsException">No node answers, or it is refused.</exception>
    public ClusterReply AskAccepted(ClusterRequest request)
    {
        var reply = Ask(request);
        return reply.Accepted ? reply : throw Refusal(request.Run, reply.Text);
    }

    /// <summary>All runs and nodes.</summary>
    /// <exception cref="LeapsException">No node answers, or it refuses.</exception>
    public ClusterReply List() =>
        AskAccepted(new ClusterRequest { Command = ClusterRequest.Types.Command.List });

    public void Dispose() => _client.DisposeAsync().AsTask().GetAwaiter().GetResult();

    private LeapsException Refusal(string run, string text) => new(text.Length > 0
        ? $"cluster {Cluster.Name}: {text}"
        : $"cluster {Cluster.Name} refuses without a reason{(run.Length > 0 ? $" (run {run})" : "")}: look "
            + "into the log of the node that schedules, which leaps ctl list names");
}
