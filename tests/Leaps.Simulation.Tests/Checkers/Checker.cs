using Leaps.Actors;
using Leaps.Actors.Coordinator;
using Leaps.Actors.Protocol;
using Leaps.Actors.WalkerGroup;

namespace Leaps.Simulation.Tests.Checkers;

/// <summary>Sees all that happens and throws a <see cref="ViolationException"/> at what must not.</summary>
internal abstract class Checker
{
    /// <summary>A message leaves, repetitions by the network apart.</summary>
    public virtual void Sent(SimulatedActor sender, Send send) { }

    public virtual void CoordinatorStepped(
        CoordinatorState before, object message, Transition<CoordinatorState> transition)
    { }

    public virtual void GroupStepped(GroupActor group, WalkerGroupState before, object message,
        Transition<WalkerGroupState> transition)
    { }

    /// <summary>In the journal of the coordinator.</summary>
    public virtual void EventDurable(CoordinatorEvent item) { }

    /// <summary>All events of the coordinator are in its journal.</summary>
    public virtual void CoordinatorDurable(CoordinatorState live) { }

    public virtual void SnapshotDurable(Snapshot snapshot) { }

    /// <summary>Of the run, its extension included.</summary>
    public virtual void Ended(EndRun end) { }

    protected void Require(bool holds, FormattableString text)
    {
        if (!holds)
            throw Violation(FormattableString.Invariant(text));
    }

    protected ViolationException Violation(string text) => new(GetType().Name, text);
}
