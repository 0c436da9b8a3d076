using System.Collections.Concurrent;

namespace Leaps.Actors.WalkerGroup;

/// <summary>
/// A fixed number of threads for blocks of walkers, whichever group they belong to. Not those of the thread
/// pool, on which the actors handle their messages meanwhile.
/// </summary>
internal sealed class MoverThreads : TaskScheduler, IDisposable
{
    private readonly BlockingCollection<Task> _tasks = [];
    private readonly Thread[] _threads;

    public MoverThreads(int threads)
    {
        _threads = new Thread[threads];
        for (int k = 0; k < threads; k++)
        {
            _threads[k] = new Thread(Work) { IsBackground = true, Name = $"mover {k}" };
            _threads[k].Start();
        }
    }

    public override int MaximumConcurrencyLevel => _threads.Length;

    /// <summary>Does what is queued and waits for the threads.</summary>
    public void Dispose()
    {
        _tasks.CompleteAdding();
        foreach (var thread in _threads)
            thread.Join();
        _tasks.Dispose();
    }

    protected override void QueueTask(Task task) => _tasks.Add(task);

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) =>
        !taskWasPreviouslyQueued && Array.IndexOf(_threads, Thread.CurrentThread) >= 0
        && TryExecuteTask(task);

    protected override IEnumerable<Task> GetScheduledTasks() => [.. _tasks];

    private void Work()
    {
        foreach (var task in _tasks.GetConsumingEnumerable())
            TryExecuteTask(task);
    }
}
