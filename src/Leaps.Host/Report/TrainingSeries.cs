namespace Leaps.Host.Report;

/// <summary>
/// The training: the loss of the updates, and the relative ESS of the evaluations on the way.
/// </summary>
public sealed record TrainingSeries
{
    /// <summary>Numbers of the updates, increasing.</summary>
    public required double[] Update { get; init; }

    /// <summary>Loss of each of them; the page smooths it.</summary>
    public required double[] Loss { get; init; }

    public IReadOnlyList<TrainingEvaluation> Evaluations { get; init; } = [];

    /// <summary>The update whose network was kept.</summary>
    public double? BestUpdate { get; init; }

    internal void Check() => ReportCheck.SameLength(nameof(TrainingSeries), Update, Loss);

    /// <summary>
    /// At most <paramref name="maximum"/> entries, each the mean loss of a block of updates and the block's
    /// last update.
    /// </summary>
    internal TrainingSeries Thinned(int maximum)
    {
        if (Update.Length <= maximum)
            return this;
        int block = (Update.Length + maximum - 1) / maximum;
        return this with
        {
            Update = [.. Update.Chunk(block).Select(updates => updates[^1])],
            Loss = [.. Loss.Chunk(block).Select(losses => losses.Average())],
        };
    }
}

/// <param name="Update">After this update.</param>
/// <param name="RelativeEss">ESS / M of a run with the network of then, in [0, 1].</param>
public sealed record TrainingEvaluation(double Update, double RelativeEss);
