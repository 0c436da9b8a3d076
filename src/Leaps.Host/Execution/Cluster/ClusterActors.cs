using Leaps.Actors;
using Leaps.Actors.Cluster;
using Leaps.Actors.Journal;
using Leaps.Actors.Runtime;
using Leaps.Model.Storage;
using Leaps.Model.Targets;
using Leaps.Model.Training;

namespace Leaps.Host.Execution.Cluster;

/// <summary>Trainer, replay buffer and coordinator at the home of the run, all others on the nodes of the
/// cluster.</summary>
internal sealed class ClusterActors(RunHome home) : IRunActors
{
    public ITraining CreateTraining(Target target, PreparedNetwork network, TrainingOptions training,
        IJournal journal, TrainingHomeOptions options) =>
        home.CreateTraining(target, network.Model, [network.Device], training, options);

    public ISampling CreateSampling(SamplingTask task, Target target, PreparedNetwork? network, int sampling,
        IJournal journal, SamplingHomeOptions options) => home.CreateSampling(
            sampling, (IFencedJournal)journal, task, network is null ? null : Bytes(network, target),
            options);

    private static byte[] Bytes(PreparedNetwork network, Target target)
    {
        using var stream = new MemoryStream();
        ModelFile.Write(stream, network.Model, target);
        return stream.ToArray();
    }
}
