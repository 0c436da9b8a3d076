using Leaps.Host.Report;
using Leaps.Model.Sampling;

namespace Leaps.Host.Execution;

/// <summary>
/// What a sampling brought: result.json of a run directory, and what `leaps run`, `sample` and `evaluate`
/// print with --json. A value that can't be had is null. Standard errors are one σ.
/// </summary>
public sealed record SamplingResult
{
    /// <summary>log Σ_x e^{-U_1(x)}, the natural logarithm.</summary>
    public required double LogZ { get; init; }

    /// <summary>From families.</summary>
    public required double LogZStdErr { get; init; }

    /// <summary>From the scatter of the replicas; null for one replica.</summary>
    public double? LogZReplicaStdErr { get; init; }
    public double? LogZExact { get; init; }

    /// <summary>ESS / M at t = 1, in [0, 1].</summary>
    public required double RelativeEss { get; init; }

    /// <summary>-log Z / sites.</summary>
    public required double FreeEnergyPerSite { get; init; }
    public required double FreeEnergyPerSiteStdErr { get; init; }

    /// <summary>-⟨bonds⟩ / sites, in units of J.</summary>
    public required double EnergyPerSite { get; init; }
    public required double EnergyPerSiteStdErr { get; init; }
    public double? EnergyPerSiteExact { get; init; }

    /// <summary>Var(U_1) / sites.</summary>
    public required double SpecificHeat { get; init; }
    public required double SpecificHeatStdErr { get; init; }
    public double? SpecificHeatExact { get; init; }

    /// <summary>⟨|Σ s_i|⟩ / sites (Ising), or the order parameter (Potts).</summary>
    public required double AbsMagnetisation { get; init; }
    public required double AbsMagnetisationStdErr { get; init; }
    public double? AbsMagnetisationExact { get; init; }
    public required double MagnetisationSquared { get; init; }
    public required double MagnetisationSquaredStdErr { get; init; }
    public double? MagnetisationSquaredExact { get; init; }

    /// <summary>1 - ⟨m⁴⟩ / (3⟨m²⟩²); null for Potts.</summary>
    public double? BinderCumulant { get; init; }
    public double? BinderCumulantStdErr { get; init; }
    public double? BinderCumulantExact { get; init; }

    /// <summary>Walkers of a replica.</summary>
    public required int Walkers { get; init; }
    public required int Windows { get; init; }
    public required int Replicas { get; init; }
    public required IntegratorKind Integrator { get; init; }

    /// <summary>Network evaluations, mean over the walkers.</summary>
    public required double EvaluationsPerWalker { get; init; }

    /// <summary>Jumps of the chain, mean over the walkers.</summary>
    public required double JumpsPerWalker { get; init; }

    /// <summary>All replicas together.</summary>
    public required int Resamplings { get; init; }

    /// <summary>Relative ESS below which the population is resampled; 0: never.</summary>
    public required double ResamplingThreshold { get; init; }

    /// <summary>ρ = M Σ_f W_f², M the walkers of all replicas.</summary>
    public required double FamilyStatistic { get; init; }
    public required int SurvivingFamilies { get; init; }

    /// <summary>Wall clock of the sampling alone, in the process that ended it.</summary>
    public required double Seconds { get; init; }

    /// <summary>Walkers · windows that this process settled, over the seconds.</summary>
    public required double WalkerStepsPerSecond { get; init; }

    /// <summary>The model file; null: sampled without a network.</summary>
    public string? Model { get; init; }

    /// <summary>"ising" or "potts".</summary>
    public required string Target { get; init; }

    /// <summary>[rows, columns]</summary>
    public required int[] Lattice { get; init; }

    /// <summary>q; 2 for Ising.</summary>
    public required int States { get; init; }
    public required ulong Seed { get; init; }
    public required int Threads { get; init; }

    /// <summary>The kind of device on which the run is reproducible to the bit.</summary>
    public required string DeviceKind { get; init; }

    /// <summary>The network in words.</summary>
    public required string Network { get; init; }

    /// <summary>What the reader must know before the numbers.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>
    /// What the estimates are compared with, by their names; a standard error says that the value is not
    /// exact.
    /// </summary>
    public required IReadOnlyDictionary<string, ReferenceValue> References { get; init; }
    public required Histogram MagnetisationHistogram { get; init; }
    public required CorrelationSeries Correlation { get; init; }

    /// <summary>The two-point function by displacement (Δy, Δx); null for large lattices.</summary>
    public required TwoPointResult? TwoPoint { get; init; }

    /// <summary>The training before the sampling, if any.</summary>
    public TrainingResult? Training { get; init; }

    /// <summary>The run directory; null where none was made.</summary>
    public string? Output { get; init; }

    /// <summary>When the run ended, ISO 8601 in UTC.</summary>
    public required string Created { get; init; }

    /// <summary>The program's version.</summary>
    public required string Version { get; init; }
    public required string Command { get; init; }
}

/// <summary>Values and standard errors, (rows/2 + 1)(columns/2 + 1).</summary>
public sealed record TwoPointResult(double[][] Value, double[][] StdErr);
