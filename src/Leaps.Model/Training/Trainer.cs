using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Leaps.Model.Devices;
using Leaps.Model.Networks;
using Leaps.Model.Random;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Model.Training;

/// <summary>What one update did.</summary>
/// <param name="Update">index, from 0</param>
/// <param name="Loss">before the update</param>
/// <param name="GradientNorm">before clipping</param>
/// <param name="LearningRate">used</param>
/// <param name="EvaluatedRelativeEss">of the evaluation after this update, where there was one</param>
public sealed record TrainingRecord(
    int Update, double Loss, double GradientNorm, double LearningRate, double? EvaluatedRelativeEss);

/// <summary>
/// Algorithm 2 of "LEAPS" (Holderrieth, Albergo, Jaakkola, ICML 2025), an update at a time: pairs (X, t) from
/// a source, one Adam step on θ and φ together along the gradient of the residual loss.
/// </summary>
/// <remarks>
/// It may stop after any update, be saved, and go on elsewhere: the bits are those of a training that never
/// stopped. An update depends on its index alone, never on how many are asked for: more may be asked for
/// later. Only the evaluation at the former end is then one that an unbroken training would not have made.
/// </remarks>
public sealed class Trainer : IDisposable
{
    private readonly Target _target;
    private readonly IReadOnlyList<RateNetwork> _networks;
    private readonly TrainingOptions _options;
    private readonly ITrainingSource? _source;
    private readonly ITrainingStep _step;
    private readonly IReadOnlyList<RateNetwork> _followers;     // whom the step does not load
    private readonly TrainingBatch _batch;
    private readonly SortedDictionary<int, double> _learningRates = [];
    private readonly ParameterSet _best;
    private TrainingRecord? _unevaluated;

    /// <summary>On one device, with the source that the options ask for.</summary>
    /// <inheritdoc cref="Trainer(Target, LeapsModel, IReadOnlyList{RateNetwork}, TrainingOptions)"/>
    public Trainer(Target target, LeapsModel model, RateNetwork network, TrainingOptions options)
        : this(target, model, [network], options)
    {
    }

    /// <summary>On several devices, with the source that the options ask for.</summary>
    /// <inheritdoc
    /// cref="Trainer(Target, LeapsModel, IReadOnlyList{RateNetwork}, TrainingOptions, ITrainingSource)"/>
    public Trainer(Target target, LeapsModel model, IReadOnlyList<RateNetwork> networks,
        TrainingOptions options)
        : this(target, model, networks, options,
            ITrainingSource.Create(target, model, networks[0], options))
    {
    }

    /// <param name="target">what the network is to sample</param>
    /// <param name="model">trained in place; its parameters are rounded to float32</param>
    /// <param name="networks">
    /// the model's network on each device, all of one kind; they hold the model's parameters after every
    /// update. They share the gradient, unless the first one's device does whole updates; it alone does the
    /// rest.
    /// </param>
    /// <param name="options">how</param>
    /// <param name="source">of the batches; null: they come from the caller, to <see cref="Step"/></param>
    /// <exception cref="LeapsException">
    /// An option is out of range, the network does not fit the target, the devices are of several kinds, or
    /// can't train such a network.
    /// </exception>
    public Trainer(Target target, LeapsModel model, IReadOnlyList<RateNetwork> networks,
        TrainingOptions options, ITrainingSource? source)
    {
        options.Validate();
        model.Network.CheckFits(target);
        if (networks.FirstOrDefault(network => network.DeviceKind != networks[0].DeviceKind) is { } other)
            throw new LeapsException(
                $"Training can't share {networks[0].DeviceKind} and {other.DeviceKind}: use devices of one "
                + "kind.");
        if (options.EvaluateEvery > 0)
            Walkers.RequireRoom(options.EvaluationWalkers, target.Sites, "evaluation walkers");
        _target = target;
        _networks = [.. networks];
        _options = options;
        _source = source;
        Model = model;
        model.Parameters.RoundToSingle();
        LoadInto(_networks);
        _batch = new TrainingBatch(options.Batch, target.Sites);
        _best = model.Parameters.Clone();
        var device = _networks[0].CreateTrainingStep(target, model, options.Batch, options.GradientClip);
        _followers = device is null ? [] : [.. _networks.Skip(1)];
        _step = device ?? new HostTrainingStep(target, model, _networks, options);
    }

    /// <summary>The devices have back what updates took; the networks stay their owner's.</summary>
    public void Dispose() => _step.Dispose();

    public LeapsModel Model { get; }

    /// <summary>Updates done.</summary>
    public int Updates { get; private set; }

    /// <summary>
    /// All updates are done, or an evaluation has reached the target; and no evaluation is due.
    /// </summary>
    public bool IsComplete => !EvaluationDue && (Updates >= _options.Updates
        || _options.TargetRelativeEss > 0 && BestRelativeEss >= _options.TargetRelativeEss);

    /// <summary>The last update is still to be evaluated, before the next one.</summary>
    public bool EvaluationDue => _unevaluated is not null;

    /// <summary>
    /// The parameters with the best evaluation so far; the present ones when there was none.
    /// </summary>
    public ParameterSet BestParameters =>
        double.IsNegativeInfinity(BestRelativeEss) ? Model.Parameters : _best;
    public double BestRelativeEss { get; private set; } = double.NegativeInfinity;
    public int BestUpdate { get; private set; }

    /// <summary>
    /// One update with a batch of the source, and its evaluation where one is due. After a cancelled
    /// evaluation: that evaluation, with the record of its update.
    /// </summary>
    /// <exception cref="LeapsException">The loss is not finite.</exception>
    /// <exception cref="InvalidOperationException">The trainer has no source.</exception>
    /// <exception cref="OperationCanceledException">
    /// Cancelled in the source or an evaluation; the best parameters are unharmed, the training can go on.
    /// </exception>
    public TrainingRecord Update(CancellationToken cancellation = default)
    {
        var record = _unevaluated;
        if (record is null)
        {
            if (_source is null)
                throw new InvalidOperationException("The trainer has no source: give its batches to Step.");
            _source.Fill(Updates, _batch, cancellation);
            record = Step(_batch);
        }
        return EvaluationDue ? record with { EvaluatedRelativeEss = Evaluate(cancellation) } : record;
    }

    /// <summary>One update with this batch, without an evaluation.</summary>
    /// <exception cref="LeapsException">The loss is not finite.</exception>
    /// <exception cref="InvalidOperationException">The last update is still to be evaluated.</exception>
    public TrainingRecord Step(TrainingBatch batch)
    {
        if (EvaluationDue)
            throw new InvalidOperationException($"Update {Updates - 1} is still to be evaluated.");
        int update = Updates;
        double rate = LearningRate(update);
        var (loss, norm) = _step.Step(batch, rate);
        if (!double.IsFinite(loss) || !double.IsFinite(norm))
        {
            throw new LeapsException(
                FormattableString.Invariant(
                    $"Training diverged at update {update}: loss {loss}, gradient norm {norm}. ")
                + "Lower the learning-rate or the gradient-clip.");
        }
        LoadInto(_followers);
        Updates++;
        var record = new TrainingRecord(update, loss, norm, rate, null);
        if (_options.EvaluateEvery > 0
            && (Updates % _options.EvaluateEvery == 0 || Updates == _options.Updates))
            _unevaluated = record;
        return record;
    }

    /// <summary>
    /// Relative ESS of the exact integrator with the present network, the same random numbers every time. The
    /// best parameters so far are kept.
    /// </summary>
    /// <exception cref="OperationCanceledException">Cancelled: it is still to be made.</exception>
    public double Evaluate(CancellationToken cancellation = default)
    {
        using var annealer = new Annealer(_target, _networks[0], new AnnealerOptions
        {
            Walkers = _options.EvaluationWalkers,
            Windows = _options.EvaluationWindows,
            ResamplingThreshold = 0,
            Threads = _options.Threads,
            Seed = RandomStream.DeriveSeed(_options.Seed, RandomPurpose.Evaluation, 0),
        });
        double relativeEss =
            LogWeights.RelativeEss(annealer.Run(cancellation: cancellation).Walkers.LogWeights);
        if (relativeEss > BestRelativeEss)
        {
            BestRelativeEss = relativeEss;
            BestUpdate = Updates;
            Model.Parameters.Values.CopyTo(_best.Values, 0);
        }
        _unevaluated = null;
        return relativeEss;
    }

    /// <summary>StepLR: the learning rate at an update.</summary>
    public double LearningRate(int update)
    {
        double initial = _options.LearningRate;
        foreach (var (from, changed) in _learningRates)
            initial = from <= update ? changed : initial;
        return _options.DecayEvery == 0 ? initial
            : initial * Math.Pow(_options.DecayFactor, update / _options.DecayEvery);
    }

    /// <summary>Another learning rate, before any decay, from an update on.</summary>
    /// <exception cref="LeapsException">It is not a positive number.</exception>
    public void ChangeLearningRate(int update, double learningRate)
    {
        (_options with { LearningRate = learningRate }).Validate();
        _learningRates[update] = learningRate;
    }

    /// <summary>
    /// Puts the best parameters into the model and its networks. A training that is to go on later is saved
    /// before.
    /// </summary>
    public void RestoreBest()
    {
        if (double.IsNegativeInfinity(BestRelativeEss)) return;
        _best.Values.CopyTo(Model.Parameters.Values, 0);
        LoadParameters();
    }

    /// <summary>The present parameters, for those who make rollouts.</summary>
    public ParameterVersion Publish() => ParameterVersion.Of(Updates, Model.Parameters);

    /// <summary>All that the updates to come depend on, apart from options, target and network.</summary>
    /// <exception cref="LeapsException">
    /// The training has diverged, or the state of the source is larger than 2 GiB.
    /// </exception>
    public TrainerSnapshot Save()
    {
        if (!Array.TrueForAll(Model.Parameters.Values, double.IsFinite))
            throw new LeapsException(
                $"Training diverged before update {Updates}: a parameter is not finite. Lower the "
                + "learning-rate or the gradient-clip.");
        var adam = _step.Save();
        return new TrainerSnapshot
        {
            Updates = Updates,
            Parameters = ParameterVersion.ToSingle(Model.Parameters.Values),
            FirstMoment = adam.FirstMoment,
            SecondMoment = adam.SecondMoment,
            AdamSteps = adam.Steps,
            Best = double.IsNegativeInfinity(BestRelativeEss) ? null
                : new BestEvaluation(BestUpdate, BestRelativeEss, ParameterVersion.ToSingle(_best.Values)),
            Unevaluated = _unevaluated,
            Source = ImmutableCollectionsMarshal.AsImmutableArray(_source?.Save() ?? []),
        };
    }

    /// <summary>
    /// Takes over a saved state whole; it may have been saved with fewer updates asked for.
    /// </summary>
    /// <exception cref="InvalidDataException">The state of the source is not sound.</exception>
    /// <exception cref="LeapsException">It belongs to another network, target or other options.</exception>
    public void Restore(TrainerSnapshot snapshot)
    {
        int count = Model.Layout.Count;
        if (snapshot.Parameters.Length != count || snapshot.FirstMoment.Length != count
            || snapshot.SecondMoment.Length != count
            || (snapshot.Best?.Parameters.Length ?? count) != count)
        {
            throw new LeapsException(
                $"The snapshot holds {snapshot.Parameters.Length} parameters and the network has {count}: go "
                + "on with the network that it was saved with.");
        }
        _source?.Restore(snapshot.Source.AsSpan());
        ParameterVersion.ToDouble(snapshot.Parameters, Model.Parameters.Values);
        LoadParameters();
        _step.Restore(new AdamState(snapshot.AdamSteps, snapshot.FirstMoment, snapshot.SecondMoment));
        Updates = snapshot.Updates;
        BestRelativeEss = snapshot.Best?.RelativeEss ?? double.NegativeInfinity;
        BestUpdate = snapshot.Best?.Update ?? 0;
        if (snapshot.Best is { } best)
            ParameterVersion.ToDouble(best.Parameters, _best.Values);
        _unevaluated = snapshot.Unevaluated;
    }

    private void LoadParameters()
    {
        LoadInto(_networks);
        _step.LoadParameters();
    }

    private void LoadInto(IReadOnlyList<RateNetwork> networks)
    {
        foreach (var network in networks)
            network.Load(Model.Parameters);
    }
}
