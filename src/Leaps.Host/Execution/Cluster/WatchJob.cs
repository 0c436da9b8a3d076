using Leaps.Host.Commands;
using Leaps.Host.Commands.Cluster;
using Leaps.Host.Terminal;

namespace Leaps.Host.Execution.Cluster;

/// <summary>What `leaps ctl watch --json` prints at the end of the run.</summary>
public sealed record WatchResult(string Cluster, ListedRun Run, IReadOnlyList<ClusterEntry> Events);

/// <summary>leaps ctl watch: a look at the cluster now and then, until the run ends.</summary>
internal static class WatchJob
{
    public static JobResult Run(WatchRequest request, JobContext context, ClusterConnect connect)
    {
        using var session = ClusterSession.Open(connect, request.Cluster, context);
        var watch = new ClusterWatch(session, request.Run, context.Clock, withEvents: true);
        ClusterView? last = null;
        context.Screen.Show(show =>
        {
            while (last?.Run?.IsOver != true)
            {
                if (last is not null)
                    Pause(context, request.Interval);
                var view = watch.Look();
                var progress = watch.Progress;
                show(new Frame(() => ViewPicture.Draw(view, progress), ViewNews.Of(last, view)));
                last = view;
            }
        });
        var run = last!.Run!;
        return new JobResult(new WatchResult(last.Cluster, run, last.Events), [],
            [Ending(run, request.Cluster)]);
    }

    /// <exception cref="OperationCanceledException">Ctrl-C.</exception>
    public static void Pause(JobContext context, TimeSpan interval) =>
        Task.Delay(interval, context.Clock, context.Cancellation).GetAwaiter().GetResult();

    private static string Ending(ListedRun run, ClusterReference cluster) => run.State == "complete"
        ? $"fetch its files with leaps ctl fetch {run.Id[..8]}{cluster.Option}"
        : $"go on with it by leaps ctl resume {run.Id[..8]}{cluster.Option}";
}
