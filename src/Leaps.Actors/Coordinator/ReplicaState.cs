using System.Collections.Immutable;
using Leaps.Actors.Protocol;
using Leaps.Model.Random;
using Leaps.Model.Sampling;

namespace Leaps.Actors.Coordinator;

/// <summary>
/// Algorithm 1 of one replica without its walkers: the settled windows, from the journal, and the summaries
/// of the windows after them, from groups that run ahead.
/// </summary>
/// <param name="Task">what is sampled</param>
/// <param name="Replica">number of the replica</param>
internal sealed record ReplicaState(SamplingTask Task, int Replica)
{
    // ---- From the journal ----

    /// <summary>How often it started anew.</summary>
    public int Attempt { get; private init; }

    /// <summary>log(Z_t / Z_0) gathered at resamplings.</summary>
    public double LogNormalizerRatio { get; private init; }
    public int Resamplings { get; private init; }
    public ImmutableList<WindowSummary> Windows { get; private init; } = [];

    /// <summary>The last window that ended in a resampling, with what its plan is made of.</summary>
    public WindowSettled? LastResampling { get; private init; }
    private Lazy<Protocol.ResamplingPlan[]>? Planned { get; init; }

    /// <summary>All windows are settled, and the walkers at t = 1 are durable.</summary>
    public bool IsComplete { get; private init; }

    /// <summary>Windows settled.</summary>
    public int Settled => Windows.Count;

    // ---- From the groups ----

    /// <summary>By windows complete, of windows beyond the settled ones.</summary>
    public ImmutableSortedDictionary<int, ImmutableDictionary<int, GroupWeights>> Tallies { get; private init; }
        = ImmutableSortedDictionary<int, ImmutableDictionary<int, GroupWeights>>.Empty;

    /// <summary>Of the resampling that is under way by the residual scheme; null where none is.</summary>
    public ImmutableDictionary<int, ResidualShare>? Residuals { get; private init; }

    /// <summary>By index in the replica: the newest durable snapshot.</summary>
    public ImmutableDictionary<int, (int Window, long Resampling)> Stored { get; private init; } =
        ImmutableDictionary<int, (int, long)>.Empty;

    /// <summary>Every group is to have a snapshot of this many windows, or more.</summary>
    public int StoreFrom { get; private init; }

    // Groups that are not known to have one.
    private int Unstored { get; init; }

    /// <summary>Groups whose newest snapshot has seen every resampling, and those at t = 1.</summary>
    public int StoredGroups { get; private init; }
    public int FinalGroups { get; private init; }

    /// <summary>Every group has stored its walkers after the last resampling.</summary>
    public bool AllStored => Resamplings == 0 || StoredGroups == Task.Groups;

    public ReplicaState Evolve(WindowSettled settled)
    {
        var window = Task.Window(settled.Window - 1);
        var cost = new IntegrationCost(settled.Evaluations, settled.Jumps);
        bool resampled = settled.Weights.Count > 0;
        var summary = new WindowSummary(window, settled.RelativeEss, settled.LogZ,
            settled.LogZStandardError, resampled, cost);
        var next = this with
        {
            Windows = Windows.Add(summary),
            Tallies = Tallies.Remove(settled.Window),
            Residuals = null,
        };
        return !resampled ? next : (next with
        {
            LogNormalizerRatio =
                LogNormalizerRatio + PopulationWeight.Of(Statistics(settled.Weights)).LogMeanExp,
            Resamplings = Resamplings + 1,
            LastResampling = settled,
            Tallies = Tallies.Clear(),
            StoredGroups = 0,
        }).Plan();
    }

    public ReplicaState Restart() => new(Task, Replica) { Attempt = Attempt + 1 };

    public ReplicaState Complete() => this with { IsComplete = true, Tallies = Tallies.Clear() };

    /// <summary>The threshold is another from now on.</summary>
    public ReplicaState With(SamplingTask task) => this with { Task = task };

    // ---- Groups ----

    public ReplicaState Count(GroupSummary summary)
    {
        int group = summary.Group % Task.Groups;
        if (summary.Attempt != Attempt || summary.Resampling != Resamplings || summary.Window <= Settled
            || summary.Window > Task.Windows)
            return this;
        var tally = Tallies.GetValueOrDefault(summary.Window, ImmutableDictionary<int, GroupWeights>.Empty);
        return this with { Tallies = Tallies.SetItem(summary.Window, tally.SetItem(group, summary.Weights)) };
    }

    public ReplicaState Count(ResidualShare share) =>
        Residuals is null || share.Attempt != Attempt || share.Resampling != Resamplings + 1
            || share.Window != Settled + 1
            ? this : this with { Residuals = Residuals.SetItem(share.Group % Task.Groups, share) };

    /// <summary>The group may have a snapshot, but which one it has is to be told.</summary>
    public ReplicaState Forget(int group)
    {
        int index = group % Task.Groups;
        return !Stored.TryGetValue(index, out var before) ? this : this with
        {
            Stored = Stored.Remove(index),
            StoredGroups = StoredGroups - (before.Resampling >= Resamplings ? 1 : 0),
            FinalGroups = FinalGroups - (before.Window == Task.Windows ? 1 : 0),
            Unstored = Unstored + (before.Window >= StoreFrom ? 1 : 0),
        };
    }

    /// <summary>Resamplings up to the group's newest snapshot; 0 where it has told of none.</summary>
    public long StoredResampling(int group) => Stored.GetValueOrDefault(group % Task.Groups).Resampling;

    /// <summary>The group lives and is not known to have gone through the last resampling.</summary>
    public bool IsBehind(int group) =>
        Stored.ContainsKey(group % Task.Groups) && StoredResampling(group) < Resamplings;

    public ReplicaState CountStored(int group, int attempt, int window, long resampling)
    {
        int index = group % Task.Groups;
        bool known = Stored.TryGetValue(index, out var before);
        bool older = (resampling, window).CompareTo((before.Resampling, before.Window)) <= 0;
        if (attempt != Attempt || known && older)
            return this;
        bool counted = known && before.Resampling >= Resamplings;
        return this with
        {
            Stored = Stored.SetItem(index, (window, resampling)),
            StoredGroups = StoredGroups + (!counted && resampling >= Resamplings ? 1 : 0),
            FinalGroups = FinalGroups + (window == Task.Windows && before.Window < Task.Windows ? 1 : 0),
            Unstored = Unstored - (window >= StoreFrom && before.Window < StoreFrom ? 1 : 0),
        };
    }

    /// <summary>Every group is to have a snapshot of the settled window, or a later one.</summary>
    public ReplicaState Store() => this with
    {
        StoreFrom = Settled,
        Unstored = Task.Groups - Stored.Values.Count(stored => stored.Window >= Settled),
    };

    /// <summary>Whether every group has a snapshot of <see cref="StoreFrom"/> or more windows.</summary>
    public bool IsStored => StoreFrom == 0 || IsComplete || Unstored == 0;

    /// <summary>Whether a group asks for transfers of a resampling that it once had stored.</summary>
    public bool HasLost(TransferForgotten forgotten) => forgotten.Attempt == Attempt
        && Stored.TryGetValue(forgotten.ToGroup % Task.Groups, out var stored)
        && stored.Resampling < forgotten.Resampling;

    public ReplicaState AskForResiduals() =>
        this with { Residuals = ImmutableDictionary<int, ResidualShare>.Empty };

    // ---- Algorithm 1 ----

    /// <summary>
    /// What follows once every group has told of the next window; null where something is missing.
    /// </summary>
    public Decision? Decide()
    {
        int n = Settled;
        if (n == Task.Windows || !Tallies.TryGetValue(n + 1, out var tally) || tally.Count < Task.Groups
            || Residuals?.Count < Task.Groups)
            return null;
        var weights = new GroupWeights[Task.Groups];
        for (int g = 0; g < weights.Length; g++)
            weights[g] = tally[g];
        var groups = Statistics(weights);
        bool resample = PopulationWeight.Of(groups).RelativeEss < Task.Options.ResamplingThreshold
            && n + 1 < Task.Windows;
        if (resample && !AllStored)
            return null;
        var cost = new IntegrationCost(weights.Sum(w => w.Evaluations), weights.Sum(w => w.Jumps));
        int multinomial = Task.Options.Resampling == ResamplingScheme.Multinomial ? Resamplings : 0;
        var summary = WindowSummary.Of(
            Task.Window(n), Task.Target, LogNormalizerRatio, groups, multinomial, resample, cost);
        bool needsResiduals = resample && Task.Options.Resampling == ResamplingScheme.Residual
            && Residuals is null;
        var settled = new WindowSettled
        {
            Replica = Replica,
            Window = n + 1,
            RelativeEss = summary.RelativeEss,
            LogZ = summary.LogZ,
            LogZStandardError = summary.LogZStdErr,
            Evaluations = cost.Evaluations,
            Jumps = cost.Jumps,
        };
        if (resample)
            settled.Weights.AddRange(weights);
        if (resample && Residuals is not null)
            settled.Residuals.AddRange(Enumerable.Range(0, Task.Groups).Select(g => Residuals[g]));
        return new Decision(settled, needsResiduals);
    }

    /// <summary>The plans of the last resampling, (groups).</summary>
    public Protocol.ResamplingPlan[] Plans() => Planned!.Value;

    /// <summary>A group's plan, when it may have missed what others sent it.</summary>
    public Protocol.ResamplingPlan PlanAgain(int group)
    {
        var plan = Plans()[group % Task.Groups].Clone();
        plan.Again = true;
        return plan;
    }

    // Drawn when it is first needed: a journal that is read through needs none.
    private ReplicaState Plan() =>
        this with { Planned = new Lazy<Protocol.ResamplingPlan[]>(() => DrawPlans(LastResampling!)) };

    private Protocol.ResamplingPlan[] DrawPlans(WindowSettled settled)
    {
        var options = Task.OptionsOf(Replica);
        var stream = new RandomStream(options.Seed, RandomPurpose.Resampling, step: settled.Window - 1);
        var weights = Statistics(settled.Weights).Select(group => group.Weight).ToArray();
        var plan = options.Resampling == ResamplingScheme.Residual
            ? ResamplingPlan.CreateResidual(weights,
                [.. settled.Residuals.Select(r => new GroupResidual(r.Certain, r.Fractions))], stream)
            : ResamplingPlan.Create(options.Resampling, weights, stream);
        return PlanMessages.Of(plan, this);
    }

    /// <summary>Residual scheme: what groups need to tell their share of the next resampling,
    /// (groups).</summary>
    public Rewind[] Rewinds()
    {
        var tally = Tallies[Settled + 1];
        var weights = Enumerable.Range(0, Task.Groups)
            .Select(g => SamplingPacking.ToStatistics(tally[g]).Weight).ToArray();
        var scales = ResamplingPlan.Scales(weights);
        return [.. scales.Select((scale, g) => new Rewind
        {
            Group = Replica * Task.Groups + g,
            Attempt = Attempt,
            Window = Settled + 1,
            Resampling = Resamplings + 1,
            Scale = SamplingPacking.ToMessage(scale),
        })];
    }

    private static GroupStatistics[] Statistics(IEnumerable<GroupWeights> weights) =>
        [.. weights.Select(SamplingPacking.ToStatistics)];
}

/// <summary>The next window of a replica.</summary>
/// <param name="Settled">for the journal</param>
/// <param name="NeedsResiduals">the groups must first tell their residual shares</param>
internal sealed record Decision(WindowSettled Settled, bool NeedsResiduals);
