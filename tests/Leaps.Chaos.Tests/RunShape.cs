namespace Leaps.Chaos.Tests;

/// <summary>
/// A small run, of about four seconds on three nodes of one thread each, that resamples often: whatever is
/// lost, repeated or done twice shows in its bits.
/// </summary>
/// <param name="Name">for people</param>
/// <param name="Configuration">YAML</param>
internal sealed record RunShape(string Name, string Configuration)
{
    public const int Kinds = 7;

    /// <summary>Done within a second.</summary>
    public static readonly RunShape Visitor = new("ising 2×2 groups", """
        target: {model: ising, lattice: 4, beta: 0.4}
        sample: {walkers: 100, groups: 2, windows: 20, replicas: 2, resample: {threshold: 0.97},
          mcmc: {kernel: heat-bath-sweep, sweeps: 2}}
        seed: 5
        """);

    public static RunShape Draw(Dice dice)
    {
        int seed = dice.Between(1, 3);
        return Of(dice.Between(0, Kinds - 1), seed);
    }

    /// <param name="kind">0 to 6</param>
    /// <param name="seed">of the run</param>
    public static RunShape Of(int kind, int seed)
    {
        var (name, text) = kind switch
        {
            0 => ("ising 2×6 groups", """
                target: {model: ising, lattice: 6, beta: 0.44}
                sample: {walkers: 600, groups: 6, windows: 120, replicas: 2, resample: {threshold: 0.99},
                  mcmc: {kernel: heat-bath-sweep, sweeps: 70}}
                """),
            1 => ("ising 3×4 groups, Swendsen–Wang", """
                target: {model: ising, lattice: 6, beta: 0.44}
                sample: {walkers: 400, groups: 4, windows: 80, replicas: 3, resample: {threshold: 0.985},
                  mcmc: {kernel: swendsen-wang, sweeps: 20}}
                """),
            2 => ("potts 1×8 groups", """
                target: {model: potts, states: 3, lattice: 5, beta: 1.0}
                sample: {walkers: 800, groups: 8, windows: 150, replicas: 1, resample: {threshold: 0.99},
                  mcmc: {kernel: heat-bath-sweep, sweeps: 70}}
                """),
            3 => ("ising 2×5 groups, residual", """
                target: {model: ising, lattice: 8, beta: 0.44, J: [0, 1]}
                sample: {walkers: 300, groups: 5, windows: 120, replicas: 2,
                  resample: {threshold: 0.98, scheme: residual},
                  mcmc: {kernel: heat-bath-sweep, sweeps: 70}}
                """),
            4 => ("ising 2×4 groups, a network from a pool", """
                target: {model: ising, lattice: 4, beta: 0.44}
                network: {kernels: [3, 4], channels: 4, free-energy: [8]}
                train: {updates: 400, batch: 64, pool: {walkers: 64, times: 4},
                  evaluate: {every: 100, walkers: 64}}
                sample: {walkers: 400, groups: 4, windows: 60, replicas: 2, resample: {threshold: 0.97}}
                """),
            5 => ("ising 1×6 groups, a network from rollouts", """
                target: {model: ising, lattice: 4, beta: 0.44}
                network: {kernels: [3, 4], channels: 4, free-energy: [8]}
                train: {updates: 300, batch: 32, source: rollouts,
                  rollouts: {walkers: 64, buffer-cycle: 10, buffer-size: 4, moves: 16, staleness: 10},
                  evaluate: {every: 100, walkers: 64}}
                sample: {walkers: 600, groups: 6, windows: 60, replicas: 1, resample: {threshold: 0.97}}
                """),
            _ => ("ising 3×4 groups, a network from fresh rollouts", """
                target: {model: ising, lattice: 4, beta: 0.44}
                network: {kernels: [3, 4], channels: 4, free-energy: [8]}
                train: {updates: 200, batch: 32, source: rollouts,
                  rollouts: {walkers: 64, buffer-cycle: 10, buffer-size: 4, moves: 16},
                  evaluate: {every: 100, walkers: 64}}
                sample: {walkers: 400, groups: 4, windows: 60, replicas: 3, resample: {threshold: 0.97}}
                """),
        };
        return new RunShape(name, FormattableString.Invariant($"{text}\nseed: {seed}\n"));
    }
}
