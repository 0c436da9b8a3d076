using System.Text;
using Google.Protobuf;
using Leaps.Actors.Journal;
using Leaps.Model;
using Body = Leaps.Actors.Protocol.SchedulerEvent.BodyOneofCase;

namespace Leaps.Actors.Protocol;

/// <summary>
/// The scheduler's journal to events, each checked: what comes out can be applied. All errors are
/// <see cref="LeapsException"/> and name the event by its number.
/// </summary>
public static class SchedulerEvents
{
    private const string Restore = "the journal is damaged: restore the cluster's database from a copy";

    /// <param name="journal">from its first event on</param>
    /// <exception cref="LeapsException">An event can't be read.</exception>
    public static IEnumerable<SchedulerEvent> Read(IEnumerable<JournalEvent> journal) => journal.Select(Read);

    private static SchedulerEvent Read(JournalEvent entry)
    {
        SchedulerEvent item;
        try
        {
            item = SchedulerEvent.Parser.ParseFrom(entry.Bytes.Span);
        }
        catch (Exception error) when (error is InvalidProtocolBufferException or DecoderFallbackException)
        {
            throw new LeapsException(
                $"event {entry.Sequence} of the scheduler was cut short or changed: {Restore}.", error);
        }
        if (item.BodyCase == Body.None)
        {
            throw new LeapsException(entry.Bytes.IsEmpty
                ? $"event {entry.Sequence} of the scheduler is empty: {Restore}."
                : $"event {entry.Sequence} of the scheduler is of a kind that this version of Leaps doesn't "
                    + "know: run nodes of the version that wrote it, or of a newer one.");
        }
        try
        {
            Check(item, new FieldChecks(
                FormattableString.Invariant($"event {entry.Sequence} of the scheduler ({item.BodyCase})")));
        }
        catch (ProtocolException error)
        {
            throw new LeapsException($"{error.Message.TrimEnd('.')}; {Restore}.", error);
        }
        return item;
    }

    private static void Check(SchedulerEvent item, FieldChecks checks)
    {
        switch (item.BodyCase)
        {
            case Body.EpochRaised:
                checks.Range("epoch", item.EpochRaised.Epoch, 1, int.MaxValue);
                break;
            case Body.RunSubmitted:
                ClusterValidation.CheckIdentifier("run_id", item.RunSubmitted.RunId, checks);
                ClusterValidation.CheckName("name", item.RunSubmitted.Name, checks);
                break;
            case Body.RunMoved:
                ClusterValidation.CheckIdentifier("run_id", item.RunMoved.RunId, checks);
                if (item.RunMoved.Concluded is { } concluded)
                    checks.Chosen("concluded.outcome", concluded.Outcome);
                break;
            case Body.RunScaled:
                ClusterValidation.CheckIdentifier("run_id", item.RunScaled.RunId, checks);
                checks.Range("nodes", item.RunScaled.Nodes, 0);
                break;
            case Body.RunForgotten:
                ClusterValidation.CheckIdentifier("run_id", item.RunForgotten.RunId, checks);
                break;
            case Body.NodeDrained:
                ClusterValidation.CheckName("node", item.NodeDrained.Node, checks);
                break;
        }
    }
}
