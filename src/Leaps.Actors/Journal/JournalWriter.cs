using Leaps.Actors.Telemetry;

namespace Leaps.Actors.Journal;

/// <summary>
/// Writes to a journal for many actors at once: whatever has been enqueued while one transaction was synced
/// to disk goes into the next. So dozens of actors share a sync, and none of them waits on another's call.
/// </summary>
/// <remarks>
/// <para>
/// Writes are done in the order in which they were enqueued. If a shared transaction fails, each of its
/// writes is tried alone: one that is refused, such as a snapshot too large for the disk, fails alone. An
/// append that fails makes those of the same actor behind it fail too, as their expected sequence no longer
/// holds.
/// </para>
/// <para>
/// The queue holds so many bytes at most; <see cref="Enqueue"/> waits when it is full. One write larger than
/// that is let in when nothing else is there.
/// </para>
/// </remarks>
public sealed class JournalWriter : IDisposable
{
    /// <summary>256 MiB, in bytes.</summary>
    public const long DefaultQueueBytes = 256L << 20;

    private readonly IJournal journal;
    private readonly long queueBytes;
    private readonly RunTelemetry? telemetry;
    private readonly Thread thread;

    // Guards what follows; a Monitor, for its Wait and Pulse.
    private readonly object gate = new();
    private List<Entry> queue = [];
    private long bytesHeld;
    private bool closed;

    private readonly record struct Entry(JournalWrite? Write, Action<Exception?> Completed);

    /// <param name="journal">stays its owner's: dispose of it after this writer, or before, where what is
    /// not yet written need not be</param>
    /// <param name="queueBytes">of the writes that are not yet done; 1 or more</param>
    /// <param name="telemetry">of the run; null: nobody wants to know</param>
    public JournalWriter(
        IJournal journal, long queueBytes = DefaultQueueBytes, RunTelemetry? telemetry = null)
    {
        ArgumentNullException.ThrowIfNull(journal);
        ArgumentOutOfRangeException.ThrowIfLessThan(queueBytes, 1);
        this.journal = journal;
        this.queueBytes = queueBytes;
        this.telemetry = telemetry;
        thread = new Thread(WriteUntilClosed) { IsBackground = true, Name = "journal" };
        thread.Start();
    }

    /// <summary>
    /// Puts a write into the queue; waits while the queue is full, unless called from a completion.
    /// </summary>
    /// <param name="write">its bytes must not change until it is completed</param>
    /// <param name="completed">
    /// Called once, on the writer's thread and in the order of enqueueing: with null when the write is
    /// durable, else with what <see cref="IJournal.Write"/> threw. It must be short, may enqueue, and must
    /// not throw: that would end the process, as on any thread.
    /// </param>
    /// <exception cref="ObjectDisposedException">The writer has been disposed of.</exception>
    public void Enqueue(JournalWrite write, Action<Exception?> completed)
    {
        ArgumentNullException.ThrowIfNull(write);
        ArgumentNullException.ThrowIfNull(completed);
        lock (gate)
        {
            while (!closed && bytesHeld > 0 && bytesHeld + write.Bytes > queueBytes
                && Thread.CurrentThread != thread)
                Monitor.Wait(gate);
            Put(new Entry(write, completed), write.Bytes);
        }
    }

    /// <summary>Ends once everything enqueued before has been completed, well or not.</summary>
    /// <exception cref="ObjectDisposedException">The writer has been disposed of.</exception>
    public Task Flush()
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
            Put(new Entry(null, _ => reached.SetResult()), 0);
        return reached.Task;
    }

    /// <summary>Completes everything enqueued, then ends the thread. Called from a completion, it doesn't
    /// wait.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            closed = true;
            Monitor.PulseAll(gate);
        }
        if (Thread.CurrentThread != thread)
            thread.Join();
    }

    private void Put(Entry entry, long bytes)
    {
        ObjectDisposedException.ThrowIf(closed, this);
        queue.Add(entry);
        bytesHeld += bytes;
        Monitor.PulseAll(gate);
    }

    private void WriteUntilClosed()
    {
        var taken = new List<Entry>();
        while (true)
        {
            lock (gate)
            {
                while (queue.Count == 0 && !closed)
                    Monitor.Wait(gate);
                if (queue.Count == 0)
                    return;
                (queue, taken) = (taken, queue);
            }
            Complete(taken);
            taken.Clear();
        }
    }

    private void Complete(List<Entry> entries)
    {
        JournalWrite[] writes = [.. entries.Where(entry => entry.Write is not null).Select(e => e.Write!)];
        var failure = Try(writes);
        bool alone = failure is not null && writes.Length > 1;
        if (!alone)
            Release(writes.Sum(write => write.Bytes));
        foreach (var entry in entries)
        {
            if (entry.Write is not { } write)
            {
                entry.Completed(null);
                continue;
            }
            if (alone)
            {
                failure = Try([write]);
                Release(write.Bytes);
            }
            entry.Completed(failure);
        }
    }

    // Whatever a write threw is its completion's to judge: a full disk is as good a reason as a conflict.
    private Exception? Try(JournalWrite[] writes)
    {
        long began = telemetry?.Timestamp() ?? 0;
        Exception? failure = null;
        try
        {
            journal.Write(writes);
        }
        catch (Exception thrown)
        {
            failure = thrown;
        }
        if (writes.Length > 0)
            telemetry?.JournalWritten(began, failure is null ? writes.Sum(write => write.Bytes) : 0);
        return failure;
    }

    private void Release(long bytes)
    {
        lock (gate)
        {
            bytesHeld -= bytes;
            Monitor.PulseAll(gate);
        }
    }
}
