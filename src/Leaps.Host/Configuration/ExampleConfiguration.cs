namespace Leaps.Host.Configuration;

/// <summary>
/// What `leaps run` does when no configuration is given: a first run of about a minute on a laptop.
/// </summary>
public static class ExampleConfiguration
{
    public const string Name = "example";

    public const string Text = """
        # The Ising model on the 8×8 torus at its critical temperature.
        target:
          model: ising
          lattice: 8
          J: [0, 1]
          beta: 0.4406867935097715
        network:
          kernels: [3, 8]
          channels: 8
        train:
          updates: 1000
        sample:
          walkers: 1000
          windows: 20
        """;
}
