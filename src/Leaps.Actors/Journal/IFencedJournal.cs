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

    /// <summary>
    /// An actor of this journal deletes all parts of another run. Who still writes for one of the run's
    /// actors is fenced.
    /// </summary>
    /// <param name="run">which</param>
    /// <param name="actor">that this object has claimed</param>
    /// <exception cref="FencedException">Another object has claimed the actor since, or it was never claimed
    /// here. Nothing has been deleted.</exception>
    /// <exception cref="Leaps.Model.LeapsException">The storage refused.</exception>
    void ForgetRun(Guid run, string actor);
}
