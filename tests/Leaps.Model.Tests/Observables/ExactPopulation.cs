using Leaps.Model.GroundTruth;
using Leaps.Model.Random;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Model.Tests.Observables;

/// <summary>
/// Independent walkers drawn exactly from the enumerated ρ_s of a small target, with importance weights
/// e^{U_s - U_1} to ρ_1, times log-normal noise of mean one that knows nothing of the state.
/// </summary>
internal sealed class ExactPopulation
{
    private readonly Target _target;
    private readonly double _drawnAt, _noise;
    private readonly double[] _cumulative;
    private readonly byte[][] _states;

    public ExactPopulation(Target target, double drawnAt, double noise)
    {
        _target = target;
        _drawnAt = drawnAt;
        _noise = noise;
        _cumulative = Lattices.Probabilities(target, drawnAt);
        for (int k = 1; k < _cumulative.Length; k++)
            _cumulative[k] += _cumulative[k - 1];
        _states = [.. Enumerable.Range(0, _cumulative.Length).Select(k => Lattices.State(target, k))];
        var density = DensityOfStates.Of(target);
        Truth = density.At(1);
        LogNormalizerRatio = density.At(drawnAt).LogNormalizer - target.LogInitialNormalizer;
    }

    /// <summary>Exact averages at t = 1.</summary>
    public EnsembleAverages Truth { get; }

    /// <summary>log(Z_s / Z_0), which the weights don't hold.</summary>
    public double LogNormalizerRatio { get; }

    public Walkers Draw(int count, int number)
    {
        var walkers = new Walkers(count, _target.Sites);
        var stream = new RandomStream(20, RandomPurpose.Test, 0, number);
        for (int m = 0; m < count; m++)
        {
            int k = Array.BinarySearch(_cumulative, stream.NextDouble());
            byte[] state = _states[Math.Min(k < 0 ? ~k : k, _states.Length - 1)];
            state.CopyTo(walkers.State(m));
            walkers.LogWeights[m] = _target.Energy(state, _drawnAt) - _target.Energy(state, 1)
                + _noise * stream.NextNormal() - 0.5 * _noise * _noise;
        }
        return walkers;
    }
}
