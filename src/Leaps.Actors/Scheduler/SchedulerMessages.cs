using Google.Protobuf;
using Leaps.Actors.Protocol;

namespace Leaps.Actors.Scheduler;

/// <summary>How long the scheduler waits.</summary>
/// <param name="Lease">a node that says nothing for so long is gone</param>
/// <param name="Grace">after the scheduler has begun, it places nothing for so long: nodes tell what lives
/// there; about two heartbeats</param>
/// <param name="Failures">an actor that is lost too often within so long stops its run</param>
public sealed record SchedulerTimes(TimeSpan Lease, TimeSpan Grace, TimeSpan Failures)
{
    public static readonly SchedulerTimes Default =
        new(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(4), TimeSpan.FromMinutes(10));

    /// <summary>At the first heartbeat after so long a node hears from the scheduler again.</summary>
    public TimeSpan Sign => Lease / 8;
}

/// <summary>First message to a scheduler that has come to life, new or from its journal.</summary>
/// <param name="Now">of a clock that never goes back</param>
/// <param name="Times">how long it waits</param>
/// <param name="Node">name of the node it lives on</param>
public sealed record SchedulerBegins(TimeSpan Now, SchedulerTimes Times, string Node)
{
    /// <summary>Since then the node's database was away, until a moment ago. Was it away for all, nodes come
    /// back one after the other, and nothing is placed for a lease; unless one tells that it had it all the
    /// time. Null: it was not away.</summary>
    public TimeSpan? AwaySince { get; init; }
}

/// <summary>Several times a lease.</summary>
/// <param name="Now">of the clock of <see cref="SchedulerBegins"/></param>
public sealed record Tick(TimeSpan Now);

/// <summary>The broker says that nobody takes the messages of the node any more.</summary>
public sealed record NodeVanished(string Node, ByteString Session);

/// <summary>The scheduler's own broker or database was away, and heartbeats with it: all leases count from
/// the next <see cref="Tick"/> anew.</summary>
public sealed record LeasesSuspended;

/// <summary>A command of the user, with the address that waits for the reply.</summary>
/// <param name="Asker">the address</param>
/// <param name="User">the broker's user, authenticated</param>
/// <param name="Request">what is asked</param>
/// <param name="UnixSeconds">when</param>
public sealed record Asked(string Asker, string User, ClusterRequest Request, long UnixSeconds);

/// <summary>Answer to <see cref="StoreSubmission"/>: it is durable.</summary>
public sealed record SubmissionStored(string Asker, string User, ClusterRequest Request, long UnixSeconds);

/// <summary>The YAML and the model go to the run's own journal; then <see cref="SubmissionStored"/>. If they
/// can't be stored, whoever performs this tells the asker.</summary>
public sealed record StoreSubmission(string Asker, string User, ClusterRequest Request, long UnixSeconds)
    : Effect;

/// <summary>A request to a run that has a home: the node hands it over, and the home answers the
/// asker.</summary>
public sealed record AskHome(string Node, string Asker, Guid Run, ClusterRequest Request) : Effect;

/// <summary>A piece of an output file from the store to the asker.</summary>
public sealed record FetchFile(string Asker, Guid Run, ClusterRequest Request) : Effect;

/// <summary>Answer to <see cref="ForgetRun"/>.</summary>
/// <param name="Run">of which nothing is stored any more</param>
/// <param name="Problem">why all of it is still there, in one line; empty: it is not</param>
public sealed record RunDeleted(Guid Run, string Problem = "");

/// <summary>All that is stored of the run is deleted; then <see cref="RunDeleted"/>. Nothing of it
/// lives.</summary>
public sealed record ForgetRun(Guid Run) : Effect;
