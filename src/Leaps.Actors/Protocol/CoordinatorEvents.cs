using System.Text;
using Google.Protobuf;
using Leaps.Actors.Journal;
using Leaps.Model;
using Body = Leaps.Actors.Protocol.CoordinatorEvent.BodyOneofCase;

namespace Leaps.Actors.Protocol;

/// <summary>
/// The coordinator's journal to events, each checked by itself and against those before it: what comes out
/// can be applied. All errors are <see cref="LeapsException"/> and name the event by its number.
/// </summary>
public static class CoordinatorEvents
{
    private const string Restore = "the journal is damaged: restore the run's directory from a copy";

    /// <param name="journal">from its first event on</param>
    /// <exception cref="LeapsException">An event can't be read, or can't follow those before it.</exception>
    public static IEnumerable<CoordinatorEvent> Read(IEnumerable<JournalEvent> journal)
    {
        SamplingSpecification? sampling = null;
        int replicas = 0;
        var settled = new Dictionary<int, int>();
        foreach (var entry in journal)
        {
            var item = Read(entry);
            var checks = Checks(entry.Sequence, item.BodyCase);
            Checked(() =>
            {
                if (sampling is null != (item.BodyCase == Body.RunStarted))
                    throw checks.Wrong("a journal has one RunStarted, at its beginning.");
                switch (item.BodyCase)
                {
                    case Body.RunStarted:
                        sampling = item.RunStarted.Sampling;
                        replicas = sampling.Replicas;
                        break;
                    case Body.RunExtended:
                        replicas = item.RunExtended.Replicas;
                        break;
                    case Body.RunEnded:
                        checks.Range("replicas", item.RunEnded.Replicas, 0, replicas);
                        break;
                    case Body.ReplicaCompleted:
                        checks.Range("replica", item.ReplicaCompleted.Replica, 0, replicas - 1);
                        break;
                    case Body.ReplicaRestarted:
                        checks.Range("replica", item.ReplicaRestarted.Replica, 0, replicas - 1);
                        settled.Remove(item.ReplicaRestarted.Replica);
                        break;
                    case Body.WindowSettled:
                        checks.Range("replica", item.WindowSettled.Replica, 0, replicas - 1);
                        CheckNext(item.WindowSettled, sampling!, settled, checks);
                        break;
                }
            });
            yield return item;
        }
    }

    /// <summary>One event, by itself.</summary>
    /// <exception cref="LeapsException">It can't be read.</exception>
    public static CoordinatorEvent Read(JournalEvent entry)
    {
        CoordinatorEvent item;
        try
        {
            item = CoordinatorEvent.Parser.ParseFrom(entry.Bytes.Span);
        }
        catch (Exception error) when (error is InvalidProtocolBufferException or DecoderFallbackException)
        {
            throw new LeapsException(
                $"event {entry.Sequence} of the coordinator was cut short or changed: {Restore}.", error);
        }
        if (item.BodyCase == Body.None)
        {
            throw new LeapsException(entry.Bytes.IsEmpty
                ? $"event {entry.Sequence} of the coordinator is empty: {Restore}."
                : $"event {entry.Sequence} of the coordinator is of a kind that this version of Leaps "
                    + "doesn't know: resume the run with the version that wrote it, or a newer one.");
        }
        Checked(() => Check(item, Checks(entry.Sequence, item.BodyCase)));
        return item;
    }

    private static FieldChecks Checks(long number, Body body) =>
        new(FormattableString.Invariant($"event {number} of the coordinator ({body})"));

    private static void Checked(Action check)
    {
        try
        {
            check();
        }
        catch (ProtocolException error)
        {
            throw new LeapsException($"{error.Message.TrimEnd('.')}; {Restore}.", error);
        }
    }

    private static void Check(CoordinatorEvent item, FieldChecks checks)
    {
        switch (item.BodyCase)
        {
            case Body.RunStarted:
                SamplingValidation.Check(item.RunStarted.Sampling, checks);
                break;
            case Body.EpochRaised:
                checks.Range("epoch", item.EpochRaised.Epoch, 1, int.MaxValue);
                break;
            case Body.WindowSettled:
                Check(item.WindowSettled, checks);
                break;
            case Body.RunExtended:
                checks.Range("replicas", item.RunExtended.Replicas, 1, SamplingValidation.MostReplicas);
                break;
            case Body.SettingChanged when item.SettingChanged.Key.Length == 0:
                throw checks.Wrong("key is missing.");
        }
    }

    private static void Check(WindowSettled settled, FieldChecks checks)
    {
        checks.Range("window", settled.Window, 1);
        checks.Range("relative_ess", settled.RelativeEss, 0, SamplingValidation.Rounding);
        checks.Finite("log_z", settled.LogZ);
        if (settled.LogZStandardError < 0)      // NaN: unknown, of a single walker
            throw checks.Wrong("log_z_standard_error is negative.");
        checks.Range("evaluations", settled.Evaluations, 0);
        checks.Range("jumps", settled.Jumps, 0);
        for (int g = 0; g < settled.Weights.Count; g++)
        {
            string field = FormattableString.Invariant($"weights[{g}]");
            SamplingValidation.Check(field, settled.Weights[g], checks);
        }
        foreach (var share in settled.Residuals)
            SamplingValidation.Check(share, checks);
    }

    private static void CheckNext(WindowSettled item, SamplingSpecification sampling,
        Dictionary<int, int> settled, FieldChecks checks)
    {
        int next = settled.GetValueOrDefault(item.Replica) + 1;
        checks.Range("window", item.Window, next, Math.Min(next, sampling.Times.Count - 1));
        settled[item.Replica] = next;
        bool resampled = item.Weights.Count > 0;
        if (resampled)
            checks.Length("weights", item.Weights.Count, sampling.Groups);
        bool residual = sampling.Options.Scheme == SamplingOptions.Types.Scheme.Residual;
        checks.Length("residuals", item.Residuals.Count, resampled && residual ? sampling.Groups : 0);
    }
}
