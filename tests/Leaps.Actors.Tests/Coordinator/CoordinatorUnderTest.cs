using System.Collections.Immutable;
using Google.Protobuf;
using Leaps.Actors.Coordinator;
using Leaps.Actors.Journal;
using Leaps.Actors.Protocol;
using Leaps.Model.Sampling;
using ResamplingPlan = Leaps.Actors.Protocol.ResamplingPlan;

namespace Leaps.Actors.Tests.Coordinator;

/// <summary>
/// A coordinator without a runtime: takes messages one by one, keeps its journal as bytes, and can be told
/// whatever groups would tell.
/// </summary>
internal sealed class CoordinatorUnderTest
{
    private readonly List<byte[]> _journal = [];
    private readonly Dictionary<int, long> _epochs = [];

    public CoordinatorUnderTest(SamplingTask task, int mostActive = int.MaxValue) =>
        State = new CoordinatorState(task) { MostActive = mostActive };

    private CoordinatorUnderTest(IEnumerable<byte[]> journal)
    {
        _journal.AddRange(journal);
        State = CoordinatorState.Recover(Journal)!;
    }

    public CoordinatorState State { get; private set; }

    public SamplingTask Task => State.Task;

    public IEnumerable<CoordinatorEvent> Journal =>
        CoordinatorEvents.Read(_journal.Select((bytes, index) => new JournalEvent(index + 1, bytes)));

    public IEnumerable<WindowSettled> Settled =>
        Journal.Where(item => item.WindowSettled is not null).Select(item => item.WindowSettled);

    /// <summary>The process dies, and another one takes over.</summary>
    /// <param name="events">how much of the journal there is; null: all</param>
    public CoordinatorUnderTest Reborn(int? events = null) => new(_journal.Take(events ?? _journal.Count));

    /// <summary>As a command that works on the journal of a run that is over.</summary>
    public CoordinatorUnderTest RebornAfter(CoordinatorEvent item) => new([.. _journal, item.ToByteArray()]);

    public ImmutableArray<Effect> Take(object message)
    {
        var (state, effects) = State.Apply(message);
        State = state;
        _journal.AddRange(effects.OfType<Persist>().Select(persist => persist.Event.ToByteArray()));
        foreach (var start in effects.Sent<StartGroup>())
            _epochs[start.Group] = start.Epoch;
        return effects;
    }

    /// <summary>What follows from one message after the other.</summary>
    public ImmutableArray<Effect> TakeAll(IEnumerable<object> messages) =>
        [.. messages.SelectMany(message => Take(message).AsEnumerable())];

    /// <summary>Begins, and every group that is placed says at once that it is ready.</summary>
    public ImmutableArray<Effect> Live(long resampling = 0, int storedWindow = 0)
    {
        var effects = Take(new Begin());
        return [.. effects, .. TakeAll(effects.Sent<StartGroup>().Select(
            start => ReadyOf(start, resampling, storedWindow)))];
    }

    public static GroupReady ReadyOf(StartGroup start, long resampling = 0, int storedWindow = 0) => new()
    {
        Group = start.Group,
        Epoch = start.Epoch,
        Attempt = start.Attempt,
        Resampling = resampling,
        StoredWindow = storedWindow,
        StoredResampling = resampling,
    };

    public GroupSummary Summary(int group, int window, double[] logWeights, long resampling = 0)
    {
        int first = Task.FirstSlotOf(group);
        int[] families = [.. Enumerable.Range(first, logWeights.Length)];
        var weight = GroupWeight.Of(logWeights, first);
        var statistics = new GroupStatistics(weight, GroupFamilies.Of(logWeights, families, weight.Max));
        return new GroupSummary
        {
            Group = group,
            Attempt = State.Attempt(Task.ReplicaOf(group)),
            Window = window,
            Resampling = resampling,
            Weights = SamplingPacking.ToMessage(statistics, new IntegrationCost(10 + group, 3)),
        };
    }

    /// <summary>The summaries of all groups of a replica.</summary>
    /// <param name="window">windows complete</param>
    /// <param name="logWeights">(walkers of a replica)</param>
    /// <param name="resampling">the last one</param>
    /// <param name="replica">the replica</param>
    public GroupSummary[] Summaries(
        int window, double[] logWeights, long resampling = 0, int replica = 0) =>
        [.. Groups(replica).Select(group => Summary(group, window, Part(group, logWeights), resampling))];

    /// <summary>What follows when all groups of a replica tell of a window.</summary>
    public ImmutableArray<Effect> Tell(
        int window, double[] logWeights, long resampling = 0, int replica = 0) =>
        TakeAll(Summaries(window, logWeights, resampling, replica));

    /// <summary>What follows when all groups of a replica have stored their walkers.</summary>
    public ImmutableArray<Effect> Store(int window, long resampling = 0, int replica = 0) =>
        TakeAll(Groups(replica).Select(group => Stored(group, window, resampling)));

    public SnapshotStored Stored(int group, int window, long resampling = 0) => new()
    {
        Group = group,
        Epoch = _epochs.GetValueOrDefault(group, 1),
        Attempt = State.Attempt(Task.ReplicaOf(group)),
        Window = window,
        Resampling = resampling,
    };

    /// <summary>Every window of a replica with even weights, up to the snapshots at t = 1.</summary>
    public ImmutableArray<Effect> Complete(int replica, double spread = 0)
    {
        double[] weights = Weights(spread);
        var effects = Enumerable.Range(1, Task.Windows)
            .SelectMany(window => Tell(window, weights, 0, replica).AsEnumerable()).ToArray();
        return [.. effects, .. Store(Task.Windows, 0, replica)];
    }

    public IEnumerable<int> Groups(int replica) => Enumerable.Range(replica * Task.Groups, Task.Groups);

    public double[] Part(int group, double[] logWeights)
    {
        int first = Task.FirstSlotOf(group) - Task.FirstSlotOfReplica(Task.ReplicaOf(group));
        return logWeights[first..(first + Task.CountOf(group))];
    }

    /// <summary>Log-weights of a replica; the relative ESS is 1 at spread 0, and falls with it.</summary>
    public double[] Weights(double spread) =>
        [.. Enumerable.Range(0, Task.Options.Walkers).Select(m => spread * Math.Sin(m * m + 1.0))];
}

/// <summary>Effects of a kind.</summary>
internal static class EffectList
{
    public static IEnumerable<T> Sent<T>(this IEnumerable<Effect> effects) where T : IMessage =>
        effects.OfType<Send>().Select(send => send.Body).OfType<T>();

    public static IEnumerable<ResamplingPlan> Plans(this IEnumerable<Effect> effects) =>
        effects.Sent<ResamplingPlan>();

    public static IEnumerable<CoordinatorEvent> Persisted(this IEnumerable<Effect> effects) =>
        effects.OfType<Persist>().Select(persist => (CoordinatorEvent)persist.Event);
}
