using System.Collections.Immutable;
using Leaps.Actors.Protocol;
using Leaps.Model.Training;
using Buffer = Leaps.Model.Training.ReplayBuffer;
using Effects = System.Collections.Immutable.ImmutableArray<Leaps.Actors.Effect>.Builder;

namespace Leaps.Actors.ReplayBuffer;

/// <summary>First message to a replay buffer that has come to life.</summary>
public sealed record BufferBegins;

/// <summary>Asks for a rollout to be made durable. The answer is <see cref="RolloutSaved"/>.</summary>
public sealed record SaveRollout(Rollout Rollout) : Effect;

/// <summary>To the buffer from its journal.</summary>
public sealed record RolloutSaved(Rollout Rollout);

/// <summary>A rollout of which nothing is needed any more.</summary>
public sealed record ForgetRollout(int Index) : Effect;

/// <summary>
/// The replay buffer as a pure state. Which rollouts a batch is drawn from follows from its update alone
/// (<see cref="RolloutSchedule"/>): it waits for those that are still being made, and keeps those that a
/// trainer may come back to.
/// </summary>
/// <param name="Options">of the training</param>
/// <param name="Target">what the rollouts are of</param>
public sealed record ReplayBufferState(TrainingOptions Options, Model.Targets.Target Target)
{
    private readonly RolloutSchedule _schedule = new(Options);

    /// <summary>By index; all durable.</summary>
    public ImmutableSortedDictionary<int, Rollout> Rollouts { get; init; } =
        ImmutableSortedDictionary<int, Rollout>.Empty;

    private BatchRequest? Asked { get; init; }

    public Transition<ReplayBufferState> Apply(object message)
    {
        var effects = ImmutableArray.CreateBuilder<Effect>();
        var next = message switch
        {
            BufferBegins => Tell(0, effects),
            BufferQuery query => Tell(query.Epoch, effects),
            RolloutMade made => OnMade(made, effects),
            RolloutSaved saved => OnSaved(saved, effects),
            BatchRequest request => this with { Asked = request },
            TrainerSaved saved => OnTrainerSaved(saved, effects),
            _ => throw new ProtocolException(
                $"the replay buffer has no use for a {message.GetType().Name}."),
        };
        next = next.Answer(effects);
        return new Transition<ReplayBufferState>(next, effects.DrainToImmutable());
    }

    private ReplayBufferState Tell(long epoch, Effects effects)
    {
        effects.Add(new Send(
            ActorNames.Trainer, new BufferReady { Epoch = epoch, Rollouts = { Rollouts.Keys } }));
        return this;
    }

    private ReplayBufferState OnMade(RolloutMade made, Effects effects)
    {
        if (Rollouts.ContainsKey(made.Index))
        {
            effects.Add(new Send(ActorNames.Trainer, new RolloutStored { Index = made.Index }));
            return this;
        }
        effects.Add(new SaveRollout(RolloutPacking.ToRollout(made)));
        return this;
    }

    private ReplayBufferState OnSaved(RolloutSaved saved, Effects effects)
    {
        int index = saved.Rollout.Entry.Index;
        effects.Add(new Send(ActorNames.Trainer, new RolloutStored { Index = index }));
        return this with { Rollouts = Rollouts.SetItem(index, saved.Rollout) };
    }

    private ReplayBufferState OnTrainerSaved(TrainerSaved saved, Effects effects)
    {
        int first = _schedule.InBuffer(saved.Update).Select(entry => entry.Index).FirstOrDefault();
        int[] old = [.. Rollouts.Keys.TakeWhile(index => index < first)];
        effects.AddRange(old.Select(index => new ForgetRollout(index)));
        return this with { Rollouts = Rollouts.RemoveRange(old) };
    }

    private ReplayBufferState Answer(Effects effects)
    {
        if (Asked is null)
            return this;
        var entries = _schedule.InBuffer(Asked.Update).ToList();
        if (!entries.All(entry => Rollouts.ContainsKey(entry.Index)))
            return this;
        var buffer = new Buffer(Options.BufferSize);
        foreach (var entry in entries)
            buffer.Add(Rollouts[entry.Index]);
        var batch = new TrainingBatch(Asked.Pairs, Target.Sites);
        buffer.Sample(batch, Options.Seed, Asked.Update);
        effects.Add(new Send(ActorNames.Trainer, new Batch
        {
            Update = Asked.Update,
            Times = { batch.Times },
            Walkers = WalkerPacking.Pack(batch.States, batch.Count, Target),
        }));
        return this with { Asked = null };
    }
}
