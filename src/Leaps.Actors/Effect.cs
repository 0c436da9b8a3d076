using System.Collections.Immutable;
using Google.Protobuf;

namespace Leaps.Actors;

/// <summary>
/// What a pure state asks of the world around it. The effects of one transition happen in order, and those
/// after a <see cref="Persist"/> only once its event is durable: so nothing that left an actor is ever lost.
/// </summary>
public abstract record Effect;

/// <summary>A message to another actor, delivered at least once while both live.</summary>
public sealed record Send(string Recipient, IMessage Body) : Effect;

/// <summary>An event for the actor's journal.</summary>
public sealed record Persist(IMessage Event) : Effect;

/// <summary>An actor's next state and what it asks for.</summary>
public readonly record struct Transition<TState>(TState State, ImmutableArray<Effect> Effects)
{
    public Transition(TState state, params IEnumerable<Effect> effects) : this(state, [.. effects]) { }
}

/// <summary>The names of the actors of a run.</summary>
public static class ActorNames
{
    public const string Coordinator = "coordinator";

    public const string Trainer = "trainer";
    public const string ReplayBuffer = "replay-buffer";
    public const string RolloutMaker = "rollout-maker";

    /// <summary>One in a cluster.</summary>
    public const string Scheduler = "scheduler";

    /// <summary>One a run of a cluster: its coordinator, trainer and replay buffer live there.</summary>
    public const string Home = "home";

    private const string NodePrefix = "node-";

    private const string GroupPrefix = "group-";

    public static string Node(string name) => NodePrefix + name;

    public static string Group(int group) => FormattableString.Invariant($"{GroupPrefix}{group}");

    /// <summary>The number of a group; null where the name is not one's.</summary>
    public static int? GroupOf(string name) =>
        name.StartsWith(GroupPrefix, StringComparison.Ordinal)
        && int.TryParse(name.AsSpan(GroupPrefix.Length), System.Globalization.NumberStyles.None,
            System.Globalization.CultureInfo.InvariantCulture, out int group)
            ? group : null;
}
