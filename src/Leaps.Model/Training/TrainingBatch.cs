namespace Leaps.Model.Training;

/// <summary>(state, time) pairs for one update. Pairs of equal time side by side share work.</summary>
public sealed class TrainingBatch(int count, int sites)
{
    public int Count { get; } = count;

    /// <summary>(pairs, sites)</summary>
    public byte[] States { get; } = new byte[count * sites];

    /// <summary>Annealing times, (pairs).</summary>
    public double[] Times { get; } = new double[count];
}

/// <summary>Where Algorithm 2 takes its pairs from. Any distribution with full support is valid.</summary>
public interface ITrainingSource
{
    /// <summary>Fills the batch of an update; the same seed and update give the same pairs.</summary>
    /// <exception cref="OperationCanceledException">Cancelled: the batch is of no use.</exception>
    void Fill(int update, TrainingBatch batch, CancellationToken cancellation = default);
}
