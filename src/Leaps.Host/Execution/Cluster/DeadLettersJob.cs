using System.Globalization;
using Leaps.Host.Commands;
using Leaps.Host.Commands.Cluster;
using Leaps.Host.Terminal;

namespace Leaps.Host.Execution.Cluster;

/// <summary>What `leaps ctl dead-letters --json` prints.</summary>
/// <param name="Cluster">its name</param>
/// <param name="Action">what was done with them</param>
/// <param name="Letters">of list; else empty</param>
/// <param name="Count">how many there are, were delivered or thrown away</param>
public sealed record DeadLettersResult(string Cluster, DeadLettersAction Action, int Count,
    IReadOnlyList<ClusterDeadLetter> Letters);

/// <summary>leaps ctl dead-letters: at the broker itself. A run that is named by its identifier needs no
/// node.</summary>
internal static class DeadLettersJob
{
    public static JobResult Run(DeadLettersRequest request, JobContext context, ClusterConnect connect,
        DeadLettersOpen open)
    {
        var run = Find(request, context, connect);
        var letters = open(request.Cluster.Configuration, context.Cancellation).GetAwaiter().GetResult();
        try
        {
            return Work(request, run, letters, context.Cancellation);
        }
        finally
        {
            letters.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    private static JobResult Work(DeadLettersRequest request, Guid? run, IDeadLetters letters,
        CancellationToken cancellation)
    {
        string cluster = request.Cluster.Name;
        if (request.Action == DeadLettersAction.List)
        {
            ClusterDeadLetter[] found = [.. letters.List(run, cancellation).GetAwaiter().GetResult()];
            return new JobResult(new DeadLettersResult(cluster, request.Action, found.Length, found), [],
                found.Length == 0 ? ["there are no dead letters"] : [])
            {
                Tables = found.Length == 0 ? [] : [Table(found)],
            };
        }
        bool retries = request.Action == DeadLettersAction.Retry;
        int count = (retries ? letters.Retry(run, cancellation) : letters.Purge(run, cancellation))
            .GetAwaiter().GetResult();
        string line = FormattableString.Invariant($"{count} dead letters ")
            + (retries ? "were delivered again" : "were thrown away");
        return new JobResult(new DeadLettersResult(cluster, request.Action, count, []), [], [line]);
    }

    private static Guid? Find(DeadLettersRequest request, JobContext context, ClusterConnect connect)
    {
        if (request.Run is not { } name)
            return null;
        if (Guid.TryParse(name, out var id))
            return id;
        using var session = ClusterSession.Open(connect, request.Cluster, context);
        ListedRun[] runs = [.. session.List().Runs.Select(ListedRun.Of)];
        return Guid.ParseExact(ListedRun.Find(runs, name).Id, "N");
    }

    private static ResultTable Table(IEnumerable<ClusterDeadLetter> letters) => new("",
        ["run", "for", "from", "kind", "reason", "since (UTC)", " bytes"],
        [.. letters.Select(letter => (IReadOnlyList<string>)
        [
            letter.Run.Length == 0 ? "(cluster)" : letter.Run[..8], letter.Actor,
            letter.Sender, letter.Kind, letter.Reason,
            letter.Time?.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) ?? "",
            ListedRun.Number(letter.Bytes),
        ])]);
}
