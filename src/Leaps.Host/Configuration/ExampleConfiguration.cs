namespace Leaps.Host.Configuration;

/// <summary>
/// What `leaps run` does when no configuration is given: a first run of about a minute on a laptop.
/// </summary>
public static class ExampleConfiguration
{
    public const string Name = "example";

    public const string Text = """
        # The Ising model on the 5×5 torus at the critical temperature of the infinite lattice.
        target:
          model: ising
          lattice: 5
          J: [0, 1]
          beta: 0.4406867935097715
        network:
          kernels: [3, 5, 5]
          channels: 8
          free-energy: [32, 32]
        train:
          updates: 4000
          batch: 256
          learning-rate: 4e-3
          decay: {every: 100, factor: 0.95}
          source: pool
          evaluate: {every: 500}
        sample:
          walkers: 16384
          windows: 10
          integrator: exact
          resample: {threshold: 0.5}
        seed: 1
        """;
}
