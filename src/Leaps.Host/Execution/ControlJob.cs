using System.Net.Sockets;
using Leaps.Actors.Control;
using Leaps.Actors.Journal;
using Leaps.Actors.Protocol;
using Leaps.Actors.Runtime;
using Leaps.Host.Commands;
using Leaps.Host.Configuration;
using Leaps.Model;
using Command = Leaps.Actors.Protocol.ControlRequest.Types.Command;

namespace Leaps.Host.Execution;

/// <summary>What `leaps ctl status --json` prints.</summary>
/// <param name="Directory">the run directory</param>
/// <param name="Running">whether a process works on the run now</param>
/// <param name="Status">name → value, in the order to show</param>
public sealed record RunStatus(
    string Directory, bool Running, IReadOnlyDictionary<string, string> Status);

/// <summary>What `leaps ctl log --json` prints.</summary>
public sealed record RunLog(string Directory, IReadOnlyList<LogEntry> Events);

/// <summary>What the other actions of `leaps ctl` print with --json.</summary>
public sealed record RunReply(string Directory, string Reply);

/// <summary>leaps ctl: asks the process of a run, or reads the journal where there is none.</summary>
internal static class ControlJob
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static JobResult Run(ControlCommandRequest request, JobContext context)
    {
        var directory = RunDirectory.Open(request.Directory);
        return request.Action switch
        {
            ControlAction.Status => Status(directory, context),
            ControlAction.Log => Log(directory),
            _ => Tell(directory, request, context),
        };
    }

    private static JobResult Tell(RunDirectory directory, ControlCommandRequest request, JobContext context)
    {
        var command = request.Action switch
        {
            ControlAction.Pause => Command.Pause,
            ControlAction.Resume => Command.Resume,
            ControlAction.Checkpoint => Command.Checkpoint,
            ControlAction.Cancel => Command.Cancel,
            _ => Command.Set,
        };
        var reply = Ask(directory, new ControlRequest
        {
            Command = command,
            Key = request.Key,
            Value = request.Value,
        }, context);
        if (!reply.Accepted)
            throw new LeapsException($"{directory.Path}: {reply.Text}");
        return new JobResult(new RunReply(directory.Path, reply.Text), [], [reply.Text]);
    }

    private static JobResult Status(RunDirectory directory, JobContext context)
    {
        ControlReply? reply = null;
        try
        {
            reply = Ask(directory, new ControlRequest { Command = Command.Status }, context);
        }
        catch (LeapsException error) when (IsGone(error))
        {
            // Then its journal says how far it is.
        }
        if (reply?.Accepted == false)
            throw new LeapsException($"{directory.Path}: {reply.Text}");
        bool running = reply is not null;
        List<(string Key, string Value)> entries = reply is null ? OfJournal(directory)
            : [.. reply.Entries.Select(entry => (entry.Key, entry.Value))];
        int width = entries.Max(entry => entry.Key.Length) + 2;
        List<string> lines = [.. entries.Select(entry => entry.Key.PadRight(width) + entry.Value)];
        if (!running)
            lines.Insert(0, $"no process runs {directory.Path} now; this is what its journal says");
        var status =
            new RunStatus(directory.Path, running, entries.ToDictionary(e => e.Key, e => e.Value));
        return new JobResult(status, [], lines);
    }

    private static ControlReply Ask(RunDirectory directory, ControlRequest request, JobContext context) =>
        ControlClient.Ask(directory.Path, request, Patience, context.Cancellation).GetAwaiter().GetResult();

    // Nobody listens, or nobody ever did.
    private static bool IsGone(LeapsException error) => error.InnerException is null or SocketException
    {
        SocketErrorCode: SocketError.ConnectionRefused or SocketError.AddressNotAvailable,
    };

    private static List<(string Key, string Value)> OfJournal(RunDirectory directory)
    {
        RunHistory history;
        using (var journal = SqliteJournal.OpenForReading(directory.PathOf(RunDirectory.Journal)))
            history = RunJournal.Read(journal).Aggregate(new RunHistory(), (known, item) => known.With(item));
        var entries = new List<(string, string)>();
        if (history.Trained is { Result: var trained })
            entries.Add(("training", FormattableString.Invariant($"{trained.Updates} updates done")));
        string sampling = RunDirectory.Sampling(history.Sampling);
        if (directory.Contains(sampling))
        {
            using var journal = SqliteJournal.OpenForReading(directory.PathOf(sampling));
            if (SamplingJournal.Read(journal) is { } state)
                entries.AddRange(state.Status());
        }
        if (entries.Count == 0)
            entries.Add(("state", history.Configured?.Trains == true ? "training, not at its end" : "begun"));
        return entries;
    }

    private static JobResult Log(RunDirectory directory)
    {
        var entries = JournalLog.Read(directory);
        int width = entries.Count == 0 ? 0 : entries.Max(entry => entry.Journal.Length);
        return new JobResult(new RunLog(directory.Path, entries), [], [.. entries.Select(entry =>
            FormattableString.Invariant($"{entry.Journal.PadRight(width)} {entry.Sequence,6}  ")
            + $"{entry.Kind,-18} {entry.Text}")]);
    }
}
