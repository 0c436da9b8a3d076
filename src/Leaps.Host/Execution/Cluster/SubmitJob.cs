using Leaps.Host.Commands;
using Leaps.Host.Commands.Cluster;
using Leaps.Model;
using Leaps.Model.Devices;

namespace Leaps.Host.Execution.Cluster;

/// <summary>What `leaps submit --json` prints.</summary>
/// <param name="Cluster">its name</param>
/// <param name="Run">its identifier, 32 hexadecimal digits</param>
/// <param name="Name">for people</param>
/// <param name="Reply">what the cluster said</param>
/// <param name="State">at the end, with --wait; else null</param>
/// <param name="Directory">of the files, with --wait; else null</param>
/// <param name="Files">that were fetched</param>
public sealed record SubmitResult(string Cluster, string Run, string Name, string Reply, string? State,
    string? Directory, IReadOnlyList<FetchedFile> Files);

/// <summary>leaps submit: give a run to a cluster, and with --wait stay until it ends.</summary>
internal static class SubmitJob
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    public static JobResult Run(SubmitRequest request, JobContext context, ClusterConnect connect)
    {
        if (request.Configuration.Device.Kind == DeviceSelectionKind.Cuda)
            context.Notice($"device {request.Configuration.Device} does not count in a cluster: there each "
                + "node's own does (node.device in its file)");
        var message = Submission.Create(request, context.Notice);
        using var session = ClusterSession.Open(connect, request.Cluster, context);
        string reply = session.AskAccepted(message).Text;
        var result = new SubmitResult(
            request.Cluster.Name, request.Run.ToString("N"), request.Name, reply, null, null, []);
        string watch = $"leaps ctl watch {result.Run[..8]}{request.Cluster.Option}";
        if (!request.Waits)
        {
            return new JobResult(result, [],
            [
                reply.Length > 0 ? reply : $"run {request.Name} is submitted",
                $"its identifier is {result.Run}",
                $"watch it with {watch}",
            ]);
        }
        context.Notice($"{reply}; its identifier is {result.Run}");
        try
        {
            return Wait(request, result, session, context);
        }
        catch (OperationCanceledException cause) when (context.Cancellation.IsCancellationRequested)
        {
            throw new InterruptedRunException($"interrupted; the run goes on: {watch}", cause);
        }
    }

    private static JobResult Wait(
        SubmitRequest request, SubmitResult result, ClusterSession session, JobContext context)
    {
        var watch = new ClusterWatch(session, result.Run, context.Clock, withEvents: false);
        var view = Follow(watch, context);
        var run = view.Run!;
        string directory = request.Configuration.Output;
        var fetch = new FileFetch(session, result.Run, context);
        var names = fetch.Names();
        result = result with
        {
            State = run.State,
            Directory = directory,
            Files = names.Count > 0 ? fetch.Bring(directory, names) : [],
        };
        var lines = FetchJob.Lines(run.Name, directory, result.Files);
        if (run.State == "complete")
            return new JobResult(result, [], [$"run {run.Name} is {run.StateText}", .. lines]);
        string files = names.Count > 0 ? $"; its files are in {directory}" : "";
        throw new LeapsException($"run {run.Name} is {run.StateText}{files}; go on with it by leaps ctl "
            + $"resume {run.Id[..8]}{request.Cluster.Option}");
    }

    private static ClusterView Follow(ClusterWatch watch, JobContext context)
    {
        ClusterView? last = null;
        while (true)
        {
            var view = watch.Look();
            Tell(last, view, context.Notice);
            if (view.Run!.IsOver)
                return view;
            if (view.Problem.Length == 0 && watch.Progress is { } progress)
                context.Progress.Report(progress.Stage, progress.Done, progress.Total, progress.Detail);
            last = view;
            WatchJob.Pause(context, Interval);
        }
    }

    private static void Tell(ClusterView? last, ClusterView view, Action<string> notice)
    {
        if (view.Problem.Length > 0)
        {
            if (view.Problem != last?.Problem)
                notice($"{view.Problem}; trying again");
            return;
        }
        if (view.Run is { IsOver: false } run && last?.Run?.StateText != run.StateText)
            notice($"run {run.Name} is {run.StateText}");
    }
}
