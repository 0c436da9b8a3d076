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
public sealed class Trainer
{
    private readonly Target _target;
    private readonly RateNetwork _network;
    private readonly TrainingOptions _options;
    private readonly ITrainingSource _source;
    private readonly ResidualLoss _loss;
    private readonly TrainingBatch _batch;
    private readonly Adam _adam;
    private readonly double[] _gradient;
    private readonly ParameterSet _best;

    /// <param name="target">what the network is to sample</param>
    /// <param name="model">trained in place</param>
    /// <param name="network">
    /// the model's network on a device; holds the model's parameters after every update
    /// </param>
    /// <param name="options">how</param>
    /// <param name="cancellation">of the warm-up of a pool</param>
    /// <exception cref="LeapsException">
    /// An option is out of range, or the network does not fit the target.
    /// </exception>
    public Trainer(Target target, LeapsModel model, RateNetwork network, TrainingOptions options,
        CancellationToken cancellation = default)
    {
        options.Validate();
        model.Network.CheckFits(target);
        if (options.EvaluateEvery > 0)
            Walkers.RequireRoom(options.EvaluationWalkers, target.Sites, "evaluation walkers");
        _target = target;
        _network = network;
        _options = options;
        Model = model;
        network.Load(model.Parameters);
        _source = options.Source == TrainingSource.Pool
            ? new EquilibriumPool(target, options, cancellation)
            : new RolloutSource(target, network, options);
        _loss = new ResidualLoss(target, model, network, options.Batch, options.Threads);
        _batch = new TrainingBatch(options.Batch, target.Sites);
        _adam = new Adam(model.Layout.Count);
        _gradient = new double[model.Layout.Count];
        _best = model.Parameters.Clone();
    }

    public LeapsModel Model { get; }

    /// <summary>Updates done.</summary>
    public int Updates { get; private set; }

    /// <summary>
    /// The parameters with the best evaluation so far; the present ones when there was none.
    /// </summary>
    public ParameterSet BestParameters =>
        double.IsNegativeInfinity(BestRelativeEss) ? Model.Parameters : _best;
    public double BestRelativeEss { get; private set; } = double.NegativeInfinity;
    public int BestUpdate { get; private set; }

    /// <summary>One update.</summary>
    /// <exception cref="LeapsException">The loss is not finite.</exception>
    /// <exception cref="OperationCanceledException">
    /// Cancelled in a rollout or an evaluation; the best parameters are unharmed.
    /// </exception>
    public TrainingRecord Update(CancellationToken cancellation = default)
    {
        int update = Updates;
        _source.Fill(update, _batch, cancellation);
        double loss = _loss.Evaluate(_batch, _gradient);
        double norm = Adam.ClipNorm(_gradient, _options.GradientClip);
        if (!double.IsFinite(loss) || !double.IsFinite(norm))
        {
            throw new LeapsException(
                FormattableString.Invariant(
                    $"Training diverged at update {update}: loss {loss}, gradient norm {norm}. ")
                + "Lower the learning-rate or the gradient-clip.");
        }
        double rate = LearningRate(update);
        _adam.Step(Model.Parameters.Values, _gradient, rate);
        Model.Network.RenormaliseEmbedding(Model.Parameters);
        _network.Load(Model.Parameters);
        Updates++;
        bool evaluate = _options.EvaluateEvery > 0
            && (Updates % _options.EvaluateEvery == 0 || Updates == _options.Updates);
        return new TrainingRecord(update, loss, norm, rate, evaluate ? Evaluate(cancellation) : null);
    }

    /// <summary>StepLR: the learning rate at an update.</summary>
    public double LearningRate(int update) => _options.DecayEvery == 0 ? _options.LearningRate
        : _options.LearningRate * Math.Pow(_options.DecayFactor, update / _options.DecayEvery);

    /// <summary>Puts the best parameters into the model and its network.</summary>
    public void RestoreBest()
    {
        if (double.IsNegativeInfinity(BestRelativeEss)) return;
        _best.Values.CopyTo(Model.Parameters.Values, 0);
        _network.Load(Model.Parameters);
    }

    // Relative ESS of the exact integrator with the present network; the same random numbers every time.
    private double Evaluate(CancellationToken cancellation)
    {
        var annealer = new Annealer(_target, _network, new AnnealerOptions
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
        return relativeEss;
    }
}
