using Leaps.Actors;
using Leaps.Actors.Protocol;
using Leaps.Model.Devices;
using Leaps.Model.Devices.Reference;
using Leaps.Model.Devices.Simd;
using Leaps.Model.Networks;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;
using Command = Leaps.Actors.Protocol.ControlRequest.Types.Command;

namespace Leaps.Simulation.Tests;

/// <summary>What is sampled and what goes wrong meanwhile, all drawn from the seed. Times in µs.</summary>
internal sealed record Scenario
{
    public required ulong Seed { get; init; }
    public required SamplingTask Task { get; init; }
    public RateNetwork? Network { get; init; }
    public int MostActive { get; init; } = int.MaxValue;

    /// <summary>Replicas after the extension of the ended run; 0: it is not extended.</summary>
    public int ExtendTo { get; init; }

    /// <summary>When the user's time is up, once; 0: never.</summary>
    public long TimeLimit { get; init; }

    // ---- Speeds ----
    public long WindowTime { get; init; } = 1000;
    public long Latency { get; init; } = 100;
    public long WriteTime { get; init; } = 100;
    public long ServiceTime { get; init; } = 5;
    public long SnapshotInterval { get; init; } = 20_000;

    // ---- Network, per message ----
    public double Loss { get; init; }
    public double Duplicates { get; init; }
    public double Stragglers { get; init; }

    // ---- Crashes ----
    public int Faults { get; init; }
    public double FaultRate { get; init; }
    public double Damage { get; init; }
    public double Zombies { get; init; }

    /// <summary>Groups come to life by their first message, else with the process.</summary>
    public bool LazyGroups { get; init; }
    public IReadOnlyList<UserStep> User { get; init; } = [];
    public Sabotage Sabotage { get; init; }

    /// <summary>No setting that changes a result is changed on the way.</summary>
    public bool IsFixed => User.All(step => step.Request?.Command != Command.Set);

    public static Scenario Draw(ulong seed)
    {
        var dice = new Dice(seed, Dice.ForScenario);
        var target = DrawTarget(dice);
        var task = DrawTask(dice, target);
        bool calm = dice.Chance(0.08), badNetwork = dice.Chance(0.6);
        return new Scenario
        {
            Seed = seed,
            Task = task,
            Network = dice.Chance(0.1) ? DrawNetwork(dice, target) : null,
            MostActive = dice.Chance(0.5) ? int.MaxValue : dice.Between(1, 2),
            ExtendTo = dice.Chance(0.25) ? task.Replicas + dice.Between(1, 2) : 0,
            TimeLimit = dice.Chance(0.1) ? dice.Between(1000, 40_000) : 0,
            WindowTime = dice.OneOf(200, 1000, 3000),
            Latency = dice.OneOf(20, 100, 1000),
            WriteTime = dice.OneOf(10, 100, 2000),
            ServiceTime = dice.OneOf(1, 5, 50),
            SnapshotInterval = dice.OneOf(2000, 20_000, 200_000),
            Loss = badNetwork ? dice.Between(0, 0.2) : 0,
            Duplicates = badNetwork ? dice.Between(0, 0.3) : 0,
            Stragglers = badNetwork ? dice.Between(0, 0.1) : 0,
            Faults = calm ? 0 : dice.Chance(0.1) ? dice.Between(20, 120) : dice.Between(1, 20),
            FaultRate = dice.OneOf(0.002, 0.01, 0.03),
            Damage = dice.Chance(0.3) ? dice.Between(0, 0.5) : 0,
            Zombies = dice.Chance(0.5) ? dice.Between(0, 0.7) : 0,
            LazyGroups = dice.Chance(0.5),
            User = DrawUser(dice),
        };
    }

    private static Target DrawTarget(Dice dice)
    {
        int side = dice.OneOf(3, 3, 4);
        var lattice = new Lattice(side, side);
        bool ising = dice.Chance(0.5);
        var end = new Couplings(dice.Between(0.3, 1.0), ising ? dice.OneOf(0, 0.2) : 0, 1);
        var schedule = new CouplingSchedule(ScheduleShape.Linear, new Couplings(0, 0, 1), end);
        return ising ? new IsingTarget(lattice, schedule) : new PottsTarget(lattice, 3, schedule);
    }

    private static SamplingTask DrawTask(Dice dice, Target target)
    {
        int walkers = dice.Between(8, 60), windows = dice.Between(1, 12);
        var kernel = dice.OneOf(McmcKernelKind.None, McmcKernelKind.Metropolis, McmcKernelKind.HeatBath,
            McmcKernelKind.MetropolisSweep, McmcKernelKind.HeatBathSweep);
        if (target is IsingTarget { Schedule.End.Field: 0 } && dice.Chance(0.1))
            kernel = McmcKernelKind.SwendsenWang;
        var options = new AnnealerOptions
        {
            Walkers = walkers,
            Groups = dice.Between(1, 7),
            Windows = windows,
            ResamplingThreshold = dice.OneOf(0.5, 0.9, 0.95, 0.99),
            Resampling = dice.OneOf(ResamplingScheme.Systematic, ResamplingScheme.Stratified,
                ResamplingScheme.Residual, ResamplingScheme.Multinomial),
            Mcmc = new McmcOptions { Kernel = kernel },
            Seed = dice.Next(),
            Threads = 1,
        };
        return new SamplingTask(target, options, TimeGrid.Uniform(windows), dice.Between(1, 3))
        {
            RunAhead = dice.Between(1, 8),
            TargetStandardError = dice.Chance(0.15) ? dice.Between(0.02, 0.4) : 0,
        };
    }

    private static RateNetwork DrawNetwork(Dice dice, Target target)
    {
        var whole = new Window(3, 3);
        var architecture = new LocallyEquivariantConv(target, [whole, whole], channels: 2);
        var parameters = new ParameterSet(architecture.Layout);
        architecture.Initialise(parameters, dice.Next(), outputScale: 0.3);
        parameters.RoundToSingle();
        RateNetwork network = dice.Chance(0.5)
            ? new ReferenceNetwork(architecture) : new SimdNetwork(architecture);
        network.Load(parameters);
        return network;
    }

    private static List<UserStep> DrawUser(Dice dice)
    {
        var steps = new List<UserStep>();
        void Add(Command command, string key = "", string value = "") => steps.Add(new UserStep(
            dice.Between(100, 20_000),
            new ControlRequest { Request = steps.Count + 1, Command = command, Key = key, Value = value }));

        void Want() => steps.Add(new UserStep(dice.Between(100, 20_000), null));

        if (dice.Chance(0.2))
            Want();
        if (dice.Chance(0.08))
        {
            Add(Command.Set, "sample.resample.threshold",
                dice.Between(0.3, 0.99).ToString("R", System.Globalization.CultureInfo.InvariantCulture));
        }
        if (dice.Chance(0.25))
        {
            Add(Command.Pause);
            if (dice.Chance(0.5))
                Want();
            Add(Command.Resume);
        }
        if (dice.Chance(0.05))
            Add(Command.Set, "sample.stop.standard-error", dice.OneOf("0", "0.1", "0.3"));
        if (dice.Chance(0.2))
            Add(Command.Checkpoint);
        if (dice.Chance(0.2))
            Add(Command.Status);
        return steps;
    }
}
