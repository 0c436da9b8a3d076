namespace Leaps.Host.Report;

/// <summary>
/// Everything that the report of a run shows. Sections whose data are null or empty are left out of the page.
/// </summary>
/// <remarks>
/// A number that is not finite (no error because only one family survived, say) is shown as a dash.
/// Symbols are written as <c>log Z</c>, <c>⟨|m|⟩</c>, <c>C_V</c>: letters become italic, <c>_</c> starts a
/// subscript and <c>^</c> a superscript.
/// </remarks>
public sealed record ReportData
{
    public required string Title { get; init; }

    /// <summary>
    /// The target in words, for example "Ising 5×5, periodic, β = 0.4407, J 0→1, critical".
    /// </summary>
    public string Subtitle { get; init; } = "";

    /// <summary>When the run was made, ISO 8601, for example 2026-03-01T14:05:09Z.</summary>
    public string Created { get; init; } = "";

    /// <summary>Version of the program.</summary>
    public string Version { get; init; } = "";
    public string CommandLine { get; init; } = "";

    /// <summary>Kind of device and instruction set on which the run is reproducible to the bit.</summary>
    public string DeviceKind { get; init; } = "";
    public int Threads { get; init; }

    /// <summary>
    /// Wall-clock seconds of training; null when a trained network was given or none was used.
    /// </summary>
    public double? TrainingSeconds { get; init; }

    /// <summary>Wall-clock seconds of sampling.</summary>
    public double SamplingSeconds { get; init; }

    public required Headline Headline { get; init; }
    public IReadOnlyList<Estimate> Estimates { get; init; } = [];
    public WindowSeries? Windows { get; init; }
    public TrainingSeries? Training { get; init; }
    public Histogram? MagnetisationHistogram { get; init; }
    public CorrelationSeries? Correlation { get; init; }
    public LatticeSamples? Lattices { get; init; }
    public required PopulationSummary Population { get; init; }

    /// <summary>The configuration as YAML, with every default filled in.</summary>
    public string Configuration { get; init; } = "";

    /// <summary>What the reader must know before the numbers; shown first.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}

/// <summary>The result on which the page opens.</summary>
/// <param name="LogZ">Estimate of the target's log Z.</param>
/// <param name="StdErr">Its standard error.</param>
/// <param name="Exact">The exact log Z where it is known.</param>
/// <param name="RelativeEss">ESS / M at t = 1, in [0, 1].</param>
public sealed record Headline(double LogZ, double StdErr, double? Exact, double RelativeEss);

/// <summary>One row of the table of estimates.</summary>
/// <param name="Name">In words: "energy per site".</param>
/// <param name="Symbol">As the field writes it: "E/N".</param>
/// <param name="Value">The weighted estimate.</param>
/// <param name="StdErr">Its standard error.</param>
/// <param name="Exact">The value to compare with, where one is known.</param>
/// <param name="ExactStdErr">Standard error of that value; null when it is exact.</param>
/// <param name="ExactSource">Where that value is from: "Kaufman", "enumeration", "Swendsen–Wang".</param>
public sealed record Estimate(
    string Name,
    string Symbol,
    double Value,
    double StdErr,
    double? Exact = null,
    double? ExactStdErr = null,
    string? ExactSource = null);

/// <summary>Size and cost of the run, and what resampling left of the population.</summary>
public sealed record PopulationSummary
{
    /// <summary>Of all replicas together.</summary>
    public long Walkers { get; init; }

    /// <summary>Independent runs that were pooled, of as many walkers each.</summary>
    public int Replicas { get; init; } = 1;
    public int Windows { get; init; }
    public string Integrator { get; init; } = "";

    /// <summary>Network evaluations, mean over the walkers.</summary>
    public double EvaluationsPerWalker { get; init; }

    /// <summary>Jumps of the Markov chain, mean over the walkers.</summary>
    public double JumpsPerWalker { get; init; }

    /// <summary>
    /// Walker steps a second: walkers · windows over the time of sampling.
    /// </summary>
    public double WalkerStepsPerSecond { get; init; }
    public int Resamplings { get; init; }

    /// <summary>Initial ancestors that still have descendants.</summary>
    public long Families { get; init; }

    /// <summary>ρ = M Σ_f (n_f / M)²: 1 without resampling, M when all walkers descend from one.</summary>
    public double FamilyStatistic { get; init; }
}
