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
          updates: 8000
          batch: 256
          learning-rate: 6e-3
          decay: {every: 100, factor: 0.96}
          pool: {times: 8}
          evaluate: {every: 1000}
        sample:
          walkers: 10000
          windows: 10
          integrator: exact
          replicas: 4
        seed: 1
        device: cpu     # so small a lattice gains nothing on a GPU
        """;
}
