using Google.Protobuf;
using Leaps.Actors.Coordinator;
using Leaps.Actors.Journal;
using Leaps.Actors.Protocol;
using Leaps.Actors.WalkerGroup;
using Leaps.Model;
using Leaps.Model.Sampling;

namespace Leaps.Actors.Runtime;

/// <summary>What the journal of a sampling tells: where it stands, and its result.</summary>
public static class SamplingJournal
{
    /// <summary>The coordinator as its journal left it, or at the start.</summary>
    /// <exception cref="LeapsException">The journal is damaged, or of another task.</exception>
    public static CoordinatorState Recover(IJournal journal, SamplingTask task)
    {
        var state = Read(journal);
        if (state is null)
            return new CoordinatorState(task);
        var begun = state.Started!;
        var expected = task.Specification.Clone();
        // Whatever the user changed since is in the journal.
        expected.Replicas = begun.Replicas;
        expected.Options.Threshold = begun.Options.Threshold;
        expected.TargetStandardError = begun.TargetStandardError;
        if (!expected.Equals(begun))
            throw new LeapsException("the journal is that of another sampling: its target, network, grid or "
                + "options are not those of this run; sample into a new directory.");
        return state;
    }

    /// <summary>The coordinator as its journal left it; null where it has not begun.</summary>
    /// <exception cref="LeapsException">The journal is damaged, or from another version.</exception>
    public static CoordinatorState? Read(IJournal journal)
    {
        try
        {
            return CoordinatorState.Recover(
                CoordinatorEvents.Read(journal.Read(ActorNames.Coordinator, 1)));
        }
        catch (ProtocolException error)
        {
            throw new LeapsException($"the journal can't be read: {error.Message}", error);
        }
    }

    /// <summary>A sampling that no process runs goes on, though its user paused it or it ended before all
    /// was done.</summary>
    /// <exception cref="LeapsException">The journal is damaged, or refused.</exception>
    public static void GoOn(IJournal journal)
    {
        var state = Read(journal);
        CoordinatorEvent? item = state switch
        {
            { End.Cause.Length: > 0 } => new CoordinatorEvent
            {
                RunExtended = new RunExtended { Replicas = state.Task.Replicas },
            },
            { End: null, Paused: true } => new CoordinatorEvent
            {
                SettingChanged = new SettingChanged
                {
                    Key = CoordinatorSettings.Paused,
                    Value = bool.FalseString,
                },
            },
            _ => null,
        };
        if (item is not null)
        {
            journal.Append(ActorNames.Coordinator, journal.LastSequence(ActorNames.Coordinator),
                [item.ToByteArray()]);
        }
    }

    /// <summary>The newest snapshot of a group; null where it has none.</summary>
    /// <exception cref="LeapsException">It is not one of this version.</exception>
    public static Protocol.Snapshot? LoadSnapshot(IJournal journal, int group)
    {
        if (journal.LoadLatestSnapshot(ActorNames.Group(group)) is not { } stored)
            return null;
        try
        {
            return Protocol.Snapshot.Parser.ParseFrom(stored.Bytes.Span);
        }
        catch (Google.Protobuf.InvalidProtocolBufferException error)
        {
            throw new LeapsException(
                $"the snapshot of group {group} can't be read: {error.Message}", error);
        }
    }

    /// <summary>The replicas that a run ended with, pooled.</summary>
    /// <param name="journal">of the run</param>
    /// <param name="state">ended, with one replica or more</param>
    /// <exception cref="LeapsException">The walkers of a group are missing or damaged.</exception>
    public static EnsembleResult ReadResult(IJournal journal, CoordinatorState state)
    {
        var task = state.Task;
        int replicas = state.End!.Replicas;
        var pooled = new Walkers(checked(replicas * task.Options.Walkers), task.Target.Sites);
        for (int group = 0; group < replicas * task.Groups; group++)
        {
            var snapshot = LoadSnapshot(journal, group);
            if (snapshot is null || snapshot.Window != task.Windows
                || snapshot.Attempt != state.Attempt(task.ReplicaOf(group)))
                throw new LeapsException(
                    $"the final walkers of group {group} are not in the journal: remove the run directory "
                    + "and run again.");
            GroupWalkers.Of(snapshot, task.Target).CopyTo(pooled, task.FirstSlotOf(group));
        }
        int walkers = task.Options.Walkers;
        for (int m = 0; m < pooled.Count; m++)
            pooled.LogWeights[m] += state.LogNormalizerRatio(m / walkers);
        return EnsembleResult.Of(pooled,
            [.. Enumerable.Range(0, replicas).Select(r => state.Windows(r).ToArray())],
            task.Options.Resampling);
    }
}
