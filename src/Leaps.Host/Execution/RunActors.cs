using Leaps.Actors;
using Leaps.Actors.Journal;
using Leaps.Actors.Runtime;
using Leaps.Actors.Runtime.Embedded;
using Leaps.Model.Targets;
using Leaps.Model.Training;

namespace Leaps.Host.Execution;

/// <summary>Where the actors of a run live.</summary>
internal interface IRunActors
{
    /// <exception cref="Leaps.Model.LeapsException">
    /// An option is wrong, or the journal is damaged.
    /// </exception>
    ITraining CreateTraining(Target target, PreparedNetwork network, TrainingOptions training,
        IJournal journal, TrainingHomeOptions options);

    /// <param name="task">what is sampled</param>
    /// <param name="target">the same</param>
    /// <param name="network">the rates; null: none</param>
    /// <param name="sampling">its number in the run, from 1</param>
    /// <param name="journal">its journal</param>
    /// <param name="options">how</param>
    /// <exception cref="Leaps.Model.LeapsException">The journal belongs to another task, or is
    /// damaged.</exception>
    ISampling CreateSampling(SamplingTask task, Target target, PreparedNetwork? network, int sampling,
        IJournal journal, SamplingHomeOptions options);
}

/// <summary>All of them in this process.</summary>
/// <param name="threads">that move walkers; 0: as many as the machine has</param>
internal sealed class EmbeddedActors(int threads) : IRunActors
{
    public ITraining CreateTraining(Target target, PreparedNetwork network, TrainingOptions training,
        IJournal journal, TrainingHomeOptions options) =>
        new EmbeddedTraining(target, network.Model, [network.Device],
            training.Source == TrainingSource.Rollouts
                ? network.Devices.CreateRolloutNetwork(network.Model) : null,
            training, journal, options);

    public ISampling CreateSampling(SamplingTask task, Target target, PreparedNetwork? network, int sampling,
        IJournal journal, SamplingHomeOptions options) =>
        new EmbeddedSampling(
            task, network?.Networks ?? [], journal, new EmbeddedOptions(options) { Threads = threads });
}
