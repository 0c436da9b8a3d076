using Leaps.Model.Devices;
using Leaps.Model.Networks;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Model.Training;

/// <summary>(state, time) pairs for one update. Pairs of equal time side by side share work.</summary>
public sealed class TrainingBatch
{
    /// <exception cref="LeapsException">The pairs are too many for one array of states.</exception>
    public TrainingBatch(int count, int sites)
    {
        Walkers.RequireRoom(count, sites, "batch");
        Count = count;
        States = new byte[count * sites];
        Times = new double[count];
    }

    public int Count { get; }

    /// <summary>(pairs, sites)</summary>
    public byte[] States { get; }

    /// <summary>Annealing times, (pairs).</summary>
    public double[] Times { get; }
}

/// <summary>Where Algorithm 2 takes its pairs from. Any distribution with full support is valid.</summary>
public interface ITrainingSource
{
    /// <summary>
    /// Fills the batch of an update, one update after another; the same seed and update give the same pairs.
    /// </summary>
    /// <exception cref="OperationCanceledException">
    /// Cancelled: the batch is of no use, and the same update may be asked for again.
    /// </exception>
    void Fill(int update, TrainingBatch batch, CancellationToken cancellation = default);

    /// <summary>All that the batches to come depend on, apart from options and parameters.</summary>
    byte[] Save();

    /// <summary>Takes over what <see cref="Save"/> gave; unchanged where that fails.</summary>
    /// <exception cref="InvalidDataException">The bytes are not the state of such a source.</exception>
    /// <exception cref="LeapsException">They belong to other options or another target.</exception>
    void Restore(ReadOnlySpan<byte> state);

    /// <summary>The source that the options ask for.</summary>
    /// <param name="target">what the network is to sample</param>
    /// <param name="model">being trained</param>
    /// <param name="network">holds its parameters whenever a batch is asked for</param>
    /// <param name="options">how</param>
    /// <exception cref="LeapsException">An option is out of range.</exception>
    static ITrainingSource Create(
        Target target, LeapsModel model, RateNetwork network, TrainingOptions options)
    {
        options.Validate();
        return options.Source == TrainingSource.Pool
            ? new EquilibriumPool(target, options)
            : new RolloutSource(target, model, network, options);
    }
}
