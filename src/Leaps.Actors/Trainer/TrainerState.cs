using System.Collections.Immutable;
using System.Globalization;
using Leaps.Actors.Coordinator;
using Leaps.Actors.Protocol;
using Leaps.Model.Training;
using Command = Leaps.Actors.Protocol.ControlRequest.Types.Command;
using Effects = System.Collections.Immutable.ImmutableArray<Leaps.Actors.Effect>.Builder;

namespace Leaps.Actors.Trainer;

/// <summary>
/// Algorithm 2 without its numbers, as a pure state: which update is next, which rollouts its parameters are
/// for, when the whole is saved. A trainer that is lost goes back to its last checkpoint and does the same
/// updates again; rollouts that it orders again are the same rollouts.
/// </summary>
/// <param name="Options">of the training</param>
public sealed record TrainerState(TrainingOptions Options)
{
    /// <summary>The cause of an end by command.</summary>
    public const string Cancelled = "cancelled by the user";

    private const string LearningRateKey = "train.learning-rate";

    private static readonly ScheduledRollout s_none = new(-1, 0, 0);
    private readonly RolloutSchedule _schedule = new(Options);

    private enum Work
    {
        None,
        Publishing,
        AwaitingBatch,
        Running,
    }

    /// <summary>Updates done.</summary>
    public int Updates { get; private init; }

    /// <summary>Ordered, and not yet known to be durable in the buffer; by index.</summary>
    public ImmutableSortedDictionary<int, RolloutOrder> Pending { get; private init; } =
        ImmutableSortedDictionary<int, RolloutOrder>.Empty;

    public ImmutableArray<LearningRateChange> LearningRates { get; private init; } = [];

    /// <summary>Rollouts of the parameters after so many updates have been ordered; -1: none.</summary>
    public int OrderedThrough { get; private init; } = -1;
    public bool Paused { get; private init; }

    /// <summary>By the user: it ends after the present update.</summary>
    public bool IsCancelled { get; private init; }

    private long Epoch { get; init; }
    private Work Doing { get; init; }
    private bool Begun { get; init; }
    private bool EvaluationDue { get; init; }
    private bool IsComplete { get; init; }
    private string Cause { get; init; } = "";

    // Rollouts that the buffer has said are durable; all of them once it has answered.
    private ImmutableHashSet<int> Stored { get; init; } = [];
    private bool KnowsBuffer { get; init; }
    private bool SaveDue { get; init; }
    private bool Halting { get; init; }
    private bool Over { get; init; }
    private int SaveAsked { get; init; } = -1;
    private int Saved { get; init; } = -1;
    private TrainingRecord? Last { get; init; }
    private double? BestRelativeEss { get; init; }

    private bool UsesBuffer => Options.Source == TrainingSource.Rollouts;

    /// <summary>As a checkpoint left it.</summary>
    public TrainerState Restore(TrainerCheckpoint checkpoint) => this with
    {
        Pending = checkpoint.Pending.ToImmutableSortedDictionary(order => order.Index, order => order),
        LearningRates = [.. checkpoint.LearningRates],
        OrderedThrough = checkpoint.OrderedThrough,
        Paused = checkpoint.Steered?.Paused ?? false,
        IsCancelled = checkpoint.Steered?.Cancelled ?? false,
    };

    /// <summary>After an event of the journal.</summary>
    public TrainerState Evolve(TrainerEvent item) => item.BodyCase switch
    {
        TrainerEvent.BodyOneofCase.LearningRateChange =>
            this with { LearningRates = LearningRates.Add(item.LearningRateChange) },
        TrainerEvent.BodyOneofCase.Steered =>
            this with { Paused = item.Steered.Paused, IsCancelled = item.Steered.Cancelled },
        _ => this,
    };

    public Transition<TrainerState> Apply(object message)
    {
        var effects = ImmutableArray.CreateBuilder<Effect>();
        var next = message switch
        {
            TrainerBegins begins => OnBegin(begins, effects),
            BufferReady ready => OnBuffer(ready, effects),
            RolloutStored stored => OnStored(stored),
            Protocol.ParameterVersion version => OnPublished(version, effects),
            Batch batch => OnBatch(batch, effects),
            UpdateDone done => OnDone(done, effects),
            UpdateCancelled cancelled => OnCancelled(cancelled),
            Trainer.SaveDue => this with { SaveDue = true },
            TrainerStored stored => OnSaved(stored, effects),
            HaltTrainer => OnHalt(effects),
            TrainingTimeIsUp => this with { IsComplete = true, Cause = IsComplete ? "" : "the time is up" },
            ControlAsked asked => OnControl(asked, effects),
            _ => throw new ProtocolException($"the trainer has no use for a {message.GetType().Name}."),
        };
        return new Transition<TrainerState>(next.GoOn(effects), effects.DrainToImmutable());
    }

    private TrainerState OnBegin(TrainerBegins begins, Effects effects)
    {
        var raised = new EpochRaised { Epoch = begins.Epoch };
        effects.Add(new Persist(new TrainerEvent { EpochRaised = raised }));
        if (UsesBuffer)
            effects.Add(new Send(ActorNames.ReplayBuffer, new BufferQuery { Epoch = begins.Epoch }));
        return this with
        {
            Begun = true,
            Epoch = begins.Epoch,
            Updates = begins.Updates,
            EvaluationDue = begins.EvaluationDue,
            IsComplete = begins.IsComplete,
        };
    }

    private TrainerState OnBuffer(BufferReady ready, Effects effects)
    {
        // An answer to another life of the trainer may be older than what that one heard; and a buffer that
        // comes to life has not heard the question.
        if (!KnowsBuffer && ready.Epoch != Epoch)
        {
            if (Begun)
                effects.Add(new Send(ActorNames.ReplayBuffer, new BufferQuery { Epoch = Epoch }));
            return this;
        }
        var next = this with
        {
            KnowsBuffer = true,
            Stored = Stored.Union(ready.Rollouts),
            Pending = Pending.RemoveRange(ready.Rollouts),
        };
        foreach (var order in next.Pending.Values)
            effects.Add(new Send(ActorNames.RolloutMaker, order));
        if (Doing == Work.AwaitingBatch)
            effects.Add(Request());
        return next;
    }

    private TrainerState OnStored(RolloutStored stored) => this with
    {
        Stored = Stored.Add(stored.Index),
        Pending = Pending.Remove(stored.Index),
    };

    private TrainerState OnPublished(Protocol.ParameterVersion version, Effects effects)
    {
        if (Doing != Work.Publishing || version.Update != Updates)
            return this;
        var next = this with { Doing = Work.None, OrderedThrough = Updates };
        foreach (var entry in Missing())
        {
            var order = RolloutPacking.ToMessage(entry, version);
            effects.Add(new Send(ActorNames.RolloutMaker, order));
            next = next with { Pending = next.Pending.SetItem(order.Index, order) };
        }
        return next;
    }

    private TrainerState OnBatch(Batch batch, Effects effects)
    {
        if (Doing != Work.AwaitingBatch || batch.Update != Updates)
            return this;
        effects.Add(new RunUpdate(batch));
        return this with { Doing = Work.Running };
    }

    private TrainerState OnDone(UpdateDone done, Effects effects)
    {
        effects.Add(new Trained(done.Record));
        double? evaluated = done.Record.EvaluatedRelativeEss;
        return this with
        {
            Doing = Work.None,
            Updates = done.Record.Update + 1,
            EvaluationDue = false,
            IsComplete = done.IsComplete || IsComplete,
            IsCancelled = IsCancelled && !done.IsComplete,
            Cause = done.IsComplete ? "" : Cause,
            Last = done.Record,
            BestRelativeEss = evaluated > (BestRelativeEss ?? -1) ? evaluated : BestRelativeEss,
        };
    }

    private TrainerState OnCancelled(UpdateCancelled cancelled) => this with
    {
        Doing = Work.None,
        Updates = cancelled.Updates,
        EvaluationDue = cancelled.EvaluationDue,
    };

    // The checkpoint before this one may still be needed, should this one be damaged.
    private TrainerState OnSaved(TrainerStored stored, Effects effects)
    {
        if (UsesBuffer && Saved >= 0)
            effects.Add(new Send(ActorNames.ReplayBuffer, new TrainerSaved { Update = Saved }));
        if (Halting)
            effects.Add(new TrainerHalted());
        return this with { Saved = stored.Updates };
    }

    private TrainerState OnHalt(Effects effects)
    {
        if (Doing == Work.Running)
            effects.Add(new CancelUpdate());
        return this with
        {
            Halting = true,
            SaveDue = true,
            Doing = Doing == Work.Running ? Doing : Work.None,
        };
    }

    // Whatever the messages so far allow to be done now.
    private TrainerState GoOn(Effects effects)
    {
        if (!Begun || Over || Doing != Work.None)
            return this;
        bool ends = IsComplete || IsCancelled;
        if (SaveDue || ends && SaveAsked < Updates)
        {
            var steered = new TrainingSteered { Paused = Paused, Cancelled = IsCancelled };
            effects.Add(new SaveTrainer([.. Pending.Values], LearningRates, OrderedThrough, steered));
            return (this with { SaveDue = false, SaveAsked = Updates }).GoOn(effects);
        }
        if (Halting)
            return this;
        if (ends)
        {
            if (Saved < Updates)
                return this;
            effects.Add(new EndTraining(IsCancelled ? Cancelled : Cause));
            return this with { Over = true };
        }
        if (Paused)
            return this;
        if (EvaluationDue || !UsesBuffer)
        {
            effects.Add(new RunUpdate(null));
            return this with { Doing = Work.Running };
        }
        if (!KnowsBuffer)
            return this;
        if (OrderedThrough < Updates && Missing().Any())
        {
            effects.Add(new PublishParameters());
            return this with { Doing = Work.Publishing };
        }
        var lost = _schedule.InBuffer(Updates).FirstOrDefault(
            entry => !Stored.Contains(entry.Index) && !Pending.ContainsKey(entry.Index), s_none);
        if (lost != s_none)
        {
            effects.Add(new StopRun($"rollout {lost.Index} of the replay buffer is damaged or missing: "
                + "restore the journal from a copy, or start the run anew."));
            return this with { Over = true };
        }
        effects.Add(Request());
        return this with { Doing = Work.AwaitingBatch };
    }

    private IEnumerable<ScheduledRollout> Missing() =>
        _schedule.MadeWith(Updates).Where(entry => !Stored.Contains(entry.Index));

    private Send Request() =>
        new(ActorNames.ReplayBuffer, new BatchRequest { Update = Updates, Pairs = Options.Batch });

    // ---- Commands of the user ----

    private TrainerState OnControl(ControlAsked asked, Effects effects)
    {
        var request = asked.Request;
        var reply = new ControlReply { Request = request.Request, Accepted = true };
        var next = this;
        switch (request.Command)
        {
            case not Command.Status when Over:
                reply.Accepted = false;
                reply.Text = "the training is over: ask again in a moment";
                break;
            case Command.Status:
                reply.Entries.AddRange(Status().Select(
                    entry => new ControlReply.Types.Entry { Key = entry.Key, Value = entry.Value }));
                break;
            case Command.Pause:
                reply.Text = Paused ? "the training pauses already" : "the training pauses after this update";
                next = Steer(paused: true, IsCancelled, effects);
                break;
            case Command.Resume:
                reply.Text = Paused ? "the training goes on" : "the training was not paused";
                next = Steer(paused: false, IsCancelled, effects);
                break;
            case Command.Checkpoint:
                reply.Text = "the trainer is saved after this update";
                next = this with { SaveDue = true };
                break;
            case Command.Cancel:
                reply.Text = "the run is cancelled";
                next = Steer(Paused, cancelled: true, effects);
                break;
            default:
                next = Set(request, reply, effects);
                break;
        }
        effects.Add(new Send(asked.Asker, reply));
        return next;
    }

    private TrainerState Steer(bool paused, bool cancelled, Effects effects)
    {
        if ((paused, cancelled) == (Paused, IsCancelled))
            return this;
        var steered = new TrainingSteered { Paused = paused, Cancelled = cancelled };
        effects.Add(new Persist(new TrainerEvent { Steered = steered }));
        return this with { Paused = paused, IsCancelled = cancelled };
    }

    private TrainerState Set(ControlRequest request, ControlReply reply, Effects effects)
    {
        bool isNumber = double.TryParse(
            request.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double rate);
        reply.Accepted = request.Key == LearningRateKey && isNumber && rate > 0 && double.IsFinite(rate);
        if (request.Key != LearningRateKey)
            reply.Text = $"'{request.Key}' can't be set while training: {LearningRateKey} can";
        else if (!reply.Accepted)
            reply.Text = $"{LearningRateKey} is {request.Value}; allowed: a positive number";
        if (!reply.Accepted)
            return this;
        int update = Doing == Work.Running ? Updates + 1 : Updates;
        var change = new LearningRateChange { Update = update, LearningRate = rate };
        effects.Add(new Persist(new TrainerEvent { LearningRateChange = change }));
        effects.Add(new ChangeLearningRate(change));
        reply.Text = FormattableString.Invariant($"{LearningRateKey} is {rate} from update {update} on");
        return this with { LearningRates = LearningRates.Add(change) };
    }

    private IEnumerable<(string Key, string Value)> Status()
    {
        var culture = CultureInfo.InvariantCulture;
        yield return ("state", Paused ? "paused" : "training");
        yield return ("updates", string.Create(culture, $"{Updates} of {Options.Updates}"));
        if (Last is { } last)
        {
            yield return ("loss", string.Create(culture, $"{last.Loss:G4}"));
            yield return ("learning rate", string.Create(culture, $"{last.LearningRate:G4}"));
        }
        if (BestRelativeEss is { } best)
            yield return ("best relative ESS", string.Create(culture, $"{best:F3}"));
        if (UsesBuffer)
            yield return ("rollouts being made", Pending.Count.ToString(culture));
    }
}
