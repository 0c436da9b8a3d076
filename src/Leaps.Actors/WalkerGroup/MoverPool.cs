using Leaps.Actors.Telemetry;
using Leaps.Model.Devices;
using Leaps.Model.Sampling;

namespace Leaps.Actors.WalkerGroup;

/// <summary>
/// Moves walkers, for all groups of the process. The group that is furthest behind goes first, so that as
/// little work as possible is done ahead of a window that may still be resampled. On the CPU all threads work
/// on blocks of its walkers, and where it leaves some idle, on those of the next. Of GPUs each takes whole
/// groups, whichever is next: no result depends on which.
/// </summary>
internal sealed class MoverPool : IDisposable
{
    private readonly SamplingTask _task;
    private readonly IReadOnlyList<RateNetwork> _networks;
    private readonly MoverThreads _blocks;
    private readonly Thread[] _threads;
    private readonly Action<Exception> _failed;
    private readonly RunTelemetry? _telemetry;

    // Guards what follows.
    private readonly object _gate = new();
    private readonly PriorityQueue<Order, (int Replica, int Window, int Group)> _orders = new();
    private readonly Dictionary<int, Order> _newest = [];           // by group
    private readonly Dictionary<(int Replica, int Place), Lease> _movers = [];
    private bool _closed;

    /// <param name="task">what is sampled</param>
    /// <param name="networks">the rates, on each device, all of one kind; none: MCMC and weights</param>
    /// <param name="threads">of the CPU to use, all together</param>
    /// <param name="failed">takes what went wrong with a thread itself</param>
    /// <param name="telemetry">of the run; null: nobody wants to know</param>
    public MoverPool(SamplingTask task, IReadOnlyList<RateNetwork> networks, int threads,
        Action<Exception> failed, RunTelemetry? telemetry = null)
    {
        _task = task;
        _networks = networks;
        _failed = failed;
        _telemetry = telemetry;
        _blocks = new MoverThreads(threads);
        int places = Places(networks);
        // On the CPU one more than the threads that blocks go to, so that none of those waits for an order.
        _threads = new Thread[places > 0 ? places : threads + 1];
        for (int k = 0; k < _threads.Length; k++)
        {
            int place = places > 0 ? k : 0;
            _threads[k] = new Thread(() => Work(place)) { IsBackground = true, Name = $"move {k}" };
            _threads[k].Start();
        }
    }

    /// <summary>Groups that can well be moved at once.</summary>
    /// <param name="networks">as of a pool</param>
    /// <param name="threads">of the CPU</param>
    public static int Capacity(IReadOnlyList<RateNetwork> networks, int threads) =>
        Places(networks) is > 0 and var places ? places : threads;

    // Populations that move at once on devices that move whole ones; 0: the CPU's threads share one mover.
    private static int Places(IReadOnlyList<RateNetwork> networks) =>
        networks.Sum(network => network.PopulationsAtOnce);

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

    /// <summary>Frees what moving this replica's walkers took; what is at work, when it has ended. Should
    /// they be moved again, it is made anew.</summary>
    public void Release(int replica)
    {
        // Within the gate, so that nothing is still to be freed when the pool has ended, and its devices end.
        lock (_gate)
        {
            foreach (var key in _movers.Keys.Where(key => key.Replica == replica).ToList())
            {
                _movers.Remove(key, out var lease);
                lease!.Released = true;
                if (lease.Users == 0)
                    lease.Dispose();
            }
        }
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
        lock (_gate)
        {
            foreach (var lease in _movers.Values)
                lease.Dispose();
            _movers.Clear();
        }
    }

    private void Work(int place)
    {
        try
        {
            while (Next() is { } order)
            {
                try
                {
                    order.Done(Move(order, place));
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

    private WindowMoved Move(Order order, int place)
    {
        var (ticket, task, group, from) = order.Move;
        var began = _telemetry?.BeginWindow();
        var lease = Take(order, task.ReplicaOf(group), place);
        try
        {
            var (walkers, cost) = Move(lease.Mover, order, from);
            var statistics = GroupStatistics.Of(walkers, 0, walkers.Count);
            var moved = new WindowMoved(ticket, GroupWalkers.Of(walkers, task.Target), statistics, cost);
            if (began is not null)
                _telemetry!.End(MetricNames.WindowSpan, began, new(MetricNames.Group, group),
                    new(MetricNames.Window, from.Window + 1));
            return moved;
        }
        finally
        {
            Return(lease);
        }
    }

    private static (Walkers, IntegrationCost) Move(PopulationMover mover, Order order, GroupMoment from)
    {
        var walkers = from.Walkers.Unpack();
        var window = order.Move.Task.Window(from.Window);
        mover.ApplyMcmc(walkers, window, order.Cancellation.Token);
        return (walkers, mover.Integrate(walkers, window, order.Cancellation.Token));
    }

    private Lease Take(Order order, int replica, int place)
    {
        lock (_gate)
        {
            // Its replica may have been released since: nobody would release what is made for it now.
            order.Cancellation.Token.ThrowIfCancellationRequested();
            if (!_movers.TryGetValue((replica, place), out var lease))
                _movers.Add((replica, place), lease = new Lease(() => Create(replica, place)));
            lease.Users++;
            return lease;
        }
    }

    private void Return(Lease lease)
    {
        bool idle;
        lock (_gate)
            idle = --lease.Users == 0 && lease.Released;
        if (idle)
            lease.Dispose();
    }

    private PopulationMover Create(int replica, int place)
    {
        var options = _task.OptionsOf(replica) with { Threads = _blocks.MaximumConcurrencyLevel };
        var network = _networks.Count == 0 ? null : _networks[place % _networks.Count];
        return new PopulationMover(_task.Target, network, options, _blocks);
    }

    // A replica's mover at a place. Made by whoever needs it first, outside the gate: a GPU translates its
    // kernels then. What failed, such as for want of memory, is tried again by the next who needs it.
    private sealed class Lease(Func<PopulationMover> create) : IDisposable
    {
        private readonly Lazy<PopulationMover> _mover = new(create, LazyThreadSafetyMode.PublicationOnly);

        public int Users;
        public bool Released;

        public PopulationMover Mover => _mover.Value;

        public void Dispose()
        {
            if (_mover.IsValueCreated)
                _mover.Value.Dispose();
        }
    }

    private sealed record Order(MoveWindow Move, Action<object> Done, CancellationTokenSource Cancellation);
}

/// <summary>To a group from its device: moving its walkers failed.</summary>
internal sealed record MoveFailed(long Ticket, Exception Cause);
