using Leaps.Actors.Telemetry;
using Leaps.Model.Devices;
using Leaps.Model.Sampling;

namespace Leaps.Actors.WalkerGroup;

/// <summary>
/// Moves walkers, for all groups of the process. The group that is furthest behind goes first, so that as
/// little work as possible is done ahead of a window that may still be resampled. All threads work on blocks
/// of its walkers, and where it leaves some idle, on those of the next.
/// </summary>
internal sealed class MoverPool : IDisposable
{
    private readonly SamplingTask _task;
    private readonly RateNetwork? _network;
    private readonly MoverThreads _blocks;
    private readonly Thread[] _threads;
    private readonly Action<Exception> _failed;
    private readonly RunTelemetry? _telemetry;

    // Guards what follows.
    private readonly object _gate = new();
    private readonly PriorityQueue<Order, (int Replica, int Window, int Group)> _orders = new();
    private readonly Dictionary<int, Order> _newest = [];           // by group
    private readonly Dictionary<int, PopulationMover> _movers = []; // by replica
    private bool _closed;

    /// <param name="task">what is sampled</param>
    /// <param name="network">the rates; null: MCMC and weights alone</param>
    /// <param name="threads">to use, all together</param>
    /// <param name="failed">takes what went wrong with a thread itself</param>
    /// <param name="telemetry">of the run; null: nobody wants to know</param>
    public MoverPool(SamplingTask task, RateNetwork? network, int threads, Action<Exception> failed,
        RunTelemetry? telemetry = null)
    {
        _task = task;
        _network = network;
        _failed = failed;
        _telemetry = telemetry;
        _blocks = new MoverThreads(threads);
        _threads = new Thread[threads + 1];
        for (int k = 0; k < _threads.Length; k++)
        {
            _threads[k] = new Thread(Work) { IsBackground = true, Name = $"move {k}" };
            _threads[k].Start();
        }
    }

    /// <summary>Replaces the group's former order.</summary>
    /// <param name="order">what to do</param>
    /// <param name="done">takes the answer, or what went wrong</param>
    public void Enqueue(MoveWindow order, Action<object> done)
    {
        lock (_gate)
        {
            Abandon(order.Group);
            var entry = new Order(order, done, new CancellationTokenSource());
            _newest[order.Group] = entry;
            _orders.Enqueue(entry, (_task.ReplicaOf(order.Group), order.From.Window, order.Group));
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>The group's order is of no use any more.</summary>
    public void Abandon(int group)
    {
        lock (_gate)
        {
            if (_newest.Remove(group, out var order))
                order.Cancellation.Cancel();
        }
    }

    /// <summary>Frees what moving this replica's walkers took.</summary>
    public void Release(int replica)
    {
        lock (_gate)
            _movers.Remove(replica);
    }

    /// <summary>Abandons everything and waits for the threads.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _closed = true;
            foreach (int group in _newest.Keys.ToList())
                Abandon(group);
            Monitor.PulseAll(_gate);
        }
        foreach (var thread in _threads)
            thread.Join();
        _blocks.Dispose();
    }

    private void Work()
    {
        try
        {
            while (Next() is { } order)
            {
                try
                {
                    order.Done(Move(order));
                }
                catch (OperationCanceledException) when (order.Cancellation.IsCancellationRequested)
                {
                    // Nobody waits for it.
                }
                catch (Exception error)
                {
                    order.Done(new MoveFailed(order.Move.Ticket, error));
                }
            }
        }
        catch (Exception error)
        {
            _failed(error);
        }
    }

    private Order? Next()
    {
        lock (_gate)
        {
            while (!_closed)
            {
                while (_orders.TryDequeue(out var order, out _))
                {
                    if (!order.Cancellation.IsCancellationRequested)
                        return order;
                }
                Monitor.Wait(_gate);
            }
            return null;
        }
    }

    private WindowMoved Move(Order order)
    {
        var (ticket, task, group, from) = order.Move;
        var began = _telemetry?.BeginWindow();
        var mover = MoverOf(task.ReplicaOf(group));
        var walkers = from.Walkers.Unpack();
        var window = task.Window(from.Window);
        mover.ApplyMcmc(walkers, window, order.Cancellation.Token);
        var cost = mover.Integrate(walkers, window, order.Cancellation.Token);
        var statistics = GroupStatistics.Of(walkers, 0, walkers.Count);
        var moved = new WindowMoved(ticket, GroupWalkers.Of(walkers, task.Target), statistics, cost);
        if (began is not null)
            _telemetry!.End(MetricNames.WindowSpan, began, new(MetricNames.Group, group),
                new(MetricNames.Window, from.Window + 1));
        return moved;
    }

    private PopulationMover MoverOf(int replica)
    {
        lock (_gate)
        {
            if (!_movers.TryGetValue(replica, out var mover))
            {
                var options = _task.OptionsOf(replica) with { Threads = _blocks.MaximumConcurrencyLevel };
                _movers.Add(replica, mover = new PopulationMover(_task.Target, _network, options, _blocks));
            }
            return mover;
        }
    }

    private sealed record Order(MoveWindow Move, Action<object> Done, CancellationTokenSource Cancellation);
}

/// <summary>To a group from its device: moving its walkers failed.</summary>
internal sealed record MoveFailed(long Ticket, Exception Cause);
