using Leaps.Model;
using Leaps.Model.Devices;
using Leaps.Model.Networks;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;
using Leaps.Model.Training;

namespace Leaps.Host.Configuration;

/// <summary>
/// What a run does, as one YAML document says it: target, network, training, sampling. Checked when it was
/// read;
/// <see cref="ConfigurationReader"/> and <see cref="ConfigurationWriter"/> convert from and to YAML.
/// </summary>
public sealed record RunConfiguration
{
    public required TargetConfiguration Target { get; init; }

    /// <summary>Null: annealing without a network (MCMC only).</summary>
    public NetworkConfiguration? Network { get; init; }

    /// <summary>Null: no training. Seed and threads in it don't count: see <see cref="Training"/>.</summary>
    public TrainingOptions? Train { get; init; }
    public SampleConfiguration Sample { get; init; } = new();
    public ulong Seed { get; init; } = 1;

    /// <summary>0: as many as the machine has.</summary>
    public int Threads { get; init; }

    /// <summary>Where networks are; by default GPUs where they can be used.</summary>
    public DeviceSelection Device { get; init; } = DeviceSelection.Auto;

    /// <summary>
    /// For one process of the run, from its start: the training ends at <see cref="TrainingShare"/> of it,
    /// the sampling with the replicas that are complete by then. Zero: none.
    /// </summary>
    public TimeSpan TimeLimit { get; init; }

    /// <summary>From one checkpoint to the next: what a crash costs at most.</summary>
    public TimeSpan CheckpointEvery { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The run directory, relative to the working directory.</summary>
    public required string Output { get; init; }

    /// <summary>
    /// The training options with the run's seed and threads; null where nothing is trained.
    /// </summary>
    public TrainingOptions? Training => Train is null ? null : Train with { Seed = Seed, Threads = Threads };

    /// <summary>The annealer's options with the run's seed and threads.</summary>
    public AnnealerOptions Annealing => Sample.Annealing with { Seed = Seed, Threads = Threads };

    /// <summary>Of the time limit, where a sampling follows the training.</summary>
    public const double TrainingShare = 0.75;

    /// <exception cref="LeapsException">A value is out of range; the message names it.</exception>
    public void Validate()
    {
        Annealing.Validate();
        if (TimeLimit < TimeSpan.Zero || TimeLimit > TimeSpan.FromDays(40))
            throw new LeapsException(
                $"time-limit is {Duration.Format(TimeLimit)}; allowed: 0 (none) to 40d.");
        if (CheckpointEvery < TimeSpan.FromMilliseconds(10) || CheckpointEvery > TimeSpan.FromDays(1))
            throw new LeapsException(
                $"checkpoint every is {Duration.Format(CheckpointEvery)}; allowed: 10ms to 1d.");
    }
}

/// <summary>A coupling at t = 0 and at t = 1.</summary>
public readonly record struct Ramp(double Start, double End)
{
    public static Ramp Constant(double value) => new(value, value);
}

public enum TargetModel
{
    Ising,
    Potts,
}

public sealed record TargetConfiguration
{
    public required TargetModel Model { get; init; }
    public required int Rows { get; init; }
    public required int Columns { get; init; }

    /// <summary>q; 2 for Ising.</summary>
    public int States { get; init; } = 2;
    public ScheduleShape Schedule { get; init; } = ScheduleShape.Linear;
    public double SwitchValue { get; init; } = 0.5;
    public Ramp J { get; init; } = new(0, 1);
    public Ramp Field { get; init; }
    public required Ramp InverseTemperature { get; init; }

    /// <exception cref="LeapsException">The target is not possible.</exception>
    public Target CreateTarget()
    {
        var lattice = new Lattice(Rows, Columns);
        return Model == TargetModel.Ising
            ? new IsingTarget(lattice, CreateSchedule())
            : new PottsTarget(lattice, States, CreateSchedule());
    }

    public CouplingSchedule CreateSchedule() => new(Schedule,
        new Couplings(J.Start, Field.Start, InverseTemperature.Start),
        new Couplings(J.End, Field.End, InverseTemperature.End), SwitchValue);
}

public sealed record NetworkConfiguration
{
    /// <summary>
    /// First convolution, then one a layer. Empty: the architecture is that of the model file.
    /// </summary>
    public IReadOnlyList<Window> Kernels { get; init; } = [];
    public int Channels { get; init; } = 8;
    public FirstPadding Padding { get; init; } = FirstPadding.Periodic;
    public bool EmbeddingMaxNorm { get; init; }

    /// <summary>Widths of the hidden layers of the free-energy network.</summary>
    public IReadOnlyList<int> FreeEnergy { get; init; } = [32, 32];

    /// <summary>A model file to start from or to use; null: start from seeded random parameters.</summary>
    public string? Model { get; init; }

    /// <summary>The model with all parameters zero; call Initialise, or load a file into it.</summary>
    /// <exception cref="LeapsException">No kernels are given, or they don't fit the lattice.</exception>
    public LeapsModel CreateModel(Target target)
    {
        if (Kernels.Count == 0)
            throw new LeapsException("The network has no kernels: give network.kernels.");
        return new LeapsModel(
            new LocallyEquivariantConv(target, Kernels, Channels, Padding, EmbeddingMaxNorm),
            new FreeEnergyNetwork(FreeEnergy));
    }
}

public sealed record SampleConfiguration
{
    /// <summary>Seed and threads in it don't count: see <see cref="RunConfiguration.Annealing"/>.</summary>
    public AnnealerOptions Annealing { get; init; } = new();

    /// <summary>Independent repetitions of the whole annealing, for errors.</summary>
    public int Replicas { get; init; } = 1;

    /// <summary>When positive: no more replicas than bring the standard error of log Z to this.</summary>
    public double TargetStandardError { get; init; }

    /// <exception cref="LeapsException">A value is out of range; the message names it.</exception>
    public void Validate()
    {
        Annealing.Validate();
        if (Replicas is < 1 or > 10_000)
            throw new LeapsException($"replicas is {Replicas}; allowed: 1 to 10,000.");
        if (!(TargetStandardError >= 0 && double.IsFinite(TargetStandardError)))
            throw new LeapsException(FormattableString.Invariant(
                $"stop standard-error is {TargetStandardError}; allowed: a finite number, 0 or more."));
    }
}
