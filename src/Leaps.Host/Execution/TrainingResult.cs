namespace Leaps.Host.Execution;

/// <summary>What a training brought; `leaps train --json` prints it.</summary>
public sealed record TrainingResult
{
    /// <summary>Updates done.</summary>
    public required int Updates { get; init; }

    /// <summary>
    /// The update whose network was kept; null where nothing was evaluated, and the last was kept.
    /// </summary>
    public int? BestUpdate { get; init; }

    /// <summary>Relative ESS of its evaluation.</summary>
    public double? BestRelativeEss { get; init; }

    /// <summary>Mean loss of the last updates, at most 100; null where there were none.</summary>
    public double? FinalLoss { get; init; }

    /// <summary>Why it ended before all updates were done or the target was reached; else null.</summary>
    public string? Ended { get; init; }

    /// <summary>Wall clock, in the process that ended it.</summary>
    public required double Seconds { get; init; }
    public required double UpdatesPerSecond { get; init; }

    /// <summary>Scalars of both networks.</summary>
    public required int Parameters { get; init; }
    public required string DeviceKind { get; init; }
    public required ulong Seed { get; init; }
    public required int Threads { get; init; }

    /// <summary>The model file.</summary>
    public required string Model { get; init; }
}
