using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Google.Protobuf;
using Leaps.Actors.Coordinator;
using Leaps.Actors.Journal;
using Leaps.Actors.Protocol;
using Leaps.Actors.ReplayBuffer;
using Leaps.Actors.Trainer;
using Leaps.Model;
using Leaps.Model.Devices;
using Leaps.Model.Networks;
using Leaps.Model.Targets;
using Leaps.Model.Training;
using Algorithm2 = Leaps.Model.Training.Trainer;

namespace Leaps.Actors.Runtime.Embedded;

/// <summary>How a training runs in this process. Nothing here changes a result.</summary>
public sealed record EmbeddedTrainingOptions
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
}

/// <summary>
/// A training with its actors in this process: trainer, replay buffer and a maker of rollouts. It begins
/// where the journal ends.
/// </summary>
public sealed class EmbeddedTraining : IDisposable
{
    private readonly EmbeddedTrainingOptions _options;
    private readonly Algorithm2 _trainer;
    private readonly JournalWriter _writer;
    private readonly TrainerDevice _device;
    private readonly Mailbox _mailbox;
    private readonly Mailbox? _buffer;
    private readonly RolloutPool? _rollouts;
    private readonly Inquiries _inquiries = new();
    private readonly TaskCompletionSource<string> _end =
        new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _halted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly long _epoch;
    private volatile bool _closed;

    /// <param name="target">what the network is to sample</param>
    /// <param name="model">trained in place</param>
    /// <param name="networks">its network on each device that shares the gradient, all of one kind</param>
    /// <param name="rolloutNetwork">its network on the device that makes rollouts, for nobody else; null:
    /// the options ask for none</param>
    /// <param name="training">how</param>
    /// <param name="journal">stays its owner's</param>
    /// <param name="options">of this process</param>
    /// <exception cref="LeapsException">An option is wrong, or the journal is damaged or of another
    /// training.</exception>
    public EmbeddedTraining(Target target, LeapsModel model, IReadOnlyList<RateNetwork> networks,
        RateNetwork? rolloutNetwork, TrainingOptions training, IJournal journal,
        EmbeddedTrainingOptions options)
    {
        _options = options;
        bool usesBuffer = training.Source == TrainingSource.Rollouts;
        if (usesBuffer && rolloutNetwork is null)
            throw new ArgumentException("Rollouts need a network.", nameof(rolloutNetwork));
        var source = usesBuffer ? null : ITrainingSource.Create(target, model, networks[0], training);
        _trainer = new Algorithm2(target, model, networks, training, source);
        var state = TrainingJournal.Restore(journal, new TrainerState(training), _trainer);
        _epoch = journal.LastSequence(ActorNames.Trainer) + 1;
        _writer = new JournalWriter(journal);
        _device = new TrainerDevice(_trainer, target, options.OnUpdate, options.OnSaving, Fail);
        var actor = new TrainerActor(state, Send, message => _mailbox!.Post(message), _device,
            new ActorJournal(journal, _writer, ActorNames.Trainer), Observe);
        _mailbox = new Mailbox(actor.Receive, _options.Notice, Fail);
        if (!usesBuffer)
            return;
        var bufferState = ReplayBufferActor.Recover(journal, training, target);
        var buffer = new ReplayBufferActor(
            bufferState, Send, message => _buffer!.Post(message), _writer);
        _buffer = new Mailbox(buffer.Receive, _options.Notice, Fail);
        _rollouts = new RolloutPool(target, model.Layout, rolloutNetwork!, training,
            made => Send(ActorNames.ReplayBuffer, made), Fail);
    }

    /// <summary>Updates done, where the journal left off or since.</summary>
    public int Updates => _trainer.Updates;

    public double BestRelativeEss => _trainer.BestRelativeEss;

    public int BestUpdate => _trainer.BestUpdate;

    /// <summary>Trains to the end; afterwards the model holds the best parameters.</summary>
    /// <returns>why it ended before all was done; empty where all is</returns>
    /// <exception cref="LeapsException">The training can't go on.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, and saved if there was time.</exception>
    public string Run(CancellationToken cancellation = default)
    {
        _buffer?.Start();
        _buffer?.Post(new BufferBegins());
        _mailbox.Start();
        _mailbox.Post(new TrainerBegins(
            _epoch, _trainer.Updates, _trainer.EvaluationDue, _trainer.IsComplete));
        using var due = _options.Clock.CreateTimer(
            _ => _mailbox.Post(new SaveDue()), null, _options.SnapshotInterval, _options.SnapshotInterval);
        using var limit = _options.TimeLimit <= TimeSpan.Zero ? null : _options.Clock.CreateTimer(
            _ => _mailbox.Post(new TrainingTimeIsUp()), null, _options.TimeLimit, Timeout.InfiniteTimeSpan);
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
            _mailbox.Post(new HaltTrainer());
            _halted.Task.Wait(_options.Patience, CancellationToken.None);
            throw;
        }
        _writer.Flush().Wait(CancellationToken.None);
        Dispose();
        _trainer.RestoreBest();
        return _end.Task.Result;
    }

    /// <summary>A command of the user to the trainer.</summary>
    public Task<ControlReply> Ask(ControlRequest request, CancellationToken cancellation = default) =>
        _inquiries.Ask(request, _mailbox, cancellation);

    /// <summary>Ends every actor where it is; the journal is in order.</summary>
    public void Dispose()
    {
        if (_closed)
            return;
        _closed = true;
        _device.Dispose();
        _rollouts?.Dispose();
        foreach (var mailbox in (Mailbox?[])[_mailbox, _buffer])
        {
            mailbox?.Close();
            mailbox?.Completion.Wait();
        }
        _writer.Dispose();
    }

    private void Send(string recipient, object message)
    {
        if (message is ControlReply reply)
        {
            _inquiries.Answer(recipient, reply);
            return;
        }
        if (_closed)
            return;
        if (recipient == ActorNames.RolloutMaker)
            _rollouts!.Enqueue((RolloutOrder)message);
        else
            (recipient == ActorNames.Trainer ? _mailbox : _buffer!).Post(message);
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

    private void Fail(Exception error) => _end.TrySetException(error);
}
