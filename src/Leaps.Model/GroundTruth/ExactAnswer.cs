using Leaps.Model.Targets;

namespace Leaps.Model.GroundTruth;

/// <summary>A value and where it comes from: "Kaufman", "enumeration" or "uniform density".</summary>
public sealed record Sourced<T>(T Value, string Source);

/// <summary>
/// What is known exactly about a target at an annealing time, each value with its source, or null where
/// nothing exact is at hand: Kaufman for Ising without a field (and Potts with q = 2, its double),
/// enumeration for small lattices. Definitions as in <see cref="EnsembleAverages"/>.
/// </summary>
public sealed record ExactAnswer
{
    /// <summary>log Z_t.</summary>
    public Sourced<double>? LogNormalizer { get; private init; }

    /// <summary>-⟨bonds⟩ / N, in units of J.</summary>
    public Sourced<double>? EnergyPerSite { get; private init; }

    /// <summary>Var(U_t) / N.</summary>
    public Sourced<double>? SpecificHeat { get; private init; }

    /// <summary>⟨|m|⟩.</summary>
    public Sourced<double>? OrderParameter { get; private init; }

    /// <summary>Binder's cumulant U_4.</summary>
    public Sourced<double>? BinderCumulant { get; private init; }

    /// <summary>Values of m, ascending, and their probabilities.</summary>
    public Sourced<IReadOnlyList<(double Value, double Probability)>>? Distribution { get; private init; }

    /// <summary>Along a row, r = 0 … columns/2.</summary>
    public Sourced<double[]>? Correlation { get; private init; }

    /// <summary>Whether nothing at all is known.</summary>
    public bool IsEmpty => LogNormalizer is null;

    /// <summary>The exact values of a target at annealing time t (seconds where it enumerates).</summary>
    public static ExactAnswer For(Target target, double t)
    {
        var answer = Enumeration.Covers(target)
            ? FromEnumeration(Enumeration.At(target, t))
            : new ExactAnswer();
        var couplings = target.Schedule.At(t);
        var (rows, columns) = (target.Lattice.Rows, target.Lattice.Columns);
        if (target is IsingTarget && couplings.Site == 0 && Kaufman.Covers(rows, columns, couplings.Bond))
        {
            var exact = Kaufman.At(rows, columns, couplings.Bond);
            return answer.With(exact.LogNormalizer, exact.EnergyPerSite, exact.SpecificHeat);
        }
        // δ = (1 + s s') / 2: Potts with q = 2 at βJ is Ising at βJ/2, with 2N bonds shifted by a constant.
        if (target is PottsTarget { States: 2 } && Kaufman.Covers(rows, columns, couplings.Bond / 2))
        {
            var exact = Kaufman.At(rows, columns, couplings.Bond / 2);
            return answer.With(exact.LogNormalizer + couplings.Bond * target.Sites,
                exact.EnergyPerSite / 2 - 1, exact.SpecificHeat);
        }
        if (answer.IsEmpty && couplings is { Bond: 0, Site: 0 })
            return answer with { LogNormalizer = new(target.LogInitialNormalizer, "uniform density") };
        return answer;
    }

    private ExactAnswer With(double logNormalizer, double energyPerSite, double specificHeat) => this with
    {
        LogNormalizer = new(logNormalizer, "Kaufman"),
        EnergyPerSite = new(energyPerSite, "Kaufman"),
        SpecificHeat = new(specificHeat, "Kaufman"),
    };

    private static ExactAnswer FromEnumeration(EnsembleAverages averages)
    {
        const string source = "enumeration";
        return new ExactAnswer
        {
            LogNormalizer = new(averages.LogNormalizer, source),
            EnergyPerSite = new(averages.EnergyPerSite, source),
            SpecificHeat = new(averages.SpecificHeat, source),
            OrderParameter = new(averages.OrderParameter, source),
            BinderCumulant = new(averages.BinderCumulant, source),
            Distribution = new(averages.Distribution, source),
            Correlation = new(averages.Correlation, source),
        };
    }
}
