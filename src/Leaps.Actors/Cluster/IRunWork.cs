using Leaps.Actors.Journal;
using Leaps.Actors.Protocol;
using Leaps.Actors.ReplayBuffer;
using Leaps.Model;
using Leaps.Model.Devices;
using Leaps.Model.Networks;

namespace Leaps.Actors.Cluster;

/// <summary>What a node does for runs, apart from the actors that it hosts.</summary>
public interface IRunWork
{
    /// <summary>Stores what a user submitted, before the run is known to anybody.</summary>
    /// <exception cref="LeapsException">The configuration is wrong.</exception>
    void Store(IFencedJournal journal, SubmitRun submission);

    /// <summary>The run from wherever its journals left off to its end, or until it is cancelled.</summary>
    /// <returns>how it ended</returns>
    /// <exception cref="LeapsException">It can't go on until the user has put something right.</exception>
    /// <exception cref="OperationCanceledException">Cancelled: another home goes on.</exception>
    RunConcluded Work(RunHome home, CancellationToken cancellation);

    /// <summary>A model's network on each device of this node; the caller's to dispose of.</summary>
    /// <exception cref="LeapsException">A device failed, or its memory is full.</exception>
    IReadOnlyList<RateNetwork> CreateNetworks(LeapsModel model);

    /// <summary>Makes a run's rollouts on a device of this node.</summary>
    /// <param name="journal">of the run's part "run"</param>
    /// <param name="failed">takes what went wrong</param>
    RolloutPool CreateRolloutPool(IJournal journal, Action<Exception> failed);
}
