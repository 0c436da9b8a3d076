using System.Runtime.ExceptionServices;
using Google.Protobuf;
using Leaps.Actors.Coordinator;
using Leaps.Actors.Journal;
using Leaps.Actors.Protocol;
using Leaps.Actors.ReplayBuffer;
using Leaps.Actors.Telemetry;
using Leaps.Actors.Trainer;
using Leaps.Model;
using Leaps.Model.Devices;
using Leaps.Model.Networks;
using Leaps.Model.Targets;
using Leaps.Model.Training;
using Algorithm2 = Leaps.Model.Training.Trainer;

namespace Leaps.Actors.Runtime;

/// <summary>How a training runs. Nothing here changes a result.</summary>
public sealed record TrainingHomeOptions
{
    /// <summary>From one checkpoint to the next: what a crash costs at most.</summary>
    public TimeSpan SnapshotInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The training ends after this time; zero: when all is done.</summary>
    public TimeSpan TimeLimit { get; init; }

    /// <summary>How long a cancelled training may take to be saved.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMilliseconds(800);
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>
    /// Sees the trainer after each update, on the trainer's thread, which waits: what it keeps is there
    /// before any checkpoint that includes the update.
    /// </summary>
    public Action<Algorithm2, TrainingRecord> OnUpdate { get; init; } = static (_, _) => { };

    /// <summary>Called on the trainer's thread before a checkpoint: what <see cref="OnUpdate"/> keeps must
    /// be durable when it returns.</summary>
    public Action OnSaving { get; init; } = static () => { };

    /// <summary>One line for each message that was refused.</summary>
    public Action<string> Notice { get; init; } = static _ => { };

    /// <summary>Of the run; null: nobody wants to know.</summary>
    public RunTelemetry? Telemetry { get; init; }
}

/// <summary>
/// The trainer and the replay buffer of a run, in this process; its maker of rollouts lives wherever the
/// runtime has it. It begins where the journal ends.
/// </summary>
internal sealed class TrainingHome : ITraining
{
    private readonly TrainingHomeOptions _options;
    private readonly Algorithm2 _trainer;
    private readonly JournalWriter _writer;
    private readonly TrainerDevice _device;
    private readonly TrainerActor _actor;
    private readonly ReplayBufferActor? _buffer;
    private readonly IMailboxes _mailboxes;
    private readonly Inquiries _inquiries = new();
    private readonly TaskCompletionSource<string> _end =
        new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _halted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly long _life;
    private readonly long _epoch;
    private readonly Lock _opening = new();
    private readonly List<object> _early = [];
    private IMailbox? _trainerMailbox, _bufferMailbox;
    private bool _closed;

    /// <param name="target">what the network is to sample</param>
    /// <param name="model">trained in place</param>
    /// <param name="networks">its network on each device that shares the gradient, all of one kind</param>
    /// <param name="training">how</param>
    /// <param name="journal">stays its owner's</param>
    /// <param name="mailboxes">of the training</param>
    /// <param name="life">of trainer and replay buffer, which is this process's</param>
    /// <param name="options">of this process</param>
    /// <exception cref="LeapsException">An option is wrong, or the journal is damaged or of another
    /// training.</exception>
    public TrainingHome(Target target, LeapsModel model, IReadOnlyList<RateNetwork> networks,
        TrainingOptions training, IJournal journal, IMailboxes mailboxes, long life,
        TrainingHomeOptions options)
    {
        _options = options;
        _mailboxes = mailboxes;
        _life = life;
        bool usesBuffer = training.Source == TrainingSource.Rollouts;
        var source = usesBuffer ? null : ITrainingSource.Create(target, model, networks[0], training);
        _trainer = new Algorithm2(target, model, networks, training, source);
        var state = TrainingJournal.Restore(journal, new TrainerState(training), _trainer);
        _epoch = journal.LastSequence(ActorNames.Trainer) + 1;
        var stored = usesBuffer ? ReplayBufferActor.Recover(journal, training, target) : null;
        _writer = new JournalWriter(journal, telemetry: options.Telemetry);
        _device = new TrainerDevice(_trainer, target, options.OnUpdate, options.OnSaving, Fail);
        _actor = new TrainerActor(state, Send, message => _trainerMailbox!.Post(message), _device,
            new ActorJournal(journal, _writer, ActorNames.Trainer), Observe);
        if (stored is not null)
            _buffer = new ReplayBufferActor(stored, (to, body) => _bufferMailbox!.Tell(to, (IMessage)body),
                message => _bufferMailbox!.Post(message), _writer);
    }

    public int Updates => _trainer.Updates;

    public double BestRelativeEss => _trainer.BestRelativeEss;

    public int BestUpdate => _trainer.BestUpdate;

    public string Run(CancellationToken cancellation = default)
    {
        Open();
        Tell(new TrainerBegins(_epoch, _trainer.Updates, _trainer.EvaluationDue, _trainer.IsComplete));
        using var due = _options.Clock.CreateTimer(
            _ => Tell(new SaveDue()), null, _options.SnapshotInterval, _options.SnapshotInterval);
        using var limit = _options.TimeLimit <= TimeSpan.Zero ? null : _options.Clock.CreateTimer(
            _ => Tell(new TrainingTimeIsUp()), null, _options.TimeLimit, Timeout.InfiniteTimeSpan);
        try
        {
            _end.Task.Wait(cancellation);
        }
        catch (AggregateException failure)
        {
            ExceptionDispatchInfo.Throw(failure.InnerException!);
        }
        catch (OperationCanceledException)
        {
            Tell(new HaltTrainer());
            _halted.Task.Wait(_options.Patience, CancellationToken.None);
            throw;
        }
        _writer.Flush().Wait(CancellationToken.None);
        Close();
        _trainer.RestoreBest();
        return _end.Task.Result;
    }

    public Task<ControlReply> Ask(ControlRequest request, CancellationToken cancellation = default) =>
        _inquiries.Ask(request, Tell, cancellation);

    /// <summary>The training can't go on.</summary>
    public void Fail(Exception error) => _end.TrySetException(error);

    public void Dispose()
    {
        Close();
        _trainer.Dispose();
    }

    private void Close()
    {
        if (_closed)
            return;
        _closed = true;
        _device.Dispose();
        foreach (var mailbox in (IMailbox?[])[_trainerMailbox, _bufferMailbox])
        {
            mailbox?.Close();
            mailbox?.Completion.Wait();
        }
        _inquiries.Close();
        _writer.Dispose();
    }

    // An actor may be given its first message before the other is there, and even before Open returns.
    private void Open()
    {
        lock (_opening)
        {
            if (_buffer is not null)
            {
                _bufferMailbox = _mailboxes.Open(
                    ActorNames.ReplayBuffer, _life, Opened(_buffer.Receive), Fail);
                _mailboxes.Prepare(ActorNames.RolloutMaker);
            }
            _trainerMailbox = _mailboxes.Open(ActorNames.Trainer, _life, Opened(_actor.Receive), Fail);
            _bufferMailbox?.Post(new BufferBegins());
            _early.ForEach(message => _trainerMailbox.Post(message));
        }
    }

    private Receiver Opened(Receiver receive) => (message, handled) =>
    {
        lock (_opening)
        {
            // What it waits for is that both are open.
        }
        receive(message, handled);
    };

    private void Tell(object message)
    {
        lock (_opening)
        {
            if (_trainerMailbox is null)
                _early.Add(message);
            else
                _trainerMailbox.Post(message);
        }
    }

    private void Send(string recipient, object message)
    {
        if (message is ControlReply reply)
            _inquiries.Answer(recipient, reply);
        else
            _trainerMailbox!.Tell(recipient, (IMessage)message);
    }

    private void Observe(Effect effect)
    {
        switch (effect)
        {
            case TrainerHalted:
                _halted.TrySetResult();
                break;
            case EndTraining end:
                _end.TrySetResult(end.Cause);
                break;
            case StopRun stop:
                Fail(new LeapsException(stop.Cause));
                break;
        }
    }
}
