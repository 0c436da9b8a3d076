using Leaps.Model.Devices;
using Leaps.Model.Networks;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Model.Tests.Devices;

/// <summary>
/// The loss of training, mean (K + ∂_t F)², with everything it is made of and its gradient, written out.
/// </summary>
public sealed class ResidualLoss
{
    public ResidualLoss(int pairs, Target target, ParameterLayout layout)
    {
        Outputs = new double[pairs * target.Outputs];
        EnergyDifferences = new double[pairs * target.Outputs];
        Energy = new double[pairs];
        EnergyTimeDerivative = new double[pairs];
        Corrector = new double[pairs];
        LogWeightRate = new double[pairs];
        FreeEnergy = new double[pairs];
        FreeEnergyDerivative = new double[pairs];
        Gradient = new ParameterSet(layout);
    }

    /// <summary>G, (pairs, outputs per site, sites); ΔU likewise; the others (pairs).</summary>
    public double[] Outputs { get; }
    public double[] EnergyDifferences { get; }
    public double[] Energy { get; }
    public double[] EnergyTimeDerivative { get; }
    public double[] Corrector { get; }
    public double[] LogWeightRate { get; }
    public double[] FreeEnergy { get; }
    public double[] FreeEnergyDerivative { get; }
    public double[] SquaredResidual =>
        [.. LogWeightRate.Zip(FreeEnergyDerivative, (k, df) => (k + df) * (k + df))];
    public double Loss => SquaredResidual.Average();
    public ParameterSet Gradient { get; }

    /// <param name="golden">model, target and pairs</param>
    /// <param name="evaluator">of the device under test, with the model's parameters loaded</param>
    /// <param name="forward">(evaluator, states, times, G)</param>
    /// <param name="backward">(evaluator, dL/dG, gradient)</param>
    public static ResidualLoss Compute(GoldenCase golden, RateEvaluator evaluator,
        Action<RateEvaluator, byte[], double[], double[]> forward,
        Action<RateEvaluator, double[], double[]> backward)
    {
        var target = golden.Target;
        var model = golden.Model;
        var freeEnergy = new Mlp(model.Layout, FreeEnergyNetwork.Prefix, model.FreeEnergy.Widths);
        double[] parameters = model.Parameters.Values;
        int pairs = golden.Times.Length, outputs = target.Outputs;
        var result = new ResidualLoss(pairs, target, golden.Model.Layout);
        forward(evaluator, golden.States, golden.Times, result.Outputs);
        var outputGradient = new double[pairs * outputs];
        var levels = new byte[outputs];
        var factors = new double[target.Levels];
        Span<double> f = stackalloc double[1], df = stackalloc double[1];
        for (int m = 0; m < pairs; m++)
        {
            double t = golden.Times[m];
            var state = golden.State(m);
            var g = result.Outputs.AsSpan(m * outputs, outputs);
            target.EnergyDifferences(state, t, result.EnergyDifferences.AsSpan(m * outputs, outputs));
            result.Energy[m] = target.Energy(state, t);
            result.EnergyTimeDerivative[m] = target.EnergyTimeDerivative(state, t);
            target.LocalLevels(state, levels);
            RateMatrix.BoltzmannFactors(target, t, factors);
            var rates = RateMatrix.Totals(g, levels, factors);
            result.Corrector[m] = rates.Corrector;
            result.LogWeightRate[m] = RateMatrix.LogWeightRate(result.EnergyTimeDerivative[m], rates);
            freeEnergy.Forward(parameters, t, f, df);
            result.FreeEnergy[m] = f[0];
            result.FreeEnergyDerivative[m] = df[0];
            double slope = 2 * (result.LogWeightRate[m] + df[0]) / pairs;       // dL/dK = dL/d(∂_t F)
            RateMatrix.LogWeightRateGradient(
                g, levels, factors, slope, outputGradient.AsSpan(m * outputs, outputs));
            freeEnergy.Backward(parameters, [0], [slope], result.Gradient.Values);
        }
        backward(evaluator, outputGradient, result.Gradient.Values);
        return result;
    }
}
