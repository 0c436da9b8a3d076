using System.Globalization;
using Google.Protobuf;
using Leaps.Actors;
using Leaps.Actors.Coordinator;
using Leaps.Actors.Journal;
using Leaps.Actors.Protocol;
using Leaps.Actors.Runtime;
using Leaps.Actors.Runtime.Embedded;
using Leaps.Host.Commands;
using Leaps.Host.Configuration;
using Leaps.Model;
using Leaps.Model.Observables;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Host.Execution;

/// <summary>
/// The sampling of a run: goes on where its journal ends, or begins. The grid is chosen once and is then the
/// journal's.
/// </summary>
/// <param name="target">what is sampled</param>
/// <param name="network">the rates; null: none</param>
/// <param name="configuration">as the user has it now: more replicas than the journal knows extend it</param>
/// <param name="actors">do the work</param>
/// <param name="number">of the sampling in its run, from 1</param>
/// <param name="context">for progress, notices and cancellation</param>
internal sealed class JournalledSampling(
    Target target, PreparedNetwork? network, RunConfiguration configuration, IRunActors actors, int number,
    JobContext context)
{
    private long _settled, _total, _before;
    private long _start;

    /// <summary>The sampling ends after this time; zero: when all is done.</summary>
    public TimeSpan TimeLimit { get; init; }

    /// <summary>A sampling that ended early, or that its user paused, goes on.</summary>
    public bool GoesOn { get; init; } = true;

    /// <summary>Called when windows begin to be settled: from then on there is something to keep.</summary>
    public Action Settled { get; init; } = static () => { };

    /// <summary>Takes a line for each message that was refused and each actor that was started
    /// anew.</summary>
    public Action<string> Note { get; init; } = static _ => { };

    /// <summary>Takes who answers the user while it runs.</summary>
    public Action<ControlHandler?> Answering { get; init; } = static _ => { };

    /// <summary>To the end.</summary>
    /// <param name="journal">of this sampling alone</param>
    /// <exception cref="OperationCanceledException">
    /// Interrupted; the journal has what was settled.
    /// </exception>
    /// <exception cref="LeapsException">
    /// The journal is damaged or of another run, its disk is full, the grid can't be chosen, a weight is not
    /// finite, or the run ended before a replica was complete.
    /// </exception>
    public SamplingOutcome Run(IJournal journal)
    {
        var state = SamplingJournal.Read(journal);
        var task = TaskOf(state?.Task.Times ?? ChooseTimes());
        if (state is not null)
            Prepare(state, journal);
        _total = (long)task.Windows * task.Replicas;
        _before = _settled = state is null ? 0 : SettledOf(state);
        _start = context.Clock.GetTimestamp();
        context.Progress.Report("sample", _settled, _total, "");
        using var sampling = actors.CreateSampling(task, target, network, number, journal, new()
        {
            SnapshotInterval = configuration.CheckpointEvery,
            TimeLimit = TimeLimit,
            Clock = context.Clock,
            OnWindow = OnWindow,
            Notice = Note,
        });
        Answering(sampling.Ask);
        try
        {
            var (result, cause) = sampling.Run(context.Cancellation);
            return Outcome(result, cause, SamplingJournal.Read(journal)!.Task.Options.ResamplingThreshold);
        }
        finally
        {
            Answering(null);
        }
    }

    private double[] ChooseTimes()
    {
        using var annealer = new Annealer(
            target, network?.Device, configuration.Annealing, null, context.Cancellation);
        return annealer.Times;
    }

    private SamplingTask TaskOf(double[] times) =>
        new(target, configuration.Annealing, times, configuration.Sample.Replicas)
        {
            Parameters = network is null
                ? ByteString.Empty : ByteString.CopyFrom(Convert.FromHexString(network.Sha256)),
            Device = network?.Device.DeviceKind ?? SamplingSummary.NoNetworkDevice,
            TargetStandardError = configuration.Sample.TargetStandardError,
        };

    private void Prepare(CoordinatorState state, IJournal journal)
    {
        string device = network?.Device.DeviceKind ?? SamplingSummary.NoNetworkDevice;
        if (state.Task.Device != device)
            throw new LeapsException(
                $"the run began on a device of kind {state.Task.Device}, and this machine has {device}, "
                + "where its numbers would be others: resume it on a machine of the first kind.");
        if (GoesOn)
            SamplingJournal.GoOn(journal);
        if (configuration.Sample.Replicas > state.Task.Replicas)
            EmbeddedSampling.Extend(journal, configuration.Sample.Replicas);
    }

    private static long SettledOf(CoordinatorState state) =>
        Enumerable.Range(0, state.Task.Replicas).Sum(replica => (long)state.Windows(replica).Count);

    private double Seconds => context.Clock.GetElapsedTime(_start).TotalSeconds;

    private void OnWindow(int replica, WindowSummary window)
    {
        Settled();
        _settled++;
        double rate = WalkerSteps / Math.Max(Seconds, 1e-9);
        context.Progress.Report("sample", Math.Min(_settled, _total), _total,
            string.Create(CultureInfo.InvariantCulture,
                $"{rate:N0} walker steps/s, relative ESS {window.RelativeEss:F3}"));
    }

    // Of this process alone.
    private double WalkerSteps => (_settled - _before) * (double)configuration.Annealing.Walkers;

    private SamplingOutcome Outcome(EnsembleResult result, string cause, double threshold)
    {
        double seconds = Seconds;
        var estimates = PopulationEstimator.Of(target, result.Walkers, 0, result.MultinomialResamplings);
        return new SamplingOutcome(target, result, estimates, seconds)
        {
            WalkerSteps = WalkerSteps,
            Cause = cause,
            Threshold = threshold,
        };
    }
}
