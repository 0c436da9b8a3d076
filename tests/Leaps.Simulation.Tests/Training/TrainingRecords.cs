using Leaps.Actors.Protocol;
using Leaps.Model.Devices.Simd;
using Leaps.Model.Networks;
using Leaps.Model.Targets;
using Leaps.Model.Training;
using Algorithm2 = Leaps.Model.Training.Trainer;
using ParameterVersion = Leaps.Actors.Protocol.ParameterVersion;

namespace Leaps.Simulation.Tests.Training;

/// <summary>
/// What was seen of a training, to be compared with the plain loop of Algorithm 2: every update that was ever
/// made, replays too, every version of the parameters that was published, and the result.
/// </summary>
internal sealed class TrainingRecords
{
    private readonly List<TrainingRecord> _updates = [];
    private readonly Dictionary<int, ParameterVersion> _versions = [];

    /// <summary>Updates that some life of the trainer has done.</summary>
    public int Frontier { get; private set; }

    public void Add(TrainingRecord record)
    {
        _updates.Add(record);
        Frontier = Math.Max(Frontier, record.Update + 1);
    }

    public void Add(ParameterVersion version)
    {
        if (_versions.TryGetValue(version.Update, out var known) && !known.Sha256.Equals(version.Sha256))
            throw new ViolationException("Versions", $"two versions of parameters after {version.Update}.");
        _versions[version.Update] = version;
    }

    /// <exception cref="ViolationException">Something differs.</exception>
    public void Compare(Target target, TrainingOptions options, LeapsModel model,
        IEnumerable<LearningRateChange> changes, LeapsModel result)
    {
        var trainer = new Algorithm2(target, model, new SimdNetwork(model.Network), options);
        foreach (var change in changes)
            trainer.ChangeLearningRate(change.Update, change.LearningRate);
        var truth = new List<TrainingRecord>();
        Check(trainer);
        while (!trainer.IsComplete)
        {
            truth.Add(trainer.Update());
            Check(trainer);
        }
        foreach (var record in _updates)
        {
            if (record != truth[record.Update])
                throw new ViolationException("Truth", $"{record} instead of {truth[record.Update]}.");
        }
        trainer.RestoreBest();
        if (!model.Parameters.Values.AsSpan().SequenceEqual(result.Parameters.Values))
            throw new ViolationException("Truth", "the parameters are not those of the plain training.");
    }

    private void Check(Algorithm2 trainer)
    {
        if (_versions.TryGetValue(trainer.Updates, out var version)
            && Convert.ToHexStringLower(version.Sha256.Span) != trainer.Publish().Sha256)
            throw new ViolationException("Versions", $"the parameters after {trainer.Updates} are others.");
    }
}
