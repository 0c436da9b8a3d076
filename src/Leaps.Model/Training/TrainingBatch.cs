using Leaps.Model.Sampling;

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
    /// <summary>Fills the batch of an update; the same seed and update give the same pairs.</summary>
    /// <exception cref="OperationCanceledException">Cancelled: the batch is of no use.</exception>
    void Fill(int update, TrainingBatch batch, CancellationToken cancellation = default);
}
