using Leaps.Actors;
using Leaps.Actors.Coordinator;
using Leaps.Actors.Protocol;
using Leaps.Actors.ReplayBuffer;
using Leaps.Actors.Trainer;
using Leaps.Model.Devices.Simd;
using Leaps.Model.Networks;
using Leaps.Model.Targets;
using Leaps.Model.Training;
using Algorithm2 = Leaps.Model.Training.Trainer;

namespace Leaps.Simulation.Tests.Training;

/// <summary>
/// A whole training on one thread: the states of trainer and replay buffer as they are, on a simulated clock,
/// network and disk, with a device that really trains. Everything that happens follows from the seed.
/// </summary>
internal sealed class TrainingSimulation
{
    private const int MostEvents = 200_000;
    private const double Delay = 100;
    private const string Pauser = "pauser";

    private readonly Dice _dice;
    private readonly Target _target;
    private readonly TrainingOptions _options;
    private readonly SimulatedClock _clock = new();
    private readonly TrainingDisk _disk;
    private readonly TrainingRecords _records = new();
    private readonly double _faults, _duplicates;
    private TrainerLife? _trainer;
    private BufferLife? _buffer;
    private LeapsModel? _result;
    private long _requests;
    private bool _holds, _ends, _paused;

    public TrainingSimulation(ulong seed)
    {
        _dice = new Dice(seed, Dice.ForTraining);
        _target = new IsingTarget(new Lattice(3, 3), new CouplingSchedule(
            ScheduleShape.Linear, new Couplings(0, 0, 0.4), new Couplings(1, 0, 0.4)));
        _options = new TrainingOptions
        {
            Updates = _dice.Between(4, 30),
            Batch = _dice.Between(2, 6),
            Source = _dice.Chance(0.8) ? TrainingSource.Rollouts : TrainingSource.Pool,
            PoolWalkers = 8,
            PoolTimes = 2,
            RolloutWalkers = _dice.Between(2, 4),
            RolloutStaleness = _dice.OneOf(0, 0, 1, 3, 12),
            BufferCycle = _dice.Between(1, 6),
            BufferSize = _dice.Between(1, 5),
            RolloutMoves = _dice.Between(0, 2),
            HorizonStep = 0.25,
            EvaluateEvery = _dice.OneOf(0, 4, 7),
            EvaluationWalkers = 3,
            EvaluationWindows = 2,
            Seed = seed,
            Threads = 1,
        };
        _faults = _dice.OneOf(0.0, 0.01, 0.04);
        _duplicates = _dice.OneOf(0.0, 0.1, 0.4);
        _disk = new TrainingDisk(_clock, _dice);
    }

    /// <exception cref="ViolationException">Something that must never happen did.</exception>
    public void Run()
    {
        StartProcess();
        Tick();
        for (int events = 0; _result is null; events++)
        {
            if (events == MostEvents || !_clock.Step())
                throw new ViolationException("Progress",
                    $"the training stands.\n{Text(_trainer?.State)}\n{Text(_buffer?.State)}\n{_options}");
            if (events < MostEvents / 2 && _dice.Chance(_faults))
                Strike();
        }
        _records.Compare(_target, _options, CreateModel(), _disk.LearningRates(), _result);
    }

    private static string Text(object? state) => state is null ? "dead" : StateText.Of(state);

    private LeapsModel CreateModel()
    {
        var model = new LeapsModel(
            new LocallyEquivariantConv(_target, [new Window(3, 3), new Window(3, 3)], 2),
            new FreeEnergyNetwork([2]));
        model.Initialise(_options.Seed);
        return model;
    }

    // ---- Faults and the user ----

    private void Strike()
    {
        switch (_dice.Between(0, 4))
        {
            case 0:
                _trainer = null;
                _clock.After(_dice.Duration(5 * Delay), StartTrainer);
                break;
            case 1:
                _buffer = null;
                _clock.After(_dice.Duration(5 * Delay), StartBuffer);
                break;
            case 2:
                StopProcess();
                break;
            // In a replay it would be another past, and no truth to compare with.
            case 3 when _trainer?.State.Updates >= _records.Frontier:
                var request = new ControlRequest
                {
                    Command = ControlRequest.Types.Command.Set,
                    Key = "train.learning-rate",
                    Value = FormattableString.Invariant($"{_dice.Between(1e-4, 1e-2)}"),
                };
                _trainer.Receive(new ControlAsked("user", request));
                break;
            case 4 when _trainer is not null && !_holds:
                (_holds, _ends) = (true, false);
                _trainer.Receive(new ControlAsked(Pauser, new ControlRequest
                {
                    Command = ControlRequest.Types.Command.Pause,
                }));
                _clock.After(_dice.Duration(20 * Delay), EndPause);
                break;
        }
    }

    // Asks until there is an answer.
    private void EndPause()
    {
        if (!_holds)
            return;
        (_ends, _paused) = (true, false);
        _trainer?.Receive(new ControlAsked(Pauser, new ControlRequest
        {
            Request = ++_requests,
            Command = ControlRequest.Types.Command.Resume,
        }));
        _clock.After(_dice.Duration(10 * Delay), EndPause);
    }

    private void Answered(ControlReply reply)
    {
        if (reply.Request > 0)
            _holds = false;
        else
            _paused = reply.Accepted && !_ends;
    }

    private void StopProcess()
    {
        _trainer = null;
        _buffer = null;
        _disk.Cut();
        _clock.After(_dice.Duration(5 * Delay), StartProcess);
    }

    private void StartProcess()
    {
        StartBuffer();
        StartTrainer();
    }

    private void Tick()
    {
        _trainer?.Receive(new SaveDue());
        _clock.After(_dice.Duration(10 * Delay), Tick);
    }

    private void StartTrainer()
    {
        if (_trainer is not null || _result is not null)
            return;
        var model = CreateModel();
        var network = new SimdNetwork(model.Network);
        var source = _options.Source == TrainingSource.Rollouts ? null
            : ITrainingSource.Create(_target, model, network, _options);
        var trainer = new Algorithm2(_target, model, [network], _options, source);
        var state = _disk.Restore(new TrainerState(_options), trainer);
        if (_paused && !state.Paused)
            throw new ViolationException("Paused", "the user was told that the training pauses.");
        _trainer = new TrainerLife(this, trainer, state);
        _trainer.Receive(new TrainerBegins(
            _disk.Events + 1, trainer.Updates, trainer.EvaluationDue, trainer.IsComplete));
    }

    private void StartBuffer()
    {
        if (_buffer is not null)
            return;
        var state = new ReplayBufferState(_options, _target);
        _buffer = new BufferLife(this, state with { Rollouts = state.Rollouts.AddRange(_disk.Rollouts) });
        _buffer.Receive(new BufferBegins());
    }

    // What is sent to the dead is lost.
    private void Send(string recipient, object message)
    {
        int copies = _dice.Chance(_duplicates) ? 2 : 1;
        for (int copy = 0; copy < copies; copy++)
        {
            _clock.After(_dice.Duration(Delay), () =>
            {
                if (recipient == ActorNames.Trainer)
                    _trainer?.Receive(message);
                else if (recipient == ActorNames.ReplayBuffer)
                    _buffer?.Receive(message);
            });
        }
    }

    private sealed class BufferLife(TrainingSimulation simulation, ReplayBufferState state)
    {
        public ReplayBufferState State { get; private set; } = state;

        public void Receive(object message)
        {
            if (simulation._buffer is { } living && living != this)
                return;
            var transition = State.Apply(message);
            State = transition.State;
            foreach (var effect in transition.Effects)
                Perform(effect);
        }

        private void Perform(Effect effect)
        {
            switch (effect)
            {
                case Send send:
                    simulation.Send(send.Recipient, send.Body);
                    break;
                case SaveRollout save:
                    simulation._disk.Save(save.Rollout, () =>
                    {
                        if (simulation._buffer == this)
                            Receive(new RolloutSaved(save.Rollout));
                    });
                    break;
                case ForgetRollout forget:
                    simulation._disk.Forget(forget.Index);
                    break;
            }
        }
    }

    private sealed class TrainerLife(TrainingSimulation simulation, Algorithm2 trainer, TrainerState state)
    {
        private readonly Actors.Journal.DurableEffects _effects = new();
        private readonly RolloutMaker _maker = new(simulation._target, simulation._options);
        private readonly LeapsModel _rolloutModel = simulation.CreateModel();

        public TrainerState State { get; private set; } = state;

        private bool Lives => simulation._trainer == this;

        public void Receive(object message)
        {
            var transition = State.Apply(message);
            State = transition.State;
            foreach (var effect in transition.Effects)
            {
                _effects.Add(
                    effect is SaveTrainer save ? new Placed(save, simulation._disk.Events) : effect, Append);
            }
            Perform();
        }

        private void Append(Persist persist) => simulation._disk.Append((TrainerEvent)persist.Event, () =>
        {
            _effects.EventIsDurable();
            if (Lives)
                Perform();
        });

        private void Perform()
        {
            while (_effects.TryTake(out var effect))
                Perform(effect);
        }

        // After a while, unless this life is over by then.
        private void Later(Action action) => simulation._clock.After(simulation._dice.Duration(Delay), () =>
        {
            if (Lives)
                action();
        });

        private void Perform(Effect effect)
        {
            switch (effect)
            {
                case Send { Body: RolloutOrder order }:
                    simulation._records.Add(order.Parameters);
                    Later(() => simulation.Send(ActorNames.ReplayBuffer, Make(order)));
                    break;
                case Send { Recipient: Pauser, Body: ControlReply reply }:
                    simulation.Answered(reply);
                    break;
                case Send { Body: not ControlReply } send:
                    simulation.Send(send.Recipient, send.Body);
                    break;
                case RunUpdate run:
                    Later(() => Receive(Update(run.Batch)));
                    break;
                case PublishParameters:
                    var version = RolloutPacking.ToMessage(trainer.Publish());
                    Later(() => Receive(version));
                    break;
                case ChangeLearningRate change:
                    trainer.ChangeLearningRate(change.Change.Update, change.Change.LearningRate);
                    break;
                case Placed placed:
                    int updates = trainer.Updates;
                    simulation._disk.Save(placed.Save, trainer.Save(), placed.Events, () =>
                    {
                        if (Lives)
                            Receive(new TrainerStored(updates));
                    });
                    break;
                case EndTraining:
                    trainer.RestoreBest();
                    simulation._result = trainer.Model;
                    break;
                case StopRun stop:
                    throw new ViolationException("Shell",
                        $"the training stops: {stop.Cause}\n{Text(State)}\n"
                        + string.Join(' ', simulation._disk.Rollouts.Keys.Order()));
            }
        }

        private sealed record Placed(SaveTrainer Save, int Events) : Effect;

        private RolloutMade Make(RolloutOrder order)
        {
            var network = new SimdNetwork(_rolloutModel.Network);
            var version = RolloutPacking.ToVersion(order.Parameters);
            version.Load(network, _rolloutModel.Layout);
            return RolloutPacking.ToMessage(
                _maker.Make(RolloutPacking.ToEntry(order), network, version.Sha256));
        }

        private UpdateDone Update(Batch? batch)
        {
            TrainingRecord record;
            if (batch is null)
            {
                record = trainer.Update();
            }
            else
            {
                record = trainer.Step(RolloutPacking.ToBatch(batch, simulation._target));
                if (trainer.EvaluationDue)
                    record = trainer.Update();
            }
            simulation._records.Add(record);
            return new UpdateDone(record, trainer.IsComplete);
        }
    }
}
