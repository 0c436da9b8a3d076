using Leaps.Actors.Protocol;
using Leaps.Host.Configuration;
using Leaps.Host.Configuration.Cluster;

namespace Leaps.Host.Commands.Cluster;

/// <summary>The cluster that a command is for.</summary>
/// <param name="Configuration">checked</param>
/// <param name="File">that it was read from</param>
/// <param name="IsNamed">by --cluster; else by the environment</param>
public sealed record ClusterReference(ClusterConfiguration Configuration, string File, bool IsNamed)
{
    public string Name => Configuration.Name;

    /// <summary>How a command for the same cluster names it: " --cluster FILE", or nothing.</summary>
    public string Option => IsNamed ? $" --cluster {CommandShell.Quoted(File)}" : "";
}

/// <summary>leaps node: what it is, the configuration's part 'node' says.</summary>
public sealed record NodeRequest(ClusterReference Cluster);

/// <param name="Cluster">takes the run</param>
/// <param name="Configuration">of the run; checked, but not its network</param>
/// <param name="Run">its identifier</param>
/// <param name="Name">for people: 1 to 100 of A-Z a-z 0-9 . _ -</param>
/// <param name="OnlyTrains">nothing is sampled</param>
/// <param name="Waits">for the end, and fetches the files into the configuration's output</param>
public sealed record SubmitRequest(ClusterReference Cluster, RunConfiguration Configuration, Guid Run,
    string Name, bool OnlyTrains, bool Waits);

/// <param name="Cluster">that is asked</param>
/// <param name="Request">what</param>
public sealed record AskRequest(ClusterReference Cluster, ClusterRequest Request);

/// <param name="Cluster">that is watched</param>
/// <param name="Run">name or identifier; null: all of them, until Ctrl-C</param>
/// <param name="Interval">from one look to the next</param>
public sealed record WatchRequest(ClusterReference Cluster, string? Run, TimeSpan Interval);

/// <param name="Cluster">that has the run</param>
/// <param name="Run">name or identifier</param>
/// <param name="Output">a directory, made where it is missing</param>
/// <param name="Files">their names; none: all there are</param>
public sealed record FetchRequest(
    ClusterReference Cluster, string Run, string Output, IReadOnlyList<string> Files);

public enum DeadLettersAction
{
    List,
    Retry,
    Purge,
}

/// <param name="Cluster">whose broker is asked</param>
/// <param name="Action">what is done with them</param>
/// <param name="Run">name or identifier; null: the cluster's own and those of all runs</param>
public sealed record DeadLettersRequest(ClusterReference Cluster, DeadLettersAction Action, string? Run);
