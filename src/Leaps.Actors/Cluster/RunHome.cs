using Leaps.Actors.Journal;
using Leaps.Actors.Protocol;
using Leaps.Actors.Runtime;
using Leaps.Actors.Telemetry;
using Leaps.Model;
using Leaps.Model.Devices;
using Leaps.Model.Networks;
using Leaps.Model.Targets;
using Leaps.Model.Training;

namespace Leaps.Actors.Cluster;

/// <summary>
/// What the work of a run has of its node: journals that are its own, actors that live elsewhere, and the
/// ears of the scheduler. The run's home: there its coordinator, trainer and replay buffer live.
/// </summary>
public sealed class RunHome : IDisposable
{
    private readonly IClusterServices _services;
    private readonly Action<RunNeeds> _tellNeeds;
    private readonly Lock _gate = new();
    private ClusterSampling? _sampling;
    private readonly RunTelemetry? _telemetry;
    private int _threads;

    internal RunHome(IClusterServices services, Guid run, int nodeThreads, int clusterThreads,
        Action<string> notice, Action<RunNeeds> tellNeeds, RunTelemetry? telemetry = null)
    {
        _services = services;
        _tellNeeds = tellNeeds;
        _telemetry = telemetry;
        _threads = clusterThreads;
        Run = run;
        Threads = nodeThreads;
        Notice = notice;
        Journal = services.Journal(run, ActorKey.RunPart);
        try
        {
            // Whoever lived here before writes no more, files neither: they are read as they are now.
            Life = Journal.Claim(ActorNames.Home);
            foreach (string actor in (string[])["run", ActorNames.Trainer])
                Journal.Claim(actor);
        }
        catch
        {
            Journal.Dispose();
            throw;
        }
        if (Life > 1)
            telemetry?.Restarted(ActorKinds.Home);
        Files = new RunFiles(Journal, ActorNames.Home);
    }

    public Guid Run { get; }

    /// <summary>Number of this life among the home's.</summary>
    public long Life { get; }

    /// <summary>How often the user had the run go on after an end.</summary>
    public int Resumptions { get; init; }

    /// <summary>Of this node.</summary>
    public int Threads { get; }

    /// <summary>One line for whoever looks after the node.</summary>
    public Action<string> Notice { get; }

    /// <summary>What the run is, its training and its files; the home's to dispose of.</summary>
    public IFencedJournal Journal { get; }

    public RunFiles Files { get; }

    /// <summary>Takes who answers the user; null: nobody does now.</summary>
    public Func<ControlRequest, CancellationToken, Task<ControlReply>>? Answering { get; set; }

    /// <summary>Gives the run's last events for the user, oldest first: when or where, and what; null: not
    /// now.</summary>
    public Func<IReadOnlyList<(string Key, string Text)>>? Log { get; set; }

    /// <summary>The journal of the run's k-th sampling; its owner's to dispose of.</summary>
    public IFencedJournal OpenSampling(int sampling) => _services.Journal(Run, PartOf(sampling));

    /// <summary>The run goes to no node with devices of another kind.</summary>
    public void NeedsDevice(string kind) => _tellNeeds(new RunNeeds { Device = kind });

    /// <summary>A sampling on the nodes of the cluster.</summary>
    /// <param name="sampling">its number, 1, 2 …</param>
    /// <param name="journal">from <see cref="OpenSampling"/></param>
    /// <param name="task">what is sampled</param>
    /// <param name="model">the model file of the network; null: none</param>
    /// <param name="options">how</param>
    /// <exception cref="LeapsException">The journal belongs to another task, or is damaged.</exception>
    public ISampling CreateSampling(int sampling, IFencedJournal journal, SamplingTask task, byte[]? model,
        SamplingHomeOptions options)
    {
        lock (_gate)
        {
            string part = PartOf(sampling);
            return _sampling = new ClusterSampling(task, model, part, journal,
                _services.Mailboxes(Run, part), _threads, options with { Telemetry = _telemetry },
                _tellNeeds);
        }
    }

    /// <summary>A training here, whose rollouts are made on another node where there is one.</summary>
    /// <param name="target">what the network is to sample</param>
    /// <param name="model">trained in place</param>
    /// <param name="networks">its network on each device of this node</param>
    /// <param name="training">how</param>
    /// <param name="options">of this process</param>
    /// <exception cref="LeapsException">An option is wrong, or the journal is damaged.</exception>
    public ITraining CreateTraining(Target target, LeapsModel model, IReadOnlyList<RateNetwork> networks,
        TrainingOptions training, TrainingHomeOptions options)
    {
        bool rollouts = training.Source == TrainingSource.Rollouts;
        _tellNeeds(new RunNeeds { Device = networks[0].DeviceKind, Rollouts = rollouts });
        var mailboxes = new NearMailboxes(_services.Mailboxes(Run, ActorKey.RunPart));
        return new ClusterTraining(
            new TrainingHome(target, model, networks, training, Journal, mailboxes, Life,
                options with { Telemetry = _telemetry }), mailboxes);
    }

    public void Dispose() => Journal.Dispose();

    /// <summary>
    /// What it says of the run counts. A former home, to which the journal looks as it was and others as if
    /// they had gone too far, must not end a run that goes on elsewhere.
    /// </summary>
    /// <exception cref="FencedException">The run has another home by now.</exception>
    internal void Confirm() => Journal.Write([new JournalAppend(ActorNames.Home, 0, [])]);

    internal void ChangeThreads(int threads)
    {
        lock (_gate)
        {
            _threads = threads;
            _sampling?.ChangeThreads(threads);
        }
    }

    private static string PartOf(int sampling) => FormattableString.Invariant($"sampling-{sampling}");
}
