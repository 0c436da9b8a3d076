using Leaps.Actors.Protocol;

namespace Leaps.Actors.Scheduler;

/// <summary>
/// What the scheduler knows of a run: all but <see cref="Needs"/> is in its journal, those its home tells.
/// </summary>
internal sealed record RunRecord(Guid Run, string Name, string Owner, long Submitted)
{
    private const double TrainingHome = 4;

    /// <summary>How it ended; null: it is not over.</summary>
    public RunConcluded? Concluded { get; init; }

    /// <summary>How often it was over and went on, as its user wanted.</summary>
    public int Resumptions { get; init; }

    /// <summary>Nodes that its groups may use; 0: all.</summary>
    public int Scale { get; init; }

    /// <summary>The latest that a home of it told, whether that home still lives or not; null: none did
    /// since this scheduler began.</summary>
    public RunNeeds? Needs { get; init; }

    public bool IsOver => Concluded is not null;

    public string Device => Needs?.Device ?? "";

    public ActorKey Home => ActorKey.HomeOf(Run);

    /// <summary>In the words of leaps.proto; null where it is not over.</summary>
    public string? EndState => Concluded?.Outcome switch
    {
        null => null,
        RunConcluded.Types.Outcome.Complete => "complete",
        RunConcluded.Types.Outcome.Cancelled => "cancelled",
        _ => "stopped",
    };

    /// <summary>An actor that lives somewhere may stay. While nobody has told what the run needs, all of its
    /// may: the home tells later than the nodes of its groups do.</summary>
    public bool Wants(ActorKey actor)
    {
        if (IsOver) return false;
        if (actor.IsHome || Needs is null) return true;
        if (actor.IsRolloutMaker) return Needs.Rollouts;
        return actor.Part == Needs.Sampling && Needs.Groups > 0
            && ActorNames.GroupOf(actor.Actor) is { } group && Needs.Replicas.Contains(group / Needs.Groups);
    }

    /// <summary>The actors that must live somewhere, the home first.</summary>
    public IEnumerable<ActorKey> Wanted()
    {
        if (IsOver) yield break;
        yield return Home;
        if (Needs is null) yield break;
        if (Needs.Rollouts)
            yield return new ActorKey(Run, ActorKey.RunPart, ActorNames.RolloutMaker);
        if (Needs.Sampling.Length == 0) yield break;
        foreach (int replica in Needs.Replicas)
        {
            for (int g = 0; g < Needs.Groups; g++)
                yield return new ActorKey(Run, Needs.Sampling, ActorNames.Group(replica * Needs.Groups + g));
        }
    }

    /// <summary>What an actor burdens its node with. The home of a run that trains has the trainer.</summary>
    public double Weight(ActorKey actor)
    {
        bool trains = Needs is not null && (Needs.Rollouts || Needs.Sampling.Length == 0);
        return actor.IsHome && trains ? TrainingHome : 1;
    }
}
