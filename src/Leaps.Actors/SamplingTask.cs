using Google.Protobuf;
using Leaps.Actors.Protocol;
using Leaps.Model;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Actors;

/// <summary>
/// A sampling and how it is cut: replicas r are independent populations, each of G groups of neighbouring
/// slots. Group r G + g holds slots r M + … of the run. All of it is a property of the run, not of the
/// machine: the same task gives the same samples everywhere.
/// </summary>
public sealed class SamplingTask
{
    private const int DefaultRunAhead = 8;

    private readonly int[] _groupSizes;     // (groups of a replica)
    private readonly int[] _firstSlots;     // (groups of a replica)
    private SamplingSpecification? _specification;

    /// <param name="target">what is sampled</param>
    /// <param name="options">of each replica; the seed is the run's</param>
    /// <param name="times">(windows + 1)</param>
    /// <param name="replicas">independent populations</param>
    /// <exception cref="LeapsException">An option is out of range.</exception>
    public SamplingTask(Target target, AnnealerOptions options, double[] times, int replicas)
    {
        options.Validate();
        TimeGrid.Validate(times);
        if (replicas < 1)
            throw new LeapsException($"replicas is {replicas}; allowed: 1 or more.");
        Target = target;
        Options = options;
        Times = times;
        Replicas = replicas;
        _groupSizes = WalkerGroups.Sizes(options.Walkers, options.Groups);
        _firstSlots = new int[_groupSizes.Length];
        for (int g = 1; g < _firstSlots.Length; g++)
            _firstSlots[g] = _firstSlots[g - 1] + _groupSizes[g - 1];
    }

    public Target Target { get; }
    public AnnealerOptions Options { get; }
    public double[] Times { get; }
    public int Replicas { get; init; }
    public int Windows => Times.Length - 1;

    /// <summary>Windows that a group may complete beyond the last settled one.</summary>
    public int RunAhead { get; init; } = DefaultRunAhead;

    /// <summary>When positive: no more replicas than bring the standard error of log Z to this.</summary>
    public double TargetStandardError { get; init; }

    /// <summary>SHA-256 of the network's parameters; empty: no network.</summary>
    public ByteString Parameters { get; init; } = ByteString.Empty;

    /// <summary>The kind of device on which the run is reproducible to the bit.</summary>
    public string Device { get; init; } = "";

    /// <summary>As a message, made once.</summary>
    public SamplingSpecification Specification => _specification ??= SamplingPacking.ToMessage(this);

    /// <summary>Sizes of a replica's groups.</summary>
    public ReadOnlySpan<int> GroupSizes => _groupSizes;

    /// <summary>Groups of a replica.</summary>
    public int Groups => _groupSizes.Length;

    public int ReplicaOf(int group) => group / Groups;

    public IEnumerable<int> GroupsOf(int replica) => Enumerable.Range(replica * Groups, Groups);

    /// <summary>The group's walkers.</summary>
    public int CountOf(int group) => _groupSizes[group % Groups];

    /// <summary>The group's first slot in the run.</summary>
    public int FirstSlotOf(int group) => FirstSlotOfReplica(ReplicaOf(group)) + _firstSlots[group % Groups];

    public int FirstSlotOfReplica(int replica) => checked(replica * Options.Walkers);

    /// <summary>The annealer's options of a replica.</summary>
    public AnnealerOptions OptionsOf(int replica) =>
        Options with { Seed = ReplicaEnsemble.SeedOf(Options.Seed, replica) };

    public TimeWindow Window(int index) => new(index, Times[index], Times[index + 1]);

    /// <summary>The same with more replicas, or fewer.</summary>
    public SamplingTask With(int replicas) => With(Options, replicas, TargetStandardError);

    /// <summary>The same with another resampling threshold.</summary>
    public SamplingTask With(double threshold) =>
        With(Options with { ResamplingThreshold = threshold }, Replicas, TargetStandardError);

    /// <summary>The same with another standard error to stop at.</summary>
    public SamplingTask WithTarget(double standardError) => With(Options, Replicas, standardError);

    private SamplingTask With(AnnealerOptions options, int replicas, double targetStandardError) =>
        new(Target, options, Times, replicas)
        {
            RunAhead = RunAhead,
            TargetStandardError = targetStandardError,
            Parameters = Parameters,
            Device = Device,
        };
}
