using Leaps.Actors.Journal;

namespace Leaps.Actors.Tests.Journal;

/// <summary>Notes what is written together; a test can stop and start its disk.</summary>
internal sealed class GatedJournal(IJournal inner) : IJournal
{
    private readonly ManualResetEventSlim open = new(initialState: true);
    private readonly SemaphoreSlim arrivals = new(0);

    /// <summary>The writes of each transaction, done or failed.</summary>
    public List<IReadOnlyList<JournalWrite>> Groups { get; } = [];

    public void Stop() => open.Reset();

    public void Start() => open.Set();

    /// <summary>Waits until one more transaction has reached the disk.</summary>
    public void AwaitArrival() => Assert.True(arrivals.Wait(TimeSpan.FromSeconds(30)), "no transaction came");

    public void Write(IReadOnlyList<JournalWrite> writes)
    {
        if (writes.Count > 0)
        {
            Groups.Add([.. writes]);
            arrivals.Release();
        }
        open.Wait();
        inner.Write(writes);
    }

    public IReadOnlyList<string> Actors() => inner.Actors();

    public long LastSequence(string actor) => inner.LastSequence(actor);

    public IReadOnlyList<JournalEvent> Read(string actor, long fromSequence) =>
        inner.Read(actor, fromSequence);

    public Snapshot? LoadLatestSnapshot(string actor) => inner.LoadLatestSnapshot(actor);

    public void Dispose()
    {
        open.Dispose();
        arrivals.Dispose();
    }
}
