using System.Collections.Immutable;
using Command = Leaps.Actors.Protocol.ClusterRequest.Types.Command;

namespace Leaps.Actors.Scheduler;

/// <summary>Who may do what: everybody may look around and submit; a run obeys its owner; nodes obey
/// administrators, as all runs do.</summary>
/// <param name="Administrators">users of the broker</param>
public sealed record Rights(ImmutableHashSet<string> Administrators)
{
    public static readonly Rights OwnersAlone = new(ImmutableHashSet<string>.Empty);

    /// <summary>Null where the user may; else a line that says who may.</summary>
    /// <param name="user">who asks</param>
    /// <param name="command">what</param>
    /// <param name="run">name of the run that it is about; null: none</param>
    /// <param name="owner">of that run</param>
    public string? Problem(string user, Command command, string? run = null, string? owner = null)
    {
        if (Administrators.Contains(user))
            return null;
        if (command is Command.Drain or Command.Undrain)
        {
            return Administrators.IsEmpty
                ? $"nodes are drained by administrators, and there is none: {user} can be made one in the "
                    + "configuration of the cluster"
                : $"nodes are drained by administrators ({string.Join(", ", Administrators.Order())}); "
                    + $"you are {user}";
        }
        return run is null || owner == user ? null : $"run {run} belongs to {owner}; you are {user}";
    }
}
