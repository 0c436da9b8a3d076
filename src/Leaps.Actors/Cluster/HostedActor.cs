using Leaps.Actors.Protocol;

namespace Leaps.Actors.Cluster;

/// <summary>An actor that lives on this node, and how it is told things.</summary>
/// <param name="key">which</param>
/// <param name="assignment">version of the assignment that brought it here</param>
internal sealed class Hosted(ActorKey key, long assignment)
{
    public ActorKey Key { get; } = key;
    public long Assignment { get; } = assignment;
    public bool Leaving { get; set; }
    public RunNeeds? Needs { get; set; }
    public RunConcluded? Concluded { get; set; }

    /// <summary>It finishes what it has in hand and then ends.</summary>
    public Action Leave { get; set; } = static () => { };

    /// <summary>Ends it where it is; done when nothing of it is at work any more.</summary>
    public Func<Task> Close { get; set; } = static () => Task.CompletedTask;

    public HostedActor ToMessage() => new()
    {
        Address = Key.ToAddress(),
        Leaving = Leaving,
        Needs = Needs,
        Concluded = Concluded,
    };
}

/// <summary>To a node from one of its actors: it is no more. Without a cause it was told to leave and has, or
/// lives elsewhere.</summary>
internal sealed record ActorEnded(Hosted Actor, Exception? Cause);

/// <summary>To a node from the home of a run.</summary>
internal sealed record NeedsChanged(Hosted Actor, RunNeeds Needs);

/// <summary>To a node from the home of a run: its work is over.</summary>
internal sealed record HomeConcluded(Hosted Actor, RunConcluded Concluded);

/// <summary>To a node: tell the scheduler that it lives.</summary>
internal sealed record BeatDue;

/// <summary>To a node from its user: it is to go, with all that lives on it.</summary>
internal sealed record NodeLeaves;
