using Leaps.Actors.Journal;
using Leaps.Host.Configuration;
using Leaps.Model;

namespace Leaps.Host.Execution;

/// <summary>
/// journal.db of a run directory: what the run is and how far it came, as events of the actor "run", and
/// beside them the journal of its training. Each sampling has a file of its own.
/// </summary>
internal sealed class RunJournal : IDisposable
{
    public const string Actor = "run";

    private RunJournal(SqliteJournal journal)
    {
        Journal = journal;
        History = Read(journal).Aggregate(new RunHistory(), (history, item) => history.With(item));
    }

    public IJournal Journal { get; }

    /// <summary>The run, as whoever asks it must name it.</summary>
    public required Guid Run { get; init; }

    public RunHistory History { get; private set; }

    /// <exception cref="LeapsException">The file can't be made.</exception>
    public static RunJournal Create(RunDirectory directory)
    {
        var run = Guid.NewGuid();
        return new RunJournal(SqliteJournal.Create(directory.PathOf(RunDirectory.Journal), run.ToString("D")))
        {
            Run = run,
        };
    }

    /// <exception cref="LeapsException">The file is damaged or of another version.</exception>
    public static RunJournal Open(RunDirectory directory, Action<string> notice)
    {
        string path = directory.PathOf(RunDirectory.Journal);
        string run;
        using (var first = SqliteJournal.OpenForReading(path))
            run = first.Run;
        if (!Guid.TryParseExact(run, "D", out var id))
            throw new LeapsException($"{path} is the journal of '{run}', which is no run: restore it from a "
                + "copy, or start the run anew.");
        var journal = SqliteJournal.Open(path, run, new JournalOptions { Notice = notice });
        try
        {
            return new RunJournal(journal) { Run = id };
        }
        catch
        {
            journal.Dispose();
            throw;
        }
    }

    /// <summary>The events of a journal that may be in use, in order.</summary>
    public static IEnumerable<RunEvent> Read(IJournal journal) =>
        journal.Read(Actor, 1).Select(item => RunEvent.FromBytes(item.Bytes.Span));

    /// <summary>Durable when this returns.</summary>
    public void Record(RunEvent item)
    {
        Journal.Append(Actor, Journal.LastSequence(Actor), [item.ToBytes()]);
        History = History.With(item);
    }

    /// <summary>The journal of the present sampling, made where it is not there yet.</summary>
    /// <exception cref="LeapsException">It can't be made, is damaged, or of another run.</exception>
    public SqliteJournal OpenSampling(RunDirectory directory, Action<string> notice)
    {
        string path = directory.PathOf(RunDirectory.Sampling(History.Sampling));
        var options = new JournalOptions { Notice = notice };
        string run = Run.ToString("D");
        return File.Exists(path)
            ? SqliteJournal.Open(path, run, options) : SqliteJournal.Create(path, run, options);
    }

    public void Dispose() => Journal.Dispose();
}
