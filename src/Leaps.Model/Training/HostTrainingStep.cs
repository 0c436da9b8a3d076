using Leaps.Model.Devices;
using Leaps.Model.Networks;
using Leaps.Model.Targets;

namespace Leaps.Model.Training;

/// <summary>
/// An update whose sums are made on this machine's threads, from what evaluators of any device give.
/// </summary>
internal sealed class HostTrainingStep : ITrainingStep
{
    private readonly LeapsModel _model;
    private readonly IReadOnlyList<RateNetwork> _networks;
    private readonly double _gradientClip;
    private readonly ResidualLoss _loss;
    private readonly Adam _adam;
    private readonly double[] _gradient;

    /// <param name="target">what the network is to sample</param>
    /// <param name="model">updated in place</param>
    /// <param name="networks">its network on each device that shares the gradient, parameters loaded</param>
    /// <param name="options">batch, gradient clip and threads</param>
    public HostTrainingStep(Target target, LeapsModel model, IReadOnlyList<RateNetwork> networks,
        TrainingOptions options)
    {
        _model = model;
        _networks = networks;
        _gradientClip = options.GradientClip;
        _loss = new ResidualLoss(target, model, networks, options.Batch, options.Threads);
        _adam = new Adam(model.Layout.Count);
        _gradient = new double[model.Layout.Count];
    }

    public (double Loss, double GradientNorm) Step(TrainingBatch batch, double learningRate)
    {
        double loss = _loss.Evaluate(batch, _gradient);
        double norm = Adam.ClipNorm(_gradient, _gradientClip);
        if (!double.IsFinite(loss) || !double.IsFinite(norm))
            return (loss, norm);
        _adam.Step(_model.Parameters.Values, _gradient, learningRate);
        _model.Network.RenormaliseEmbedding(_model.Parameters);
        foreach (var network in _networks)
            network.Load(_model.Parameters);
        return (loss, norm);
    }

    // Every step begins with the model's own.
    public void LoadParameters()
    {
    }

    public AdamState Save() => new(_adam.Steps, [.. _adam.FirstMoment], [.. _adam.SecondMoment]);

    public void Restore(AdamState state)
    {
        _adam.Steps = state.Steps;
        state.FirstMoment.CopyTo(_adam.FirstMoment);
        state.SecondMoment.CopyTo(_adam.SecondMoment);
    }

    public void Dispose() => _loss.Dispose();
}
