namespace Leaps.Model.Sampling;

public enum IntegratorKind
{
    /// <summary>Event by event with frozen time argument: log Z unbiased for any grid.</summary>
    Exact,

    /// <summary>
    /// The paper's: every site jumps independently in a step; weights exact only as the step → 0.
    /// </summary>
    Euler,
}

public enum TimeGridKind
{
    /// <summary>t_n = n / N.</summary>
    Uniform,

    /// <summary>t_n ∝ (1 - e^{-5 n/N})³, the reference's grid of that name.</summary>
    Exp2,

    /// <summary>Chosen by a pilot run so that each window's relative ESS meets a target.</summary>
    Adaptive,
}

public enum ResamplingScheme
{
    Systematic,
    Stratified,
    Residual,
    Multinomial,
}

public enum McmcKernelKind
{
    None,

    /// <summary>Metropolis at random sites, an own site for every walker and move.</summary>
    Metropolis,

    /// <summary>Heat bath (Gibbs) at random sites.</summary>
    HeatBath,

    /// <summary>Metropolis over the colour classes of the lattice, one update a site and sweep.</summary>
    MetropolisSweep,

    /// <summary>Heat bath over the colour classes of the lattice, one update a site and sweep.</summary>
    HeatBathSweep,

    SwendsenWang,
    Wolff,
}

/// <summary>MCMC between windows; every kernel leaves ρ_t invariant.</summary>
public sealed record McmcOptions
{
    public McmcKernelKind Kernel { get; init; } = McmcKernelKind.None;

    /// <summary>Sweeps before each window. Wolff: one sweep is one cluster.</summary>
    public int Sweeps { get; init; } = 1;

    /// <summary>Single-site moves in a sweep of the random-site kernels; 0 means one a site.</summary>
    public int Moves { get; init; }

    /// <summary>
    /// ε: when positive, the sweeps are done with probability h ε in a window of length h, else always.
    /// </summary>
    public double Rate { get; init; }
}

/// <summary>How Algorithm 1 is run.</summary>
public sealed record AnnealerOptions
{
    public int Walkers { get; init; } = 1000;

    /// <summary>
    /// Groups that the walkers are cut into, a property of the run: sums run in group order, which decides
    /// how they round. 0: see <see cref="WalkerGroups.Sizes"/>.
    /// </summary>
    public int Groups { get; init; }
    public int Windows { get; init; } = 20;
    public IntegratorKind Integrator { get; init; } = IntegratorKind.Exact;
    public TimeGridKind Grid { get; init; } = TimeGridKind.Uniform;

    /// <summary>
    /// Adaptive grid: the relative ESS that each window's increment should keep, in (0, 1).
    /// </summary>
    public double GridTarget { get; init; } = 0.95;

    /// <summary>Resample when the relative ESS falls below this, in [0, 1]; 0 never resamples.</summary>
    public double ResamplingThreshold { get; init; } = 0.5;
    public ResamplingScheme Resampling { get; init; } = ResamplingScheme.Systematic;
    public McmcOptions Mcmc { get; init; } = new();
    public ulong Seed { get; init; } = 1;

    /// <summary>Threads; 0 means as many as the machine has. No result depends on it.</summary>
    public int Threads { get; init; }

    /// <exception cref="LeapsException">A value is out of range; the message names it.</exception>
    public void Validate()
    {
        Require(Walkers is >= 1 and <= 100_000_000, "walkers", Walkers, "1 to 100,000,000");
        Require(Groups >= 0 && Groups <= Math.Min(Walkers, WalkerGroups.Most), "groups", Groups,
            FormattableString.Invariant($"0 to {Math.Min(Walkers, WalkerGroups.Most)}"));
        Require(Windows is >= 1 and <= 1_000_000, "windows", Windows, "1 to 1,000,000");
        Require(GridTarget is > 0 and < 1, "grid-target", GridTarget, "between 0 and 1, both excluded");
        Require(ResamplingThreshold is >= 0 and <= 1, "resampling threshold", ResamplingThreshold, "0 to 1");
        Require(Mcmc.Sweeps >= 0, "mcmc sweeps", Mcmc.Sweeps, "0 or more");
        Require(Mcmc.Moves >= 0, "mcmc moves", Mcmc.Moves, "0 or more");
        Require(Mcmc.Rate >= 0 && double.IsFinite(Mcmc.Rate), "mcmc rate", Mcmc.Rate,
            "a finite number, 0 or more");
        Require(Threads is >= 0 and <= 4096, "threads", Threads, "0 to 4096");

        static void Require(bool holds, string name, object value, string allowed)
        {
            if (!holds)
                throw new LeapsException(
                    FormattableString.Invariant($"{name} is {value}; allowed: {allowed}."));
        }
    }
}
