namespace Leaps.Host.Report;

/// <summary>
/// What happened along the annealing path, one entry for each grid point t_n. All arrays have the same
/// length.
/// </summary>
public sealed record WindowSeries
{
    /// <summary>Annealing times in [0, 1], increasing.</summary>
    public required double[] T { get; init; }

    /// <summary>ESS / M of the log-weights at t_n, before the resampling there, if any.</summary>
    public required double[] RelativeEss { get; init; }

    /// <summary>Estimate of log Z at t_n.</summary>
    public required double[] LogZ { get; init; }

    /// <summary>Its standard error.</summary>
    public double[]? LogZStdErr { get; init; }

    /// <summary>The exact log Z at t_n; NaN where it is unknown.</summary>
    public double[]? LogZExact { get; init; }

    /// <summary>Whether the population was resampled at t_n.</summary>
    public required bool[] Resampled { get; init; }

    /// <summary>Relative ESS below which the population is resampled; 0 never resamples.</summary>
    public double Threshold { get; init; }

    internal void Check()
    {
        ReportCheck.SameLength(
            nameof(WindowSeries), T, RelativeEss, LogZ, LogZStdErr, LogZExact, Resampled);
    }

    /// <summary>
    /// About <paramref name="maximum"/> of the entries, the last and every resampling among them.
    /// </summary>
    internal WindowSeries Thinned(int maximum)
    {
        if (T.Length <= maximum)
            return this;
        int stride = (T.Length + maximum - 1) / maximum;
        int[] kept = [.. Enumerable.Range(0, T.Length)
            .Where(n => n % stride == 0 || Resampled[n] || n == T.Length - 1)];
        return this with
        {
            T = Pick(T),
            RelativeEss = Pick(RelativeEss),
            LogZ = Pick(LogZ),
            LogZStdErr = LogZStdErr is null ? null : Pick(LogZStdErr),
            LogZExact = LogZExact is null ? null : Pick(LogZExact),
            Resampled = Pick(Resampled),
        };

        TValue[] Pick<TValue>(TValue[] values) => Array.ConvertAll(kept, n => values[n]);
    }
}
