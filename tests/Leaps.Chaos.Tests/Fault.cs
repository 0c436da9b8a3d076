using System.Globalization;

namespace Leaps.Chaos.Tests;

internal enum FaultKind
{
    /// <summary>kill -9 of a node, started again as an init system would.</summary>
    KillNode,

    /// <summary>The same for the node with the run's home.</summary>
    KillHome,

    /// <summary>The same for the node with the scheduler.</summary>
    KillScheduler,

    /// <summary>kill -9 of all nodes, started again.</summary>
    KillAll,

    /// <summary>kill -9 of a node that does not come back.</summary>
    LoseNode,

    /// <summary>SIGSTOP of a node, continued later.</summary>
    Freeze,

    /// <summary>SIGTERM of a node: its actors leave it; started again when it has ended.</summary>
    Terminate,

    /// <summary>One more node takes part.</summary>
    Join,

    /// <summary>A node is emptied by the administrator, who takes it back later.</summary>
    Drain,

    /// <summary>kill -9 of the broker, started again with its data.</summary>
    KillBroker,

    /// <summary>The broker is shut down in good order and started again.</summary>
    StopBroker,

    /// <summary>kill -9 of the database, started again with its data.</summary>
    KillDatabase,

    /// <summary>The database answers nothing for a while.</summary>
    FreezeDatabase,

    /// <summary>Nothing passes between a node and either server.</summary>
    Cut,

    /// <summary>A node gets a tenth of its time; no seed draws it.</summary>
    Slow,

    /// <summary>kill -9 of the broker, started again with nothing but its users; no seed draws it.</summary>
    LoseBroker,

    /// <summary>The user pauses the run and resumes it later.</summary>
    Pause,

    /// <summary>The user submits another small run and asks for this and that.</summary>
    Visit,
}

/// <summary>What is done to a cluster.</summary>
/// <param name="Kind">what</param>
/// <param name="At">seconds after the submission</param>
/// <param name="Length">seconds until it is over, or until what was killed is started again</param>
/// <param name="Node">number of the node that it falls on, where the kind does not say</param>
internal sealed record Fault(FaultKind Kind, double At, double Length, int Node)
{
    /// <summary>A node is away with all that lives there.</summary>
    public bool IsNodeLoss => Kind is FaultKind.KillNode or FaultKind.KillHome or FaultKind.KillScheduler
        or FaultKind.LoseNode or FaultKind.Freeze or FaultKind.Cut;

    /// <summary>The run waits for a server, a user or all nodes: what it takes to go on tells nothing of the
    /// cluster.</summary>
    public bool HoldsTheRun => Kind is FaultKind.KillAll or FaultKind.KillBroker or FaultKind.StopBroker
        or FaultKind.LoseBroker or FaultKind.KillDatabase or FaultKind.FreezeDatabase or FaultKind.Pause;

    public override string ToString()
    {
        string what = Kind switch
        {
            FaultKind.KillNode => $"kill n{Node}",
            FaultKind.KillHome => "kill home",
            FaultKind.KillScheduler => "kill scheduler",
            FaultKind.KillAll => "kill all",
            FaultKind.LoseNode => $"lose n{Node}",
            FaultKind.Freeze => $"freeze n{Node} for {Text(Length)} s",
            FaultKind.Terminate => $"terminate n{Node}",
            FaultKind.Join => "join",
            FaultKind.Drain => $"drain n{Node} for {Text(Length)} s",
            FaultKind.KillBroker => "broker kill",
            FaultKind.StopBroker => "broker stop",
            FaultKind.KillDatabase => "database kill",
            FaultKind.FreezeDatabase => $"database freeze for {Text(Length)} s",
            FaultKind.Cut => $"cut n{Node} for {Text(Length)} s",
            FaultKind.LoseBroker => "broker loss",
            FaultKind.Slow => $"slow n{Node} for {Text(Length)} s",
            FaultKind.Pause => $"pause for {Text(Length)} s",
            _ => "visit",
        };
        return $"{what} at {Text(At)} s";
    }

    private static string Text(double seconds) => seconds.ToString("0.0", CultureInfo.InvariantCulture);
}
