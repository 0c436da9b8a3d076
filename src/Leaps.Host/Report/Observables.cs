namespace Leaps.Host.Report;

/// <summary>
/// Weighted histogram of the magnetisation (Ising) or the order parameter (Potts), against the truth.
/// </summary>
public sealed record Histogram
{
    /// <summary>Bin edges, increasing, (bins + 1).</summary>
    public required double[] Edges { get; init; }

    /// <summary>Probability density, (bins).</summary>
    public required double[] Density { get; init; }

    /// <summary>Its standard error, (bins).</summary>
    public required double[] StdErr { get; init; }

    /// <summary>Density to compare with, averaged over each bin, (bins).</summary>
    public double[]? Exact { get; init; }

    /// <summary>Standard error of that density, (bins); null when it is exact.</summary>
    public double[]? ExactStdErr { get; init; }

    /// <summary>Where that density is from.</summary>
    public string? ExactSource { get; init; }

    /// <summary>"magnetisation m" or "order parameter": words, then the symbol.</summary>
    public string AxisLabel { get; init; } = "magnetisation m";

    internal void Check()
    {
        ReportCheck.SameLength(nameof(Histogram), Density, StdErr, Exact, ExactStdErr);
        if (Edges.Length != Density.Length + 1)
            throw new ArgumentException($"{Density.Length} bins have {Edges.Length} edges.");
    }
}

/// <summary>
/// Two-point correlation function along an axis, against the truth. All arrays have the same length.
/// </summary>
public sealed record CorrelationSeries
{
    /// <summary>Distances in lattice spacings, increasing.</summary>
    public required double[] Distance { get; init; }
    public required double[] Value { get; init; }

    /// <summary>Standard errors of the values.</summary>
    public required double[] StdErr { get; init; }

    /// <summary>Values to compare with.</summary>
    public double[]? Exact { get; init; }

    /// <summary>Their standard errors; null when they are exact.</summary>
    public double[]? ExactStdErr { get; init; }

    /// <summary>Where they are from.</summary>
    public string? ExactSource { get; init; }

    internal void Check()
    {
        ReportCheck.SameLength(nameof(CorrelationSeries), Distance, Value, StdErr, Exact, ExactStdErr);
    }
}
