namespace Leaps.Actors.Runtime.RabbitMq;

/// <summary>How the queue of a mailbox is at the broker.</summary>
internal enum QueueState
{
    /// <summary>It is there and answers.</summary>
    Sound,

    /// <summary>Its name is there and its log is not: it never answers.</summary>
    Leaderless,

    /// <summary>It was removed, or somebody who makes it anew has got no further.</summary>
    Missing,
}
