using Leaps.Host.Configuration;
using Leaps.Model.Networks;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;
using Leaps.Model.Training;

namespace Leaps.Host.Tests.Configuration;

public class ConfigurationReaderTests
{
    private const string Full = """
        target:
          model: potts
          lattice: [6, 5]
          states: 3
          schedule: switch
          switch-value: 0.4
          J: [0, 1]
          h: 0
          beta: 1.0050525
        network:
          kernels: [3, [6, 5]]
          channels: 4
          padding: zeros
          embedding-max-norm: true
          free-energy: [16, 8]
          model: 'models/it''s.safetensors'
        train:
          updates: 1e4
          target-relative-ess: 0.875
          batch: 100
          learning-rate: 3.0e-4
          decay: {every: 10, factor: 0.5}
          gradient-clip: 7.5
          source: rollouts
          pool: {walkers: 32, times: 8, sweeps: 2}
          rollouts: {walkers: 50, buffer-cycle: 11, buffer-size: 12, moves: 13, staleness: 3}
          horizon: {updates: 14, step: 0.25}
          evaluate: {every: 15, walkers: 16, windows: 17}
        sample:
          walkers: 123
          groups: 7
          windows: 45
          integrator: euler
          grid: exp_2
          grid-target: 0.9
          resample: {threshold: 0.25, scheme: residual}
          mcmc: {kernel: heat-bath-sweep, sweeps: 3, moves: 4, rate: 0.5}
          replicas: 6
          stop: {standard-error: 0.001}
        checkpoint: {every: 1500ms}
        time-limit: 90m
        seed: 18446744073709551615
        threads: 2
        output: runs/my potts
        """;

    private const string Minimal = "target: {model: ising, lattice: 4, beta: 0.44}";

    private static RunConfiguration Read(string text, params string[] sets) =>
        ConfigurationReader.ReadText(text, "ising-5.yaml", sets.Select(Override.Parse));

    [Fact]
    public void Every_key_reaches_the_option_it_stands_for()
    {
        var c = Read(Full);

        var target = Assert.IsType<PottsTarget>(c.Target.CreateTarget());
        Assert.Equal((6, 5, 3), (target.Lattice.Rows, target.Lattice.Columns, target.States));
        Assert.Equal((ScheduleShape.Switch, 0.4), (target.Schedule.Shape, target.Schedule.SwitchValue));
        Assert.Equal(new Couplings(0, 0, 1.0050525), target.Schedule.Start);
        Assert.Equal(new Couplings(1, 0, 1.0050525), target.Schedule.End);

        var network = c.Network!.CreateModel(target).Network;
        Assert.Equal([new Window(3, 3), new Window(6, 5)], network.Windows);
        Assert.Equal((4, FirstPadding.Zeros, true),
            (network.Channels, network.Padding, network.EmbeddingMaxNorm));
        Assert.Equal([16, 8], c.Network.FreeEnergy);
        Assert.Equal("models/it's.safetensors", c.Network.Model);

        Assert.Equal(new TrainingOptions
        {
            Updates = 10_000,
            TargetRelativeEss = 0.875,
            Batch = 100,
            LearningRate = 3e-4,
            DecayEvery = 10,
            DecayFactor = 0.5,
            GradientClip = 7.5,
            Source = TrainingSource.Rollouts,
            PoolWalkers = 32,
            PoolTimes = 8,
            PoolSweeps = 2,
            RolloutWalkers = 50,
            BufferCycle = 11,
            BufferSize = 12,
            RolloutMoves = 13,
            RolloutStaleness = 3,
            HorizonUpdates = 14,
            HorizonStep = 0.25,
            EvaluateEvery = 15,
            EvaluationWalkers = 16,
            EvaluationWindows = 17,
            Seed = ulong.MaxValue,
            Threads = 2,
        }, c.Training);
        Assert.Equal(new AnnealerOptions
        {
            Walkers = 123,
            Groups = 7,
            Windows = 45,
            Integrator = IntegratorKind.Euler,
            Grid = TimeGridKind.Exp2,
            GridTarget = 0.9,
            ResamplingThreshold = 0.25,
            Resampling = ResamplingScheme.Residual,
            Mcmc = new McmcOptions
            {
                Kernel = McmcKernelKind.HeatBathSweep,
                Sweeps = 3,
                Moves = 4,
                Rate = 0.5,
            },
            Seed = ulong.MaxValue,
            Threads = 2,
        }, c.Annealing);
        Assert.Equal((6, 0.001), (c.Sample.Replicas, c.Sample.TargetStandardError));
        Assert.Equal("runs/my potts", c.Output);
        Assert.Equal((TimeSpan.FromSeconds(1.5), TimeSpan.FromHours(1.5)), (c.CheckpointEvery, c.TimeLimit));
    }

    [Fact]
    public void Keys_left_out_take_the_defaults_of_the_options()
    {
        var c = Read(Minimal);

        Assert.Equal(new AnnealerOptions(), c.Annealing);
        Assert.Equal((1UL, 0, "runs/ising-5"), (c.Seed, c.Threads, c.Output));
        Assert.Equal((TimeSpan.FromSeconds(1), TimeSpan.Zero, 0.0),
            (c.CheckpointEvery, c.TimeLimit, c.Sample.TargetStandardError));
        Assert.Null(c.Network);
        Assert.Null(c.Training);
        Assert.Equal(new TrainingOptions(),
            Read(Minimal + "\nnetwork: {kernels: [3, 4]}\ntrain: {}").Training);
        Assert.Equal(new Ramp(0, 1), c.Target.J);
    }

    [Theory]
    [InlineData(Full)]
    [InlineData(Minimal)]
    [InlineData(ExampleConfiguration.Text)]
    [InlineData("target: {model: ising, lattice: [2, 8], J: [-0.1, 1], h: [0, 0.3], beta: [0, 1e-5]}\n"
        + "output: 'null'")]
    public void What_is_written_reads_back_the_same(string text)
    {
        string written = ConfigurationWriter.Write(Read(text));

        Assert.Equal(written, ConfigurationWriter.Write(Read(written)));
        Assert.Equal(Read(text).Target, Read(written).Target);
        Assert.Equal(Read(text).Train, Read(written).Train);
        Assert.Equal(Read(text).Sample, Read(written).Sample);
        Assert.Equal(Read(text).Output, Read(written).Output);
        Assert.Equal((Read(text).TimeLimit, Read(text).CheckpointEvery),
            (Read(written).TimeLimit, Read(written).CheckpointEvery));
        Assert.Equal(Read(text).Network?.Kernels, Read(written).Network?.Kernels);
        Assert.Equal(Read(text).Network?.Model, Read(written).Network?.Model);
    }

    [Fact]
    public void Set_replaces_adds_and_removes_values()
    {
        var c = Read(Full, "sample.windows=3", "sample.mcmc.kernel=wolff", "target.J=[0, 0.5]", "train=null",
            "network.model=null", "sample.resample={threshold: 1}");

        Assert.Equal((3, McmcKernelKind.Wolff, 3),
            (c.Annealing.Windows, c.Annealing.Mcmc.Kernel, c.Annealing.Mcmc.Sweeps));
        Assert.Equal(new Ramp(0, 0.5), c.Target.J);
        Assert.Null(c.Train);
        Assert.Null(c.Network!.Model);
        Assert.Equal((1.0, ResamplingScheme.Systematic),
            (c.Annealing.ResamplingThreshold, c.Annealing.Resampling));
        Assert.Equal(9, Read(Minimal, "sample.mcmc.sweeps=9").Annealing.Mcmc.Sweeps);
    }

    [Fact]
    public void A_network_may_take_its_architecture_from_a_model_file()
    {
        var c = Read(Minimal, "network.model=m.safetensors");

        Assert.Empty(c.Network!.Kernels);
        Assert.Equal("m.safetensors", Read(ConfigurationWriter.Write(c)).Network!.Model);
    }

    [Theory]
    [InlineData("0", 0, "0")]
    [InlineData("90s", 90_000, "90s")]
    [InlineData("1.5h", 5_400_000, "90m")]
    [InlineData("250ms", 250, "250ms")]
    [InlineData("0.5ms", 0.5, "0.5ms")]
    [InlineData("48h", 172_800_000, "2d")]
    public void A_duration_is_a_number_and_its_unit(string text, double milliseconds, string written)
    {
        Assert.True(Duration.TryParse(text, out var value));
        Assert.Equal(milliseconds, value.TotalMilliseconds);
        Assert.Equal(written, Duration.Format(value));
        Assert.True(Duration.TryParse(written, out var again));
        Assert.Equal(value, again);
    }

    [Theory]
    [InlineData("seed=2", "seed", "1", "2")]
    [InlineData("sample.resample.threshold=0.25", "sample.resample.threshold", "0.5", "0.25")]
    [InlineData("target.J=[0, 0.5]", "target.J", "[0, 1]", "[0, 0.5]")]
    [InlineData("network={kernels: [3, 4]}", "network.kernels", null, "[3, 4]")]
    public void The_first_value_that_decides_over_results_and_differs_is_found(
        string set, string key, string? before, string? now) =>
        Assert.Equal(new ConfigurationDifference(key, before, now),
            ConfigurationDifference.Find(Read(Minimal), Read(Minimal, set)));

    [Fact]
    public void What_no_result_depends_on_makes_no_difference() =>
        Assert.Null(ConfigurationDifference.Find(Read(Minimal), Read(Minimal, "threads=3", "output=x",
            "time-limit=2h", "checkpoint.every=1s")));
}
