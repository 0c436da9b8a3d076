using Leaps.Actors.Journal;
using Leaps.Actors.Runtime;

namespace Leaps.Actors.Cluster;

/// <summary>
/// The servers that the nodes of a cluster share: a broker for mailboxes and a database for journals.
/// </summary>
internal interface IClusterServices
{
    /// <summary>The cluster; its own mailboxes and its journal are those of this "run".</summary>
    Guid Cluster { get; }

    /// <summary>Mailboxes of a part of a run, for this process; its owner's to dispose of.</summary>
    /// <param name="run">a run, or the cluster</param>
    /// <param name="part">of the run</param>
    /// <param name="signed">whoever receives gets <see cref="Signed"/> messages</param>
    IMailboxes Mailboxes(Guid run, string part, bool signed = false);

    /// <summary>The journal of a part of a run, for one life of its actors here; its owner's to dispose
    /// of.</summary>
    IFencedJournal Journal(Guid run, string part);

    /// <summary>How many processes an actor of the cluster lives in; null: not known now.</summary>
    Task<int?> Consumers(string actor);

    /// <summary>Takes the mailbox of an actor from the process that has it and answers nothing.</summary>
    /// <param name="actor">that waits in several processes, to live in one</param>
    /// <param name="isDue">asked once no other process can be doing the same</param>
    Task Evict(string actor, Func<bool> isDue);

    /// <summary>Which of broker and database does not answer at present; null: both do.</summary>
    Task<ServerTrouble?> Trouble(CancellationToken cancellation);

    /// <summary>No journal waits for the database any longer than that: this process is to end.</summary>
    void EndJournals(TimeSpan limit);
}

/// <summary>A server does not answer.</summary>
/// <param name="Text">for the user</param>
/// <param name="IsOfDatabase">it is the database; else the broker, and of the database nothing is
/// known</param>
internal sealed record ServerTrouble(string Text, bool IsOfDatabase);
