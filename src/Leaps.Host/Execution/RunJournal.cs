using Leaps.Actors.Journal;
using Leaps.Host.Configuration;
using Leaps.Model;

namespace Leaps.Host.Execution;

/// <summary>
/// What a run is and how far it came, as events of the actor "run", and beside them the journal of its
/// training. Each sampling has a journal of its own. In a run directory they are journal.db, sampling.db …
/// </summary>
internal sealed class RunJournal : IDisposable
{
    public const string Actor = "run";

    private readonly Func<int, IJournal> _openSampling;

    /// <param name="journal">this object's from now on</param>
    /// <param name="run">the run</param>
    /// <param name="openSampling">gives the journal of a sampling, by its number from 1, made where it is not
    /// there yet</param>
    /// <exception cref="LeapsException">The journal is of another version.</exception>
    public RunJournal(IJournal journal, Guid run, Func<int, IJournal> openSampling)
    {
        _openSampling = openSampling;
        Journal = journal;
        Run = run;
        History = Read(journal).Aggregate(new RunHistory(), (history, item) => history.With(item));
    }

    public IJournal Journal { get; }

    /// <summary>The run, as whoever asks it must name it.</summary>
    public Guid Run { get; }

    public RunHistory History { get; private set; }

    /// <exception cref="LeapsException">The file can't be made.</exception>
    public static RunJournal Create(RunDirectory directory, Action<string> notice)
    {
        var run = Guid.NewGuid();
        return new RunJournal(SqliteJournal.Create(directory.PathOf(RunDirectory.Journal), run.ToString("D")),
            run, sampling => OpenFile(directory, run, sampling, notice));
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
            return new RunJournal(journal, id, sampling => OpenFile(directory, id, sampling, notice));
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

    /// <summary>The journal of the present sampling; its owner's to dispose of.</summary>
    /// <exception cref="LeapsException">It can't be made, is damaged, or of another run.</exception>
    public IJournal OpenSampling() => _openSampling(History.Sampling);

    private static SqliteJournal OpenFile(
        RunDirectory directory, Guid id, int sampling, Action<string> notice)
    {
        string path = directory.PathOf(RunDirectory.Sampling(sampling));
        var options = new JournalOptions { Notice = notice };
        string run = id.ToString("D");
        return File.Exists(path)
            ? SqliteJournal.Open(path, run, options) : SqliteJournal.Create(path, run, options);
    }

    public void Dispose() => Journal.Dispose();
}
