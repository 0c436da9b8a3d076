namespace Leaps.Actors.Journal;

/// <summary>
/// A journal that several processes may write, each for actors of its own. Who brings an actor to life claims
/// it first, then reads what it was: from the claim on, nobody who had it before can write for it, though he
/// may not know yet that he lost it.
/// </summary>
public interface IFencedJournal : IJournal
{
    /// <summary>From now on only this journal object writes for the actor.</summary>
    /// <returns>the number of the claim among the actor's: 1, 2, 3 …, for ever rising</returns>
    /// <exception cref="Leaps.Model.LeapsException">The storage refused.</exception>
    long Claim(string actor);
}
