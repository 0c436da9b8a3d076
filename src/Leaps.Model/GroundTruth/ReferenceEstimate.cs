namespace Leaps.Model.GroundTruth;

/// <summary>A value estimated by simulation, with its standard error (one sigma).</summary>
public readonly record struct ReferenceEstimate(double Value, double StandardError)
{
    /// <summary>Deviation from an exact value in standard errors.</summary>
    public double ZScore(double exact) => (Value - exact) / StandardError;
}

/// <summary>
/// Averages in ρ_1 from a long Swendsen–Wang run: NOT exact, every value has a standard error. Definitions as
/// in <see cref="EnsembleAverages"/>.
/// </summary>
public sealed record ReferenceAverages
{
    public required ReferenceEstimate EnergyPerSite { get; init; }
    public required ReferenceEstimate SpecificHeat { get; init; }
    public required ReferenceEstimate OrderParameter { get; init; }
    public required ReferenceEstimate SecondMoment { get; init; }
    public required ReferenceEstimate FourthMoment { get; init; }
    public required ReferenceEstimate BinderCumulant { get; init; }

    /// <summary>Values of m, ascending, and their probabilities; values never seen are left out.</summary>
    public required IReadOnlyList<(double Value, ReferenceEstimate Probability)> Distribution { get; init; }

    /// <summary>Along a row, r = 0 … columns/2.</summary>
    public required IReadOnlyList<ReferenceEstimate> Correlation { get; init; }

    /// <summary>Sweeps measured, all chains together.</summary>
    public required long Sweeps { get; init; }
}

/// <summary>How a Swendsen–Wang reference run is done.</summary>
public sealed record ReferenceRunOptions
{
    /// <summary>Sweeps measured in each chain.</summary>
    public int SweepsPerChain { get; init; } = 20_000;

    /// <summary>Sweeps from the random initial state before measuring, in each chain.</summary>
    public int ThermalisationSweeps { get; init; } = 1_000;

    /// <summary>Independent chains.</summary>
    public int Chains { get; init; } = 8;

    /// <summary>Bins of a chain; a bin should be many autocorrelation times long.</summary>
    public int BinsPerChain { get; init; } = 16;

    public ulong Seed { get; init; } = 1;

    /// <summary>Threads; 0 means as many as the machine has. No result depends on it.</summary>
    public int Threads { get; init; }

    /// <exception cref="LeapsException">A value is out of range; the message names it.</exception>
    public void Validate()
    {
        if (Chains < 1 || BinsPerChain < 1 || Chains * (long)BinsPerChain < 2)
            throw new LeapsException(
                $"{Chains} chains of {BinsPerChain} bins give no error bar: use at least 2 bins in all.");
        if (SweepsPerChain < BinsPerChain)
            throw new LeapsException(
                $"{SweepsPerChain} sweeps can't fill {BinsPerChain} bins: use at least one sweep a bin.");
        if (ThermalisationSweeps < 0)
            throw new LeapsException($"thermalisation sweeps is {ThermalisationSweeps}; allowed: 0 or more.");
        if (Threads < 0)
            throw new LeapsException($"threads is {Threads}; allowed: 0 or more.");
    }
}
