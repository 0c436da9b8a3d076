using System.Globalization;
using Leaps.Actors;
using Leaps.Actors.Journal;
using Leaps.Actors.Protocol;
using Leaps.Host.Configuration;
using Leaps.Model;
using Body = Leaps.Actors.Protocol.CoordinatorEvent.BodyOneofCase;

namespace Leaps.Host.Execution;

/// <summary>An event of a journal in words.</summary>
/// <param name="Journal">name of the file</param>
/// <param name="Sequence">number of the event among those of its actor</param>
/// <param name="Kind">such as "window-settled"</param>
/// <param name="Text">the essentials, one line</param>
public sealed record LogEntry(string Journal, long Sequence, string Kind, string Text);

/// <summary>The journals of a run directory as lines, whether a process works on it or not.</summary>
internal static class JournalLog
{
    /// <summary>What the run did, then each of its samplings.</summary>
    /// <exception cref="LeapsException">A journal is damaged, or of another version.</exception>
    public static IReadOnlyList<LogEntry> Read(RunDirectory directory)
    {
        var entries = new List<LogEntry>();
        var history = new RunHistory();
        using (var journal = SqliteJournal.OpenForReading(directory.PathOf(RunDirectory.Journal)))
        {
            long sequence = 0;
            foreach (var item in RunJournal.Read(journal))
            {
                history = history.With(item);
                entries.Add(Entry(RunDirectory.Journal, ++sequence, item));
            }
        }
        foreach (string name in Enumerable.Range(1, history.Sampling).Select(RunDirectory.Sampling)
            .Where(directory.Contains))
        {
            using var journal = SqliteJournal.OpenForReading(directory.PathOf(name));
            foreach (var item in journal.Read(ActorNames.Coordinator, 1))
                entries.Add(Entry(name, item.Sequence, Parse(directory.PathOf(name), item)));
        }
        return entries;
    }

    /// <summary>The last events of a run and of its present sampling.</summary>
    /// <param name="run">the journal of the run</param>
    /// <param name="openSampling">gives the journal of a sampling, by its number; disposed of here</param>
    /// <param name="most">of each</param>
    /// <exception cref="LeapsException">A journal is damaged, or of another version.</exception>
    public static IReadOnlyList<LogEntry> Read(IJournal run, Func<int, IJournal> openSampling, int most)
    {
        var events = RunJournal.Read(run).ToList();
        var entries = events.Select((item, index) => Entry("run", index + 1, item)).TakeLast(most).ToList();
        int number = events.Aggregate(new RunHistory(), (known, item) => known.With(item)).Sampling;
        string name = FormattableString.Invariant($"sampling-{number}");
        using var journal = openSampling(number);
        long last = journal.LastSequence(ActorNames.Coordinator);
        foreach (var item in journal.Read(ActorNames.Coordinator, Math.Max(1, last - most + 1)))
            entries.Add(Entry(name, item.Sequence, Parse(name, item)));
        return entries;
    }

    private static CoordinatorEvent Parse(string path, JournalEvent item)
    {
        try
        {
            return CoordinatorEvent.Parser.ParseFrom(item.Bytes.Span);
        }
        catch (Google.Protobuf.InvalidProtocolBufferException error)
        {
            throw new LeapsException($"{path}: event {item.Sequence} can't be read: {error.Message}", error);
        }
    }

    private static LogEntry Entry(string journal, long sequence, RunEvent item)
    {
        var culture = CultureInfo.InvariantCulture;
        if (item.Configured is { } configured)
            return new LogEntry(journal, sequence, "configured", Describe(configured));
        if (item.Trained is { Result: var trained })
        {
            string best = trained.BestRelativeEss is { } ess
                ? string.Create(culture, $", best relative ESS {ess:F3} after {trained.BestUpdate}") : "";
            string why = trained.Ended is null ? "" : $": {trained.Ended}";
            return new LogEntry(journal, sequence, "trained",
                string.Create(culture, $"{trained.Updates} updates{best}{why}"));
        }
        if (item.Resumed is { } resumed)
            return new LogEntry(journal, sequence, "resumed", resumed.Resumptions.ToString(culture));
        var written = item.Written!;
        return new LogEntry(journal, sequence, "written", string.Create(culture,
            $"results of {RunDirectory.Sampling(written.Sampling)}, {written.Replicas} replicas"));
    }

    private static string Describe(RunConfigured configured)
    {
        var configuration = ConfigurationReader.ReadText(configured.Configuration, RunDirectory.Journal);
        var parts = new List<string>();
        if (configuration.Train is { } train)
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{train.Updates} updates"));
        if (configured.Purpose == RunPurpose.Run)
            parts.Add(FormattableString.Invariant($"{configuration.Sample.Replicas} replicas"));
        if (configured.Device is { } device)
            parts.Add($"device {device}");
        return string.Join(", ", parts);
    }

    private static LogEntry Entry(string journal, long sequence, CoordinatorEvent item)
    {
        var culture = CultureInfo.InvariantCulture;
        var (kind, text) = item.BodyCase switch
        {
            Body.RunStarted => ("run-started", Describe(item.RunStarted.Sampling)),
            Body.EpochRaised => ("epoch-raised", item.EpochRaised.Epoch.ToString(culture)),
            Body.WindowSettled => ("window-settled", Describe(item.WindowSettled)),
            Body.ReplicaRestarted => ("replica-restarted",
                $"replica {item.ReplicaRestarted.Replica}: {item.ReplicaRestarted.Cause}"),
            Body.ReplicaCompleted => ("replica-completed", $"replica {item.ReplicaCompleted.Replica}"),
            Body.RunExtended => ("run-extended", $"{item.RunExtended.Replicas} replicas"),
            Body.SettingChanged => ("setting-changed",
                $"{item.SettingChanged.Key} = {item.SettingChanged.Value}"),
            Body.RunEnded => ("run-ended", string.Create(culture, $"{item.RunEnded.Replicas} replicas count")
                + (item.RunEnded.Cause.Length > 0 ? $": {item.RunEnded.Cause}" : "")),
            _ => ("unknown", "an event that this version of Leaps does not know"),
        };
        return new LogEntry(journal, sequence, kind, text);
    }

    private static string Describe(SamplingSpecification sampling) => string.Create(
        CultureInfo.InvariantCulture,
        $"{sampling.Replicas} replicas of {sampling.Walkers} walkers in {sampling.Groups} groups, ")
        + string.Create(CultureInfo.InvariantCulture,
            $"{sampling.Times.Count - 1} windows, seed {sampling.Options.Seed}, device {sampling.Device}");

    private static string Describe(WindowSettled window) => string.Create(CultureInfo.InvariantCulture,
        $"replica {window.Replica}, window {window.Window}: relative ESS {window.RelativeEss:F3}, ")
        + string.Create(CultureInfo.InvariantCulture,
            $"log Z {window.LogZ:F4} ± {window.LogZStandardError:F4}")
        + (window.Weights.Count > 0 ? ", resampled" : "");
}
