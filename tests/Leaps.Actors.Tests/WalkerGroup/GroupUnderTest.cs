using System.Collections.Immutable;
using Leaps.Actors.Protocol;
using Leaps.Actors.WalkerGroup;
using Leaps.Model.Sampling;

namespace Leaps.Actors.Tests.WalkerGroup;

/// <summary>
/// A group without a runtime: takes messages one by one. Its device and its disk answer when told to.
/// </summary>
internal sealed class GroupUnderTest(SamplingTask task, int group = 0, Snapshot? stored = null)
{
    private MoveWindow? _order;
    private SaveSnapshot? _save;

    public WalkerGroupState State { get; private set; } = new(group, stored);

    public bool Moves => _order is not null;

    public ImmutableArray<Effect> Take(object message)
    {
        var (state, effects) = State.Apply(message);
        State = state;
        foreach (var effect in effects)
        {
            switch (effect)
            {
                case MoveWindow move:
                    Assert.Null(_order);
                    _order = move;
                    break;
                case AbandonMove abandon:
                    Assert.Equal(_order?.Ticket, abandon.Ticket);
                    _order = null;
                    break;
                case SaveSnapshot save:
                    _save = save;
                    break;
            }
        }
        return effects;
    }

    /// <summary>The coordinator places the group.</summary>
    public ImmutableArray<Effect> Place(long epoch = 1, int attempt = 0) => Take(
        new StartGroup { Group = group, Epoch = epoch, Attempt = attempt, Sampling = task.Specification });

    public ImmutableArray<Effect> Limit(long version, int settled, int limit, long resampling = 0,
        bool allStored = false, int storeFrom = 0) => Take(new AdvanceLimit
        {
            Group = group,
            Attempt = State.Attempt,
            Version = version,
            Settled = settled,
            Limit = limit,
            Resampling = resampling,
            AllStored = allStored,
            StoreFrom = storeFrom,
        });

    /// <summary>What the device would answer to the last order.</summary>
    public WindowMoved Answer() => Answer(_order!);

    /// <summary>What a device answers to an order.</summary>
    public static WindowMoved Answer(MoveWindow order)
    {
        var options = order.Task.OptionsOf(order.Task.ReplicaOf(order.Group)) with { Threads = 1 };
        var mover = new PopulationMover(order.Task.Target, null, options);
        var walkers = order.From.Walkers.Unpack();
        var window = order.Task.Window(order.From.Window);
        mover.ApplyMcmc(walkers, window);
        var cost = mover.Integrate(walkers, window);
        return new WindowMoved(order.Ticket, GroupWalkers.Of(walkers, order.Task.Target),
            GroupStatistics.Of(walkers, 0, walkers.Count), cost);
    }

    /// <summary>The device does what it was asked last.</summary>
    public ImmutableArray<Effect> Move()
    {
        var answer = Answer();
        _order = null;
        return Take(answer);
    }

    /// <summary>The device does all that it is asked.</summary>
    public ImmutableArray<Effect> MoveAll()
    {
        var effects = ImmutableArray.CreateBuilder<Effect>();
        while (_order is not null)
            effects.AddRange(Move());
        return effects.ToImmutable();
    }

    /// <summary>The snapshot that was asked for last becomes durable.</summary>
    public ImmutableArray<Effect> Save()
    {
        var saved = new SnapshotSaved(_save!.Snapshot);
        _save = null;
        return Take(saved);
    }

    /// <summary>The process dies; what is durable stays.</summary>
    public GroupUnderTest Reborn() => new(task, group, State.Stored?.Clone());
}
